// Package review checks a finished cluster definition against what PG-REX
// needs: W070 to W082 of the specification, section 3.9, and what doctor asks
// besides. It looks at a definition and at nothing else, so that the same
// checks serve a sheet, a file and the running cluster.
package review

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// Generation is a generation of Pacemaker, by the words and agents that it has.
type Generation int

// The generations; 0 is for not known.
const (
	Pacemaker1 Generation = iota + 1 // 1.1
	Pacemaker2                       // 2.1 and its like
	Pacemaker3
)

// String is the generation as options and messages name it.
func (g Generation) String() string {
	return [...]string{"?", "1.1", "2", "3"}[g]
}

// Options are what is known besides the definition. The zero value is allowed.
type Options struct {
	// Generation is that of the cluster; without one no agent counts as missing.
	Generation Generation
	// Addresses are the nodes' own, by node.
	Addresses map[string][]netip.Addr
}

// Finding is one thing that is not as it should be.
type Finding struct {
	// Code is the number of the check, "W077", or "DR-53" for what only doctor
	// looks at.
	Code string
	// ID is the text of what was found, [Finding.Why] and [Finding.Cure] those
	// of why it matters and what to do. All take Args.
	ID   message.ID
	Args []any
	// Objects are what it is about: resources, constraints, properties, nodes.
	Objects []string
}

// Why is the text of why it matters: one for each check, for W077 one for each
// constraint.
func (f Finding) Why() message.ID {
	if len(f.Args) > 1 && f.Args[0] == "number" {
		number, _, _ := strings.Cut(fmt.Sprint(f.Args[1]), ",")
		return reasons[number]
	}
	return "REW-" + f.ID[4:6] + "0"
}

// reasons are the texts for the constraints of section 3.4.
var reasons = map[string]message.ID{
	"C1": "REW-901", "C2": "REW-902", "C3": "REW-902", "C4": "REW-904",
	"O1": "REW-911", "O2": "REW-911", "O3": "REW-911", "O4": "REW-914", "O5": "REW-915",
	"L1": "REW-921", "L2": "REW-922", "L3": "REW-922", "L3'": "REW-922",
	"L4": "REW-924", "L5": "REW-925", "L6": "REW-926", "L7": "REW-927", "L8": "REW-928",
}

// Cure is the text of what to do.
func (f Finding) Cure() message.ID { return "REC-" + f.ID[4:] }

// Texts are what was found, why it matters, and the cure, in the printer's language.
func (f Finding) Texts(p message.Printer) (found, why, cure string) {
	return p.Text(f.ID, f.Args...), p.Text(f.Why(), f.Args...), p.Text(f.Cure(), f.Args...)
}

// checker collects findings.
type checker struct {
	index
	Cluster
	o        Options
	findings []Finding
}

func (c *checker) add(code string, id message.ID, objects []string, args ...any) {
	c.findings = append(c.findings, Finding{Code: code, ID: id, Args: args, Objects: objects})
}

// Check finds all that is against a definition, by code, in the order of the
// definition. In one that is none of PG-REX only agents are looked at that the
// generation does not have (W070).
func Check(d definition.Definition, o Options) []Finding {
	c := &checker{index: newIndex(d), o: o}
	c.agents()
	var ok bool
	if c.Cluster, ok = c.cluster(); !ok {
		return c.findings
	}
	c.stonith()
	c.onFail()
	c.devices()
	c.clone()
	c.monitors()
	c.masterAddress()
	c.checks()
	c.atThePrimary()
	c.readers()
	c.offTarget()
	c.attributes()
	c.timeouts()
	c.reachable()
	c.names()
	c.uniqueAddresses()
	c.placeholders()
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return cmp.Compare(a.Code, b.Code) })
	return c.findings
}

// lower is a list in lower case, which the agent compares names in.
func lower(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.ToLower(n)
	}
	return out
}
