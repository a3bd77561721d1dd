package crm

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/run"
)

// onFile has the real cibadmin answer from a file in place of a cluster.
type onFile struct{ name string }

func (f onFile) Run(ctx context.Context, c run.Command) (run.Result, error) {
	c.Env = append(slices.Clone(c.Env), "CIB_file="+f.name)
	return run.Local{}.Run(ctx, c)
}

func TestGlance(t *testing.T) {
	if _, err := exec.LookPath("cibadmin"); err != nil {
		if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	text, err := os.ReadFile("testdata/cibadmin-2.1.5-query.xml")
	if err != nil {
		t.Fatal(err)
	}
	glance := func(cib string) (State, bool, error) {
		name := filepath.Join(t.TempDir(), "cib.xml")
		if err := os.WriteFile(name, []byte(cib), 0o644); err != nil {
			t.Fatal(err)
		}
		return (&Client{Run: onFile{name}}).Glance(t.Context())
	}
	s, settled, err := glance(string(text))
	if err != nil || !settled || !s.Quorate || len(s.Nodes) != 2 {
		t.Fatalf("%+v, settled %t, %v", s, settled, err)
	}
	for name, want := range map[string]map[string]string{
		"node01": {"pgsql-data-status": "LATEST", "pgsql-status": "PRI", "master-pgsql": "1000"},
		"node02": {"pgsql-data-status": "STREAMING|SYNC", "pgsql-status": "HS:sync", "master-pgsql": "100"},
	} {
		n, ok := s.Node(name)
		if !ok || !n.Online {
			t.Fatalf("%s: %+v", name, n)
		}
		for attr, value := range want {
			if n.Attrs[attr] != value {
				t.Errorf("%s of %s is %q, want %q", attr, name, n.Attrs[attr], value)
			}
		}
	}
	const second = `uname="node02" crmd="online" crm-debug-origin="do_update_resource" in_ccm="true" join="member" expected="member"`
	for _, tt := range []struct {
		name, old, new string
		settled, fails bool
	}{
		{"as times, from 2.1.7 on", second, `uname="node02" crmd="1700000001" in_ccm="1700000000" join="member" expected="member"`, true, false},
		{"lost", second, `uname="node02" crmd="offline" in_ccm="false" join="down" expected="member"`, false, false},
		{"lost, and nothing else known", second, `uname="node02" crmd="online" in_ccm="false" join="member" expected="member"`, false, false},
		{"lost, as times", second, `uname="node02" crmd="0" in_ccm="0" join="member" expected="member"`, false, false},
		{"Pacemaker has ended", second, `uname="node02" crmd="offline" in_ccm="true" join="member" expected="member"`, false, false},
		{"still joining", second, `uname="node02" crmd="online" in_ccm="true" join="pending" expected="member"`, false, false},
		{"leaving", second, `uname="node02" crmd="online" in_ccm="true" join="member" expected="down"`, false, false},
		{"no quorum", `have-quorum="1"`, `have-quorum="0"`, false, true},
	} {
		changed := strings.Replace(string(text), tt.old, tt.new, 1)
		if changed == string(text) {
			t.Fatalf("%s: nothing to replace", tt.name)
		}
		if _, settled, err := glance(changed); settled != tt.settled || (err != nil) != tt.fails {
			t.Errorf("%s: settled %t, %v", tt.name, settled, err)
		}
	}
}

func TestParseGlanceRefuses(t *testing.T) {
	for _, bad := range []string{"", "<xpath-query", "<nodes/>", "could not connect", "<node id='1' uname='node01'/>",
		"<xpath-query><node id='1' uname='a'/><transient_attributes id='2'/></xpath-query>"} {
		if _, settled, err := ParseGlance([]byte(bad)); err == nil || settled {
			t.Errorf("%q: settled %t, %v", bad, settled, err)
		}
	}
	if _, settled, err := ParseGlance([]byte("<xpath-query/>")); err != nil || settled {
		t.Errorf("nobody: settled %t, %v", settled, err)
	}
}
