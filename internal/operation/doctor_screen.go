package operation

import (
	"fmt"
	"strings"
	"time"

	"pgrex/internal/doctor"
	"pgrex/internal/message"
)

// severities are the states of findings for people.
var severities = map[doctor.State]both{
	doctor.Critical: {"CRITICAL", "【重大】"}, doctor.Error: {"ERROR", "【エラー】"}, doctor.Warning: {"WARNING", "【警告】"},
	doctor.Notice: {"note", "（参考）"}, doctor.Unknown: {"not known", "不明"},
}

// screen is a report as text: a line for each finding, and below it what is
// needed to act on it.
func (e *examiner) screen(c *doctor.Case, r doctor.Report) []string {
	say := e.con.Say()
	word := func(en, ja string) string { return both{en, ja}.in(say) }
	lines := []string{e.verdict(r), "  " + e.heading(c)}
	for _, f := range r.Findings {
		if f.State == doctor.Unknown {
			continue
		}
		head := message.Pad(severities[f.State].in(say), 10) + f.Check + "  "
		if f.Node != "" {
			head += f.Node + ": "
		}
		lines = append(lines, "", head+e.text(f.Found))
		for _, part := range []struct {
			label string
			text  doctor.Phrase
		}{{word("expected: ", "期待値: "), f.Expected}, {word("why: ", "理由: "), f.Why}} {
			if !part.text.IsZero() {
				lines = append(lines, "  "+part.label+e.text(part.text))
			}
		}
		for _, cure := range f.Cure {
			lines = append(lines, e.cureLabel()+e.text(cure))
		}
	}
	lines = append(lines, e.notKnown(r)...)
	if len(r.Skipped) > 0 {
		lines = append(lines, "", word("Not asked for (--node both, --connect)", "対象外の項目（--node both、--connect で確認）"), "  "+strings.Join(r.Skipped, " "))
	}
	if e.verbose && len(r.Well) > 0 {
		lines = append(lines, "", word("OK", "問題なし"), "  "+strings.Join(r.Well, " "))
	}
	return lines
}

// cureLabel stands before what cures a finding.
func (e *examiner) cureLabel() string { return "  " + both{"cure: ", "対処: "}.in(e.con.Say()) }

// notKnown lists what could not be found out, by reason: one that stops many
// checks is said once.
func (e *examiner) notKnown(r doctor.Report) []string {
	say := e.con.Say()
	var lines []string
	seen := map[string]int{}
	for _, f := range r.Findings {
		if f.State != doctor.Unknown {
			continue
		}
		reason := e.text(f.Found)
		if f.Node != "" && !strings.HasPrefix(reason, f.Node) {
			reason = f.Node + ": " + reason
		}
		if at, ok := seen[reason]; ok {
			if !strings.HasSuffix(lines[at], f.Check) {
				lines[at] += " " + f.Check
			}
			continue
		}
		if len(lines) == 0 {
			lines = append(lines, "", both{"Not known", "確認できなかった項目"}.in(say))
		}
		seen[reason] = len(lines) + 1
		lines = append(lines, "  "+reason, "    "+f.Check)
	}
	return lines
}

// verdict is the report in one line.
func (e *examiner) verdict(r doctor.Report) string {
	say := e.con.Say()
	counts := map[doctor.State]int{}
	for _, f := range r.Findings {
		counts[f.State]++
	}
	var parts []string
	for _, s := range []struct {
		state doctor.State
		words both
	}{
		{doctor.Critical, both{"critical: %d", "重大 %d 件"}}, {doctor.Error, both{"errors: %d", "エラー %d 件"}},
		{doctor.Warning, both{"warnings: %d", "警告 %d 件"}}, {doctor.Notice, both{"notes: %d", "参考 %d 件"}},
		{doctor.Unknown, both{"not known: %d", "不明 %d 件"}},
	} {
		if counts[s.state] > 0 {
			parts = append(parts, fmt.Sprintf(s.words.in(say), counts[s.state]))
		}
	}
	parts = append(parts, fmt.Sprintf(both{"well: %d checks", "問題なし %d 項目"}.in(say), len(r.Well)))
	return strings.Join(parts, both{", ", "、"}.in(say))
}

// text is a phrase for who reads the report: whatever a server or a program has
// said, no password is in it.
func (e *examiner) text(p doctor.Phrase) string { return e.secrets.Redact(p.In(e.con.Say())) }

// heading says what was looked at.
func (e *examiner) heading(c *doctor.Case) string {
	say := e.con.Say()
	var names []string
	for _, n := range c.Nodes {
		names = append(names, n.Name)
	}
	parts := []string{e.machine.Now().Local().Format(time.DateTime), both{"nodes ", "ノード "}.in(say) + comma(names)}
	if c.Definition.Known {
		parts = append(parts, both{"definition ", "定義 "}.in(say)+c.Definition.Value.Source)
	}
	return strings.Join(parts, "  ")
}

// doctorDocument is a report for programs. Texts are in the language of the run;
// programs go by numbers and states.
type doctorDocument struct {
	Time     time.Time       `json:"time"`
	Nodes    []doctorNode    `json:"nodes"`
	Source   string          `json:"definition,omitempty"`
	Worst    doctor.State    `json:"worst"`
	Exit     int             `json:"exit"`
	Findings []doctorFinding `json:"findings"`
	Well     []string        `json:"ok"`
	Skipped  []string        `json:"skipped"`
	Outages  []doctorOutage  `json:"outages,omitempty"`
}

type doctorNode struct {
	Name    string `json:"name"`
	Own     bool   `json:"own"`
	Known   bool   `json:"known"`
	Because string `json:"because,omitempty"`
}

type doctorFinding struct {
	Check    string       `json:"check"`
	Severity doctor.State `json:"severity"`
	Node     string       `json:"node,omitempty"`
	Found    string       `json:"found"`
	Expected string       `json:"expected,omitempty"`
	Why      string       `json:"why,omitempty"`
	Cure     []string     `json:"cure,omitempty"`
}

func (e *examiner) document(c *doctor.Case, r doctor.Report) doctorDocument {
	d := doctorDocument{Time: e.machine.Now(), Worst: r.Worst(), Exit: r.Exit(), Findings: []doctorFinding{},
		Well: append([]string{}, r.Well...), Skipped: append([]string{}, r.Skipped...), Outages: e.outages(c)}
	if c.Definition.Known {
		d.Source = c.Definition.Value.Source
	}
	for _, n := range c.Nodes {
		d.Nodes = append(d.Nodes, doctorNode{n.Name, n.Own, n.Facts.Known, e.text(n.Facts.Why)})
	}
	for _, f := range r.Findings {
		out := doctorFinding{Check: f.Check, Severity: f.State, Node: f.Node, Found: e.text(f.Found), Expected: e.text(f.Expected), Why: e.text(f.Why)}
		for _, cure := range f.Cure {
			out.Cure = append(out.Cure, e.text(cure))
		}
		d.Findings = append(d.Findings, out)
	}
	return d
}
