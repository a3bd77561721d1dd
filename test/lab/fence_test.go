package lab

import (
	"context"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFenceAgentAnswers(t *testing.T) {
	for _, c := range []struct {
		name, in string
		status   int
		says     string
	}{
		{"metadata", "action=metadata\n", fenceOK, "<resource-agent"},
		{"monitor", "action=monitor\nplug=node01\n", fenceOK, ""},
		{"unknown", "action=explode\n", fenceFailed, "explode"},
		{"no switch", "action=off\nplug=node01\n", fenceFailed, "node01"}, // this machine has none
		{"default", "nodename=node02\n", fenceFailed, "node02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			if got := Fence(context.Background(), strings.NewReader(c.in), &out, &out); got != c.status || !strings.Contains(out.String(), c.says) {
				t.Errorf("%d, %q", got, out.String())
			}
		})
	}
	var agent struct {
		Actions []struct {
			Name string `xml:"name,attr"`
		} `xml:"actions>action"`
	}
	if err := xml.Unmarshal([]byte(fenceMetadata), &agent); err != nil || len(agent.Actions) < 6 {
		t.Errorf("%v: %+v", err, agent)
	}
	for name, want := range map[string]bool{"/usr/sbin/fence_pgrex": true, "fence_ipmilan": true, "bin/pgrex-lab": false} {
		if IsFenceAgent(name) != want {
			t.Errorf("%s is the agent: %v, want %v", name, !want, want)
		}
	}
}

func TestDefinitionWithFencing(t *testing.T) {
	cib, err := Variant{Fencing: true}.change(renderCIB(t), "node01", "node02")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`id="fence-node02"`, `rsc="fence-node01" node="node01" score="-INFINITY"`, `name="stonith-enabled" value="true"`, `on-fail="fence"`} {
		if !strings.Contains(cib, want) {
			t.Errorf("the definition does not have %s", want)
		}
	}
	if strings.Contains(cib, `"block"`) {
		t.Error("something is blocked in place of fenced")
	}
	if _, err := exec.LookPath("crm_verify"); err != nil {
		t.Skip("no crm_verify here")
	}
	file := filepath.Join(t.TempDir(), "cib.xml")
	if err := os.WriteFile(file, []byte(cib), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("crm_verify", "--xml-file", file).CombinedOutput(); err != nil {
		t.Errorf("crm_verify: %v\n%s", err, out)
	}
}
