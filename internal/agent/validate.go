package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// validateAll looks at the parameters, and at level 10 at this node too. It
// changes nothing. The parameters themselves were checked before.
func (a *Agent) validateAll(context.Context) (ocf.Code, error) {
	if a.call.CheckLevel < 10 {
		return ocf.Success, nil
	}
	return a.systemVerdict()
}

// reloadAgent takes over parameters that only the agent reads: every later
// action gets them from Pacemaker anyway, so all there is to do is to look at
// them. It is checked in full, whatever its level.
func (a *Agent) reloadAgent(context.Context) (ocf.Code, error) {
	a.endWatch() // it goes by the old parameters; the next monitor starts another
	return a.systemVerdict()
}

// systemVerdict is what checkSystem comes to: of several findings the most
// severe, and how many more there are.
func (a *Agent) systemVerdict() (ocf.Code, error) {
	code, reason := ocf.FirstReason(a.checkSystem())
	if code == ocf.Success {
		return code, nil
	}
	return code, errors.New(reason)
}

// The releases whose files and functions this version of the agent knows, as of
// [pg.Instance.Version]: 9.6, and 10 to 18.
const oldestRelease, newestRelease = 906, 18

// checkSystem checks what start needs of this node, and reports everything it finds.
func (a *Agent) checkSystem() error {
	p := a.params
	var errs []error
	wrong := func(code ocf.Code, name, value, allowed string, args ...any) {
		errs = append(errs, &ocf.ParamError{Code: code, Name: name, Value: value, Allowed: fmt.Sprintf(allowed, args...)})
	}
	for _, path := range []struct{ name, value string }{{"pgdata", p.PgData}, {"tmpdir", p.TmpDir}, {"socketdir", p.SocketDir}} {
		if path.value != "" && !filepath.IsAbs(path.value) {
			wrong(ocf.ErrConfigured, path.name, path.value, "an absolute path")
		}
	}
	for _, bad := range a.pg.CheckOptions() {
		wrong(ocf.ErrConfigured, bad.Name, bad.Value, "%s", bad.Allowed)
	}
	if err := pg.CheckConninfo(p.PrimaryConninfoOpt); err != nil && p.RepMode != ocf.RepNone {
		wrong(ocf.ErrConfigured, "primary_conninfo_opt", p.PrimaryConninfoOpt, "keyword=value pairs: %v", err)
	}
	program, _, _ := strings.Cut(p.PgCtl, " -")
	if _, err := exec.LookPath(strings.TrimSpace(program)); err != nil {
		wrong(ocf.ErrInstalled, "pgctl", p.PgCtl, "an executable file")
	}
	dataErr := a.dataWritable()
	if v, err := a.pg.Version(); dataErr != nil {
		wrong(ocf.ErrPerm, "pgdata", p.PgData, "a directory writable for %s: %v", p.PgDBA, dataErr)
	} else if err != nil {
		wrong(ocf.ErrInstalled, "pgdata", p.PgData, "a data directory, with a readable PG_VERSION")
	} else if v != oldestRelease && (v < 10 || v > newestRelease) {
		wrong(ocf.ErrInstalled, "pgdata", p.PgData, "of PostgreSQL %s to %d, it is of PostgreSQL %s", releaseName(oldestRelease), newestRelease, releaseName(v))
	}
	// What is missing with the data directory is not a finding of its own.
	if fi, err := os.Stat(p.Config); (err != nil || !fi.Mode().IsRegular()) && !(dataErr != nil && isBelow(p.Config, p.PgData)) {
		wrong(ocf.ErrInstalled, "config", p.Config, "a file")
	}
	if p.SocketDir == "" && p.PgHost == "" && a.pg.Configured("unix_socket_directories") {
		wrong(ocf.ErrConfigured, "socketdir", "", "the directory that unix_socket_directories names in %s", p.Config)
	}
	if a.replicated() && a.node != "" && len(p.NodeList) > 0 && !ocf.Contains(p.NodeList, a.node) {
		wrong(ocf.ErrArgs, "node_list", strings.Join(p.NodeList, " "), "a list with this node, %s", a.node)
	}
	return errors.Join(errs...)
}

// isBelow says whether path lies in dir, by name.
func isBelow(path, dir string) bool {
	return strings.HasPrefix(filepath.Clean(path), filepath.Clean(dir)+"/")
}

// releaseName is the number of a release as people write it: 9.6, 15.
func releaseName(v int) string {
	if v >= 900 {
		return fmt.Sprintf("%d.%d", v/100, v%100)
	}
	return strconv.Itoa(v)
}

// dataWritable asks the kernel, as pgdba.
func (a *Agent) dataWritable() error {
	return pg.As(a.pg.Settings().User, func() error {
		return unix.Faccessat(unix.AT_FDCWD, a.params.PgData, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
	})
}
