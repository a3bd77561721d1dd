package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newBase is a folder with some files, to stand for a root file system.
func newBase(t *testing.T, files map[string]string) base {
	t.Helper()
	b := base(t.TempDir())
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(b.in(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(b.in(path), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestUsersAreThoseOfTheBase(t *testing.T) {
	b := newBase(t, map[string]string{"/etc/passwd": "root:x:0:0::/root:/bin/sh\npostgresql:x:1:1::/:/bin/sh\npostgres:x:4321:8765:PostgreSQL:/var/lib/postgresql:/bin/bash\n"})
	uid, gid, err := b.ids("postgres")
	if err != nil || uid != 4321 || gid != 8765 {
		t.Errorf("postgres is %d:%d, %v", uid, gid, err)
	}
	if _, _, err := b.ids("hacluster"); err == nil || !strings.Contains(err.Error(), string(b)) {
		t.Errorf("an unknown user: %v", err)
	}
}

func TestNewestPostgreSQLOfTheBase(t *testing.T) {
	b := newBase(t, map[string]string{
		"/usr/lib/postgresql/9.6/bin/initdb": "", "/usr/lib/postgresql/13/bin/initdb": "", "/usr/lib/postgresql/17/bin/initdb": "",
		"/usr/lib/postgresql/18/bin/psql": "",
	})
	if got := b.pgBin(); got != "/usr/lib/postgresql/17/bin" {
		t.Errorf("got %q", got)
	}
	if got := newBase(t, nil).pgBin(); got != "" {
		t.Errorf("without PostgreSQL: got %q", got)
	}
}

// Pacemaker 2.0 knows neither the schema nor the role's name of 2.1.
func TestDefinitionIsWrittenForTheBase(t *testing.T) {
	old := newBase(t, map[string]string{"/usr/share/pacemaker/pacemaker-3.6.rng": ""})
	d := testDefinition
	d.dialect = old.dialect()
	cib, err := d.CIB()
	if err != nil {
		t.Fatal(err)
	}
	crm, err := d.CRM()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{cib, crm} {
		if strings.Contains(text, "Promoted") || !strings.Contains(text, "Master") {
			t.Errorf("not for Pacemaker 2.0:\n%s", text)
		}
	}
	if strings.Contains(cib, promotedSchema) {
		t.Error("the schema is one that Pacemaker 2.0 does not have")
	}
	newer := newBase(t, map[string]string{"/usr/share/pacemaker/pacemaker-3.7.rng": "", "/usr/share/pacemaker/pacemaker-4.0.rng": ""})
	if got := newer.dialect(); got != testDefinition.dialect {
		t.Errorf("for newer releases: %+v", got)
	}
}

func TestMissingProgramsAreNamedWithTheirPlace(t *testing.T) {
	b := newBase(t, map[string]string{"/usr/sbin/corosync": "", "/usr/bin/setpriv": ""})
	err := b.preflight("trixie")
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"trixie", "pacemakerd", "resource-agents", "postgresql"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "corosync") {
		t.Errorf("%q names what is there", err)
	}
}

func TestMirrorIsDebiansMainArchive(t *testing.T) {
	const targets = `Debian Debian-Security http://mirror.test/debian-security/
NodeSource NodeSource https://node.test/
Debian Debian cdrom://disc/
Debian Debian http://mirror.test/debian/
`
	if got, err := parseMirror(targets); err != nil || got != "http://mirror.test/debian" {
		t.Errorf("got %q, %v", got, err)
	}
	// Before the first apt-get update the origin is not known.
	if got, err := parseMirror("$(ORIGIN) $(LABEL) http://mirror.test/debian/\n"); err == nil {
		t.Errorf("unknown origin: got %q", got)
	}
}

func TestSettingsOfTheWayOutAreKept(t *testing.T) {
	const dump = `APT::Architecture "amd64";
DPkg::Post-Invoke:: "/usr/bin/something";
Acquire::IndexTargets::deb::Packages::Optional "0";
Acquire::http::Proxy "http://proxy.test:3128";
Acquire::https::Verify-Peer "true";
Acquire::Check-Valid-Until "false";
`
	const want = `Acquire::http::Proxy "http://proxy.test:3128";
Acquire::https::Verify-Peer "true";
Acquire::Check-Valid-Until "false";
`
	if got := reachSettings(dump); got != want {
		t.Errorf("got\n%s", got)
	}
	env := []string{"HTTP_PROXY=a", "no_proxy=b", "PGHOST=c", "MY_HTTP_PROXY=d"}
	if got := strings.Join(proxies(env), " "); got != "HTTP_PROXY=a no_proxy=b" {
		t.Errorf("proxies: %s", got)
	}
}

func TestSuiteNames(t *testing.T) {
	if _, err := newSuite("../etc"); !errors.Is(err, ErrUnknownSuite) {
		t.Errorf("a suite that is a path: %v", err)
	}
	t.Setenv(suiteDirEnv, "/tmp/a:b")
	if _, err := newSuite("trixie"); err == nil {
		t.Error("a folder that an overlay cannot have was accepted")
	}
}

// A build that was killed leaves a part, which counts as nothing.
func TestPartOfASuiteIsNotASuite(t *testing.T) {
	t.Setenv(suiteDirEnv, t.TempDir())
	s, err := newSuite("trixie")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.part(), "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if s.built() {
		t.Error("the part counts as built")
	}
	if err := s.removePart(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.part()); err == nil {
		t.Error("the part is still there")
	}
}

func TestOneBuildAtATime(t *testing.T) {
	t.Setenv(suiteDirEnv, t.TempDir())
	s, err := newSuite("trixie")
	if err != nil {
		t.Fatal(err)
	}
	err = s.locked(t.Context(), func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		return s.locked(ctx, func() error {
			t.Error("two builds at once")
			return nil
		})
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second build got %v", err)
	}
	if err := s.locked(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("after the first build: %v", err)
	}
}
