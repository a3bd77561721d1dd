package ocf

import (
	"errors"
	"fmt"
	"time"
)

// RepMode is the parameter rep_mode.
type RepMode string

// The modes. None is a single server; Async and Sync are streaming replication
// under a promotable clone; Slave is a single standby of a primary that this
// resource does not manage.
const (
	RepNone  RepMode = "none"
	RepAsync RepMode = "async"
	RepSync  RepMode = "sync"
	RepSlave RepMode = "slave"
)

// Replicated says whether the resource itself holds primary and standbys.
func (m RepMode) Replicated() bool { return m == RepAsync || m == RepSync }

func (m RepMode) known() bool {
	return m == RepNone || m == RepSlave || m.Replicated()
}

// DefaultMonitorSQL asks nothing that a connection alone does not show.
const DefaultMonitorSQL = "select now();"

// Params are the parameters of the resource with the types they are used as.
type Params struct {
	PgCtl    string
	StartOpt string
	CtlOpt   string
	Psql     string
	PgData   string
	PgDBA    string
	PgHost   string
	PgPort   int
	PgLibs   string // empty for the default: /usr/lib before everything else breaks a packaged libpq

	MonitorUser     string
	MonitorPassword string
	MonitorSQL      string

	Config       string
	PgDB         string
	LogFile      string
	SocketDir    string
	StopEscalate time.Duration // 0: no fast shutdown before the immediate one

	RepMode               RepMode
	NodeList              []string // as written
	RestoreCommand        string
	ArchiveCleanupCommand string
	RecoveryEndCommand    string
	MasterIP              string
	RepUser               string
	PrimaryConninfoOpt    string // may hold a password
	RestartOnPromote      bool
	SlotName              string // prefix; see [SlotName]
	TmpDir                string
	XlogCheckCount        int
	CrmAttrTimeout        time.Duration
	StopEscalateInSlave   time.Duration
	CheckWalReceiver      bool
	WatchServer           bool
	ExternalStandbys      []string // as written

	// badRepMode is the rep_mode as written when it is none of the known
	// ones, nil otherwise. RepMode then holds a stand-in.
	badRepMode *string
}

// ParamError is one parameter that cannot be used.
type ParamError struct {
	Code    Code
	Name    string
	Value   string
	Allowed string // completes "must be …"
}

// Error names parameter, value and what is allowed. Values that hold or may
// hold a password are left out: the text goes to the CIB and to logs.
func (e *ParamError) Error() string {
	switch {
	case secretParams[e.Name]:
		return fmt.Sprintf("cannot use %s (value not shown): must be %s", e.Name, e.Allowed)
	case e.Value == "":
		return fmt.Sprintf("cannot use an empty %s: must be %s", e.Name, e.Allowed)
	}
	return fmt.Sprintf("cannot use %s=%q: must be %s", e.Name, shorten(e.Value, 80, 40), e.Allowed)
}

// ParseParams reads the parameters from the environment. Its error joins one
// *[ParamError] for each value that cannot be read, so that all are reported at
// once; the Params returned with it are usable, because stop and monitor have
// to go on with what there is.
//
// A parameter that is absent has its default. One that is present and empty is
// empty, as with the shell agent, except where that is nonsense: an empty
// number is an error, as is an empty rep_mode, and an empty path or name
// without which nothing works (pgctl, psql, pgdata, pgdba, config, pgdb,
// logfile, tmpdir) has its default.
func ParseParams(env Env) (Params, error) {
	var p Params
	var errs []error
	for _, param := range Table(env.Get("OCF_RESKEY_pgdata")) {
		value, ok := env.param(param.Name)
		if !ok || value == "" && param.emptyIsDefault {
			value = param.Default
		}
		if allowed := param.set(&p, value); allowed != "" {
			errs = append(errs, &ParamError{ErrConfigured, param.Name, value, allowed})
			param.set(&p, param.Default)
		}
	}
	p.standInRepMode(promotable(env))
	return p, errors.Join(errs...)
}

// standInRepMode puts something that stop and monitor can work with in place
// of an unknown rep_mode; [Params.Check] reports it. In a promotable clone that
// is replication, as with the shell agent: a monitor that took a primary for a
// single server would call it unpromoted.
func (p *Params) standInRepMode(promotable bool) {
	if p.RepMode.known() {
		return
	}
	written := string(p.RepMode)
	p.badRepMode = &written
	p.RepMode = RepNone
	if promotable {
		p.RepMode = RepAsync
	}
}

// String is for logs: it shows no password.
func (p Params) String() string {
	type plain Params
	return p.Redact(fmt.Sprintf("%+v", plain(p)))
}
