package crm

import (
	"os"
	"strings"
	"testing"
)

func TestParseGlance(t *testing.T) {
	text, err := os.ReadFile("testdata/cibadmin-2.1.5-query.xml")
	if err != nil {
		t.Fatal(err)
	}
	cib := string(text)
	s, settled, err := ParseGlance(text)
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
	if !strings.Contains(cib, second) {
		t.Fatal("the sample has changed")
	}
	for _, tt := range []struct {
		name, old, new string
		settled        bool
	}{
		{"as times, from 2.1.7 on", second, `uname="node02" crmd="1700000001" in_ccm="1700000000" join="member" expected="member"`, true},
		{"lost", second, `uname="node02" crmd="offline" in_ccm="false" join="down" expected="member"`, false},
		{"lost, as times", second, `uname="node02" crmd="0" in_ccm="0" join="member" expected="member"`, false},
		{"Pacemaker has ended", second, `uname="node02" crmd="offline" in_ccm="true" join="down" expected="down"`, false},
		{"still joining", second, `uname="node02" crmd="online" in_ccm="true" join="pending" expected="member"`, false},
		{"leaving", second, `uname="node02" crmd="online" in_ccm="true" join="member" expected="down"`, false},
		{"a node that nobody has heard of", second, strings.Replace(second, "node02", "node03", 1), false},
		{"no quorum", `have-quorum="1"`, `have-quorum="0"`, false},
	} {
		changed := strings.Replace(cib, tt.old, tt.new, 1)
		if changed == cib {
			t.Fatalf("%s: nothing to replace", tt.name)
		}
		if _, settled, err := ParseGlance([]byte(changed)); settled != tt.settled || err != nil {
			t.Errorf("%s: settled %t, %v", tt.name, settled, err)
		}
	}
	for _, bad := range []string{"", "<cib", "<nodes/>", "could not connect"} {
		if _, settled, err := ParseGlance([]byte(bad)); err == nil || settled {
			t.Errorf("%q: settled %t, %v", bad, settled, err)
		}
	}
}
