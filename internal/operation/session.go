package operation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/console"
	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/resource"
)

// session is one run of one command.
type session struct {
	common
	machine    *Machine
	program    program
	streams    Streams
	con        *console.Console
	interrupts *console.Interrupts
	conf       conf.Config
	lans       conf.Lans
	own, peer  node.Node
	locks      []io.Closer
	// found is the journal that --resume or --abort takes up, journal the one
	// that this run writes, on journalNodes.
	found, journal *journal
	journalNodes   []node.Node
	takesUp        bool // an unfinished run of the same command on this node
	// untouched says that nothing may be left on the peer, a helper included.
	untouched bool
}

// configure reads the configuration file. What is wrong is told later, in the
// words that it decides on.
func (s *session) configure() (ok bool, problems []conf.Problem) {
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.conf, _ = conf.Raw{}.Config() // the defaults, for commands that can do without
		return false, []conf.Problem{{ID: message.CFG001, Args: []any{"path", s.config, "err", reason(err)}}}
	}
	raw, problems := conf.Parse(text)
	c, more := raw.Config()
	s.conf = c
	problems = append(problems, more...)
	if s.program.cmd.peer {
		problems = append(problems, s.locate()...)
	}
	return true, conf.InOrder(problems)
}

// locate finds out which of the configured addresses are the peer's.
func (s *session) locate() []conf.Problem {
	own, err := s.machine.Addresses()
	var f *message.Failure
	if errors.As(err, &f) {
		return []conf.Problem{{ID: f.ID, Args: f.Args}}
	}
	lans, problems := s.conf.Locate(own)
	s.lans = s.withRings(lans, own)
	return problems
}

// withRings adds the IC-LAN as Corosync has it, where the configuration leaves
// it open. What is wrong with it is for Corosync to say.
func (s *session) withRings(lans conf.Lans, own []netip.Addr) conf.Lans {
	if len(s.conf.ICLAN) > 0 {
		return lans
	}
	text, err := node.ReadFile.On(context.Background(), s.own, conf.CorosyncPath)
	if err != nil {
		return lans // there is no cluster yet
	}
	rings, _ := conf.CorosyncRings(text).Rings(own, func(host string) []netip.Addr {
		found, _ := net.DefaultResolver.LookupNetIP(context.Background(), "ip", host)
		return found
	})
	for _, r := range rings {
		if !r.Peer.IsValid() {
			continue
		}
		lans.Rings = append(lans.Rings, r)
		if s.conf.PeerAddressFallback == nil {
			lans.Fallback = append(lans.Fallback, r.Peer.String())
		}
	}
	return lans
}

func (s *session) problem(p conf.Problem) *message.Failure {
	f := message.Fail(p.ID, p.Args...)
	if p.Line > 0 {
		f = f.With(fmt.Sprintf("%s:%d", s.config, p.Line))
	}
	return f
}

// words are those for the two roles: the two start commands have theirs in
// their names, the others follow the configuration.
func (s *session) words() message.Words {
	old := s.conf.Old
	if s.program.byName {
		old = s.program.old
	}
	if s.vocabulary != "" {
		old = s.vocabulary == "old"
	}
	if old {
		return message.OldWords
	}
	return message.NewWords
}

// called is the name of another command in the vocabulary of this run, for the
// operator to type.
func (s *session) called(name string) string {
	for _, c := range commands() {
		if c.name == name {
			n := c.names[0]
			if s.words() == message.OldWords {
				n = c.names[len(c.names)-1]
			}
			return n
		}
	}
	return name
}

func (s *session) logName() string {
	switch {
	case s.logFile != "":
		return s.logFile
	case s.conf.LogFile != "":
		return s.conf.LogFile
	}
	return defaultLog
}

// openLog opens the log file. A command goes on without one: the log is no
// reason not to stop a database, or to refuse somebody a look at it.
func (s *session) openLog() *os.File {
	if s.program.cmd.unlocked && s.common.logFile == "" {
		return nil
	}
	name := s.logName()
	_ = os.MkdirAll(filepath.Dir(name), 0o750)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return nil
	}
	return f
}

// close gives up what the session holds.
func (s *session) close() {
	for _, l := range s.locks {
		_ = l.Close()
	}
	if c, ok := s.peer.(interface{ Close() }); ok {
		c.Close()
	}
}

// lock makes sure that this is the only operation on a node.
func (s *session) lock(ctx context.Context, n node.Node) error {
	me := node.Holder{PID: os.Getpid(), Command: s.program.invoked, Host: s.own.Name(), Since: s.machine.Now()}
	lock, stale, err := node.Lock(ctx, n, s.machine.LockFile, me)
	var held *node.HeldError
	switch {
	case errors.As(err, &held) && n == s.own && held.Holder.Host == s.own.Name():
		return message.Fail(message.CMN041, "cmd", held.Holder.Command, "pid", held.Holder.PID, "time", stamp(held.Holder.Since))
	case errors.As(err, &held):
		return message.Fail(message.CMN042, "cmd", held.Holder.Command, "node", held.Holder.Host, "time", stamp(held.Holder.Since))
	case err != nil:
		return message.Fail(message.CMN043, "path", s.machine.LockFile, "err", reason(err))
	}
	s.locks = append(s.locks, lock)
	if stale != nil {
		s.con.Tell(message.CMN044, "pid", stale.PID)
	}
	return nil
}

// lockBoth takes the locks of both nodes, everywhere in the same order: of two
// commands that are typed at the same time one gets both.
func (s *session) lockBoth(ctx context.Context) error {
	first, second := s.own, s.peer
	if second.Name() < first.Name() {
		first, second = second, first
	}
	for _, n := range []node.Node{first, second} {
		if err := s.lock(ctx, n); err != nil {
			return err
		}
	}
	for _, n := range []node.Node{s.own, s.peer} {
		if err := s.unfinished(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// connect connects to the peer.
func (s *session) connect(ctx context.Context) error {
	peer, err := s.machine.Dial(ctx, s)
	if err != nil {
		return err
	}
	s.peer = peer
	return nil
}

// crm is the cluster as a node sees it.
func (s *session) crm(n node.Node) *crm.Client {
	return &crm.Client{Run: logged{s.con, n}}
}

// database is the PostgreSQL resource as the definition has it.
type database struct {
	params   ocf.Params
	settings pg.Settings // without the user's ids, which each node has its own of
	def      crm.Definition
	all      []crm.Definition // every primitive of the cluster
}

// findDatabase looks for the configured primitive among definitions. source
// names where they are from, for the message.
func (s *session) findDatabase(definitions []crm.Definition, source string) (database, error) {
	id := s.conf.Primitive.ID()
	for _, d := range definitions {
		if d.Resource != id && id != "" || id == "" && d.Type != "pgsql" {
			continue
		}
		for _, key := range []string{"pgdata", "repuser"} {
			if d.Params[key] == "" {
				return database{}, message.Fail(message.CMN009, "id", d.Resource, "key", key)
			}
		}
		params, err := ocf.ParseParams(resource.Env(d))
		if err != nil {
			s.con.Detail("parameters of %s: %v", d.Resource, err)
		}
		return database{params: params, settings: resource.Settings(params, pg.User{Name: params.PgDBA}), def: d, all: definitions}, nil
	}
	return database{}, message.Fail(message.CMN008, "path", source).Because(fmt.Errorf("there is no resource %q in it", id))
}

// savedDatabase reads the resource from the CIB that Pacemaker has left on a
// node whose cluster is down.
func (s *session) savedDatabase(ctx context.Context, n node.Node) (database, []byte, error) {
	text, err := node.ReadFile.On(ctx, n, crm.CIBFile)
	if err != nil {
		return database{}, nil, message.Fail(message.CMN008, "path", crm.CIBFile).Because(err)
	}
	defs, err := crm.ParseDefinitions(text)
	if err != nil {
		return database{}, nil, message.Fail(message.CMN008, "path", crm.CIBFile).Because(err)
	}
	db, err := s.findDatabase(defs, crm.CIBFile)
	return db, text, err
}

// runningDatabase reads the resource from a cluster that runs on a node.
func (s *session) runningDatabase(ctx context.Context, n node.Node) (database, error) {
	defs, err := s.crm(n).Definitions(ctx, "")
	if err != nil {
		return database{}, message.Fail(message.CMN008, "path", "cibadmin -Q").Because(err)
	}
	return s.findDatabase(defs, "cibadmin -Q")
}

// limit is how long to wait for something: as the option says, else as
// configured.
func (s *session) limit(configured time.Duration) time.Duration {
	if s.common.timeout > 0 {
		return time.Duration(s.common.timeout) * time.Second
	}
	return configured
}

// until waits until nothing is missing any more. look returns what still is,
// and an error that ends the waiting at once. It returns what was missing when
// the time was over.
func (s *session) until(ctx context.Context, what string, limit time.Duration, look func(context.Context) (missing []string, err error)) ([]string, error) {
	begun := time.Now()
	defer s.con.ProgressDone()
	for {
		missing, err := look(ctx)
		if err != nil || len(missing) == 0 {
			return nil, err
		}
		left := limit - time.Since(begun)
		if left <= 0 {
			return missing, nil
		}
		s.con.Waiting(what, begun)
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(min(left, s.conf.PollInterval)):
		}
	}
}

// during shows for how long something goes on that says nothing of itself.
func (s *session) during(what string, do func() error) error {
	begun := time.Now()
	done := make(chan error, 1)
	go func() { done <- do() }()
	defer s.con.ProgressDone()
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(s.conf.PollInterval):
			s.con.Waiting(what, begun)
		}
	}
}

// stackDown checks that neither Corosync nor Pacemaker runs on a node.
func stackDown(ctx context.Context, n node.Node) (bool, []node.Process, error) {
	running, err := node.Stack.On(ctx, n, struct{}{})
	return err == nil && len(running) == 0, running, err
}

func lines[T fmt.Stringer](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, v.String())
	}
	return out
}

func stamp(t time.Time) string { return t.Local().Format(time.DateTime) }

func userName(id int) string {
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return strconv.Itoa(id)
}

// reason takes the path out of an error where the message names it already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func comma(list []string) string { return strings.Join(list, ", ") }
