package agent

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/message"
	"pgrex/internal/ocf"
	"pgrex/internal/replication"
)

// Every kind of change that a monitor can decide on is told in the operator's
// language, with its values and its reason; a new kind has to be put here.
func TestExplainTranslatesEveryChange(t *testing.T) {
	const why = "the reason"
	list := []replication.Change{
		replication.SetStatus{Node: "node02", Old: "HS:async", New: "HS:sync", Why: why},
		replication.SetDataStatus{Node: "node02", New: "DISCONNECT", Why: why},
		replication.SetScore{Node: "node02", HadOld: true, Old: 100, New: replication.MinusInfinity, Why: why},
		replication.SetXlogLoc{Node: "node02", Old: "1", New: "2", Why: why},
		replication.SetBaseline{Node: "node02", Old: "1", New: "2", Why: why},
		replication.Abstain{Node: "node02", Why: why},
		replication.ForgetVotes{Why: why},
		replication.ConfirmUnusable{Nodes: []string{"node02"}, Why: why},
		replication.SetSyncNames{Old: []string{"node02"}, Why: why},
		replication.Hold{Names: []string{"node02"}, Why: why},
		replication.RecordVote{Index: 1, Text: "node02 0000000003000000\n"},
	}
	e := &explainer{say: message.For(func(string) string { return "ja" })}
	kinds := []string{"CreateLock", "RemoveLock", "NoteCovered", "Promote"} // of no monitor
	for _, c := range list {
		kinds = append(kinds, reflect.TypeOf(c).Name())
		text, reason := e.translate(c)
		if text == c.String() || strings.Contains(text, "%!") {
			t.Errorf("%T is told as %q", c, text)
		}
		if _, vote := c.(replication.RecordVote); !vote && (reason != why || !strings.HasSuffix(text, "("+why+")")) {
			t.Errorf("%T is told without its reason: %q", c, text)
		}
		if _, forget := c.(replication.ForgetVotes); !forget && !strings.Contains(text, "node02") {
			t.Errorf("%T is told without its node: %q", c, text)
		}
	}
	source, err := os.ReadFile("../replication/change.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^func \((\w+)\) change\(\)`).FindAllStringSubmatch(string(source), -1) {
		if !slices.Contains(kinds, m[1]) {
			t.Errorf("nobody has thought of %s here", m[1])
		}
	}
}

func TestHelpIsComplete(t *testing.T) {
	text := help(message.Printer{})
	var names []string
	for _, a := range actionTexts {
		names = append(names, a.name)
		if !strings.Contains(text, "\n  "+a.name+" ") {
			t.Errorf("the help lacks %s", a.name)
		}
	}
	for name := range actions {
		if !slices.Contains(names, name) {
			t.Errorf("the help lacks %s", name)
		}
	}
	for _, name := range ocf.Methods() {
		if !slices.Contains(names, name) {
			t.Errorf("the help lacks %s", name)
		}
	}
	for code := ocf.Success; code <= ocf.FailedPromoted; code++ {
		if codeTexts[code] == 0 {
			t.Errorf("exit status %d has no text", code)
		}
	}
	for line := range strings.Lines(text) {
		if message.Width(line) > 90 {
			t.Errorf("a line of %d columns: %s", message.Width(line), line)
		}
	}
}
