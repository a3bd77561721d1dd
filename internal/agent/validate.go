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

// systemVerdict is what checkSystem comes to: of several findings the most
// severe, and how many more there are.
func (a *Agent) systemVerdict() (ocf.Code, error) {
	code, reason := ocf.FirstReason(a.checkSystem())
	if code == ocf.Success {
		return code, nil
	}
	return code, errors.New(reason)
}

// The releases whose files and functions this version of the agent knows.
const oldestRelease, newestRelease = 10, 18

// checkSystem checks what start needs of this node, and reports everything it finds.
func (a *Agent) checkSystem() error {
	p := a.params
	var errs []error
	problem := func(code ocf.Code, format string, args ...any) {
		errs = append(errs, ocf.Errorf(code, format, args...))
	}
	for _, path := range []struct{ name, value string }{{"pgdata", p.PgData}, {"tmpdir", p.TmpDir}} {
		if !filepath.IsAbs(path.value) {
			errs = append(errs, &ocf.ParamError{Code: ocf.ErrConfigured, Name: path.name, Value: path.value, Allowed: "an absolute path"})
		}
	}
	program, _, _ := strings.Cut(p.PgCtl, " -")
	if _, err := exec.LookPath(strings.TrimSpace(program)); err != nil {
		problem(ocf.ErrInstalled, "pgctl=%s is not an executable file", program)
	}
	if fi, err := os.Stat(p.Config); err != nil || !fi.Mode().IsRegular() {
		problem(ocf.ErrInstalled, "config=%s is not a file", p.Config)
	}
	if err := a.dataWritable(); err != nil {
		problem(ocf.ErrPerm, "pgdata=%s is not writable for %s: %v", p.PgData, p.PgDBA, err)
	} else if v, err := a.pg.Version(); err != nil {
		problem(ocf.ErrInstalled, "pgdata=%s is not a data directory: %v", p.PgData, err)
	} else if v < oldestRelease || v > newestRelease { // 906 stands for 9.6
		problem(ocf.ErrInstalled, "pgdata=%s is of PostgreSQL %s; the agent manages %d to %d", p.PgData, releaseName(v), oldestRelease, newestRelease)
	}
	if p.SocketDir == "" && p.PgHost == "" && a.pg.Configured("unix_socket_directories") {
		errs = append(errs, &ocf.ParamError{Code: ocf.ErrConfigured, Name: "socketdir", Value: "",
			Allowed: "the directory that unix_socket_directories names in " + p.Config})
	}
	if a.replicated() && a.node != "" && len(p.NodeList) > 0 && !ocf.Contains(p.NodeList, a.node) {
		problem(ocf.ErrArgs, "node_list=%q does not name this node, %s", strings.Join(p.NodeList, " "), a.node)
	}
	return errors.Join(errs...)
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
