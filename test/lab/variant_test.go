package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestVariantChangesTheDefinition(t *testing.T) {
	plain := renderCIB(t)
	if same, err := (Variant{}).change(plain); err != nil || same != plain {
		t.Errorf("the zero variant changes the definition: %v", err)
	}
	v := Variant{Async: true, Unwatched: true, StopEscalate: 30 * time.Second, Monitor: 3 * time.Second, MonitorTimeout: 15 * time.Second}
	cib, err := v.change(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`name="rep_mode" value="async"`, `name="watch_server" value="false"`, `name="stop_escalate" value="30"`, `name="stop_escalate_in_slave" value="30"`,
		`id="pgsql-monitor-10s" name="monitor" interval="4s" timeout="15s"`,
		`id="pgsql-monitor-9s" name="monitor" interval="3s" timeout="15s"`,
		`id="prmPing-monitor-10s" name="monitor" interval="3s"`, `name="dampen" value="1s"`,
	} {
		if !strings.Contains(cib, want) {
			t.Errorf("the definition does not have %s", want)
		}
	}
	if _, err := v.change(cib); err == nil {
		t.Error("a definition that is not the manual's is changed without a word")
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

// What people are told to write is what the lab measures.
func TestRefusalIsThatOfTheManual(t *testing.T) {
	for _, name := range []string{"tuning.md", "tuning.ja.md"} {
		text, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "```\n"+refusal+"```\n") {
			t.Errorf("%s does not have the lab's rules", name)
		}
	}
}
