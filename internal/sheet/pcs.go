package sheet

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
)

// pcsList makes pcs commands, each a list of arguments.
type pcsList struct {
	t        Target
	commands [][]string
	messages []Message
}

// PCS is the definition as arguments of pcs, one list a command. What pcs has no
// words for is an error among the messages. There are no words of Pacemaker 1.1
// either: target 1.1 is written as 2.
func (s *Sheet) PCS(o Options) ([][]string, []Message) {
	p := &pcsList{t: max(o.Target, Target2)}
	for _, n := range s.Nodes {
		p.node(n)
	}
	p.pairs(s.Properties, "", "property", "set")
	p.pairs(s.RscDefaults, "meta", "resource", "defaults", "update")
	p.pairs(s.OpDefaults, "", "resource", "op", "defaults", "update")
	for _, r := range s.Resources {
		if r.Parent == nil {
			p.resource(r)
		}
	}
	p.levels(s)
	for _, l := range s.Locations {
		p.location(l)
	}
	p.constraints(s)
	for i, a := range s.Alerts {
		p.alert(fmt.Sprintf("alert_%d", i+1), a)
	}
	for _, text := range s.Additional {
		p.additional(s, text)
	}
	return p.commands, p.messages
}

func (p *pcsList) add(words ...string) { p.commands = append(p.commands, words) }

func (p *pcsList) cannot(format string, args ...any) {
	p.messages = append(p.messages, Message{ID: message.ERR063, Args: []any{"format", PCS, "detail", fmt.Sprintf(format, args...)}})
}

// assigned are pairs as arguments; pcs takes no name twice.
func (p *pcsList) assigned(kind string, pairs []Pair) []string {
	var words []string
	for _, x := range effective(p.t.words(kind, pairs)) {
		words = append(words, x.Name+"="+x.Value)
	}
	return words
}

func (p *pcsList) pairs(pairs []Pair, kind string, command ...string) {
	if len(pairs) > 0 {
		p.add(append(command, p.assigned(kind, pairs)...)...)
	}
}

// of are the pairs of a kind, which pcs knows without rules only.
func (p *pcsList) of(owner string, all lists, kind string) []string {
	var words []string
	for _, l := range all {
		if l.Kind != kind {
			continue
		}
		if l.Rule != "" {
			p.cannot("%s: %s %s", owner, kind, l.Rule)
		}
		words = append(words, p.assigned(kind, l.Pairs)...)
	}
	return words
}

// led are words behind one that says what they are, none without them.
func led(keyword string, words []string) []string {
	if len(words) == 0 {
		return nil
	}
	return append([]string{keyword}, words...)
}

func (p *pcsList) node(n *Node) {
	for _, kind := range []string{"attributes", "utilization"} {
		if words := p.of(n.Name, n.Lists, kind); words != nil {
			p.add(append([]string{"node", strings.TrimSuffix(kind, "s"), n.Name}, words...)...)
		}
	}
}

// resource makes a resource, after those that lie in it.
func (p *pcsList) resource(r *Resource) {
	var children []string
	for _, c := range r.Children {
		p.resource(c)
		children = append(children, c.ID)
	}
	all := r.listsFor(p.t)
	meta := p.of(r.ID, all, "meta")
	if r.Kind != Primitive && p.of(r.ID, all, "params") != nil {
		p.cannot("%s: params", r.ID)
	}
	switch r.Kind {
	case Primitive:
		p.primitive(r, meta)
	case Group:
		p.add(append([]string{"resource", "group", "add", r.ID}, children...)...)
		if meta != nil {
			p.add(append([]string{"resource", "meta", r.ID}, meta...)...)
		}
	case Clone:
		p.add(slices.Concat([]string{"resource", "clone"}, children, []string{r.ID}, meta)...)
	case Ms:
		meta = slices.DeleteFunc(meta, func(s string) bool { return s == "promotable=true" })
		p.add(slices.Concat([]string{"resource", "promotable"}, children, []string{r.ID}, meta)...)
	}
}

func (p *pcsList) primitive(r *Resource, meta []string) {
	words := []string{"resource", "create", r.ID, r.Agent()}
	if r.isStonith() {
		words = []string{"stonith", "create", r.ID, r.Type}
	}
	words = append(words, p.of(r.ID, r.Lists, "params")...)
	for _, op := range r.Operations {
		words = append(words, "op", op.Name)
		for _, x := range op.Attributes {
			if x.Name == "role" {
				x.Value = p.t.role(x.Value)
			}
			words = append(words, x.Name+"="+x.Value)
		}
	}
	p.add(append(words, led("meta", meta)...)...)
	if words := p.of(r.ID, r.Lists, "utilization"); words != nil {
		p.add(append([]string{"resource", "utilization", r.ID}, words...)...)
	}
	if r.Lists.value("operations", "$id-ref") != "" {
		p.cannot("%s: operations $id-ref", r.ID)
	}
}

// levels makes levels of fencing; their numbers are those that crmsh gives.
func (p *pcsList) levels(s *Sheet) {
	for _, t := range s.targets() {
		nodes := []string{t.node}
		if t.node == "" {
			if nodes = s.nodeNames(); len(nodes) == 0 {
				p.cannot("%s", strings.Join(t.levels[0], ","))
			}
		}
		for _, node := range nodes {
			for i, devices := range t.levels {
				// The file has no nodes before it is loaded.
				p.add(slices.Concat([]string{"stonith", "level", "add", strconv.Itoa(i + 1), node}, devices, []string{"--force"})...)
			}
		}
	}
}

func (p *pcsList) location(l *Location) {
	if l.Node != "" {
		way, score := "prefers", l.Score
		if strings.HasPrefix(score, "-") {
			way, score = "avoids", negative(score)
		}
		node := l.Node
		if score != "INFINITY" {
			node += "=" + score
		}
		p.add("constraint", "location", l.Resource, way, node)
		return
	}
	for _, r := range l.Rules {
		words := []string{"constraint", "location", l.Resource, "rule"}
		switch id, given := strings.CutPrefix(r.IDSpec, "$id="); {
		case r.Reference, r.IDSpec != "" && !given:
			p.cannot("%s: %s", l.Resource, r.IDSpec)
			continue
		case given:
			words = append(words, "id="+strings.Trim(id, `"'`))
		}
		if r.Role != "" {
			words = append(words, "role="+p.t.role(r.Role))
		}
		words = append(words, "score="+r.Score)
		if p.t == Target3 { // pcs 0.12
			words = append(words, r.condition())
		} else {
			words = append(words, strings.Fields(r.condition())...)
		}
		p.add(words...)
	}
}

// before puts a word before another one, if there is one.
func before(word, of string) []string {
	if word == "" {
		return []string{of}
	}
	return []string{word, of}
}

func (p *pcsList) constraints(s *Sheet) {
	for _, c := range s.Colocations {
		p.add(slices.Concat([]string{"constraint", "colocation", "add"}, before(p.t.role(c.Role), c.Resource),
			[]string{"with"}, before(p.t.role(c.WithRole), c.With), []string{c.Score})...)
	}
	for _, o := range s.Orders {
		words := slices.Concat([]string{"constraint", "order"}, before(o.FirstAction, o.First), []string{"then"}, before(o.ThenAction, o.Then), []string{"kind=" + o.kind()})
		if o.Symmetrical != "" {
			words = append(words, "symmetrical="+o.Symmetrical)
		}
		p.add(words...)
	}
	for _, x := range s.Tickets {
		words := slices.Concat([]string{"constraint", "ticket", "add", x.Ticket}, before(p.t.role(x.Role), x.Resource))
		if x.LossPolicy != "" {
			words = append(words, "loss-policy="+x.LossPolicy)
		}
		p.add(words...)
	}
}

func (p *pcsList) alert(id string, a *Alert) {
	words := []string{"alert", "create", "path=" + a.Path, "id=" + id}
	words = append(words, led("options", p.of(id, a.Lists, "attributes"))...)
	p.add(append(words, led("meta", p.of(id, a.Lists, "meta"))...)...)
	for _, r := range a.Recipients {
		words := []string{"alert", "recipient", "add", id, "value=" + r.Value}
		words = append(words, led("options", p.of(id, r.Lists, "attributes"))...)
		p.add(append(words, led("meta", p.of(id, r.Lists, "meta"))...)...)
	}
}

// additional takes a command of pcs, as sheets of pm_pcsgen have it.
func (p *pcsList) additional(s *Sheet, text string) {
	words := strings.Fields(text)
	if !s.Pcsgen || words[0] != "pcs" || strings.ContainsAny(text, "\n\"'`$;&|<>\\") {
		p.cannot("ADDITIONAL_CONFIG: %s", words[0]) // not all: a password may be in it
		return
	}
	p.add(words[1:]...)
}

var safe = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// shellWord is a word as a shell reads it back.
func shellWord(s string) string {
	if safe.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Script is a shell script of commands of pcs that makes a CIB in a file. It
// loads nothing.
func Script(commands [][]string) string {
	var b strings.Builder
	b.WriteString(`#!/bin/sh
# Makes the cluster definition in a file, by default cluster.cib, and loads nothing.
# To load it, on one node: pcs cluster cib-push FILE --config
set -eu
umask 077
F=${1:-cluster.cib}
cibadmin --empty > "$F"
`)
	for _, words := range commands {
		b.WriteString(`pcs -f "$F"`)
		for _, w := range words {
			b.WriteString(" " + shellWord(w))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
