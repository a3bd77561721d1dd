package operation

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestSimulate(t *testing.T) {
	t.Parallel()
	c := runningModel(t)
	const kept = `<rsc_location id="kept" rsc="msPostgresql"><rule id="kept-r" role="Promoted" score="-INFINITY">` +
		`<expression id="kept-e" attribute="#uname" operation="eq" value="pgrex02"/></rule></rsc_location>`
	bad := strings.Replace(c.running(), "</constraints>", kept+"</constraints>", 1)
	if err := os.WriteFile(c.cib, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(examplesOf + "stonith.crm")
	if err != nil {
		t.Fatal(err)
	}
	c.a.files["/root/stonith.crm"] = string(text)
	for _, tt := range []struct {
		argv   []string
		status int
		says   []string
	}{
		{[]string{"/root/stonith.crm"}, 0, []string{"[OK]   node01 (Primary) is lost\n       node01 is fenced. node02 becomes Primary.\n", "vip-master node02",
			"[--]   No node can reach the gateway", "That is intended", "Until that is confirmed nobody becomes Primary.",
			"No single failure leaves the clients without a Primary."}},
		{[]string{c.file(), "--lang", "ja", "--vocabulary", "old"}, 0, []string{"[!!]   インターコネクト LAN の全断\n       pgrex02, pgrex01 が同時に Master になります。", "本番環境では使用しないでください。",
			"操作に失敗したため、オペレータの対処が必要です: pgsql (pgrex01)"}},
		// The running cluster, where PostgreSQL is not up yet.
		{[]string{}, 1, []string{"SIM-002", "Definition: the running cluster", "[NG]   PostgreSQL fails on pgrex01 (Primary)\n       No node is Primary.",
			"Cause: without this constraint it would end well: kept\n", "Events with a wrong end: "}},
		{[]string{"/nowhere"}, 2, []string{"PST-030"}},
		{[]string{c.file("on-fail=block", "on-fail=explode")}, 3, []string{"PST-036"}},
	} {
		got := c.play(typed{}, append([]string{"pg-rex", "simulate"}, tt.argv...)...)
		if got.status != tt.status {
			t.Errorf("%q: status %d, want %d", tt.argv, got.status, tt.status)
		}
		for _, want := range tt.says {
			if !strings.Contains(got.out+got.err, want) {
				t.Errorf("%q does not say %q:\n%s%s", tt.argv, want, got.out, got.err)
			}
		}
	}
	if len(c.changes()) != 0 {
		t.Errorf("%q", c.changes())
	}
}

func TestSimulateForPrograms(t *testing.T) {
	t.Parallel()
	c := runningModel(t)
	got := c.play(typed{}, "pg-rex", "simulate", "--output", "json", c.file())
	var out struct {
		OK      bool
		Fencing bool
		Primary string
		Results []resultJSON
	}
	if err := json.Unmarshal([]byte(got.out), &out); err != nil || got.status != 0 {
		t.Fatalf("%v: %+v", err, got)
	}
	if !out.OK || out.Fencing || out.Primary != "pgrex01" || len(out.Results) < 20 {
		t.Errorf("%+v", out)
	}
	for _, r := range out.Results {
		if r.Title == "" || r.Text == "" || r.Title == string(r.Event) {
			t.Errorf("%+v", r)
		}
		if r.Event == "server-fails" && r.OnPrimary && (len(r.Primaries) != 1 || r.Primaries[0] != "pgrex02" || !r.Single || !r.OK) {
			t.Errorf("%+v", r)
		}
	}
}

// A definition of something else is refused in words.
func TestSimulateSomethingElse(t *testing.T) {
	c := runningModel(t)
	c.a.files["/root/other.crm"] = "property stonith-enabled=false\nprimitive a ocf:pacemaker:Dummy\n"
	if got := c.play(typed{}, "pg-rex", "simulate", "/root/other.crm"); got.status != 3 || !strings.Contains(got.err, "SIM-001") {
		t.Errorf("%+v", got)
	}
}
