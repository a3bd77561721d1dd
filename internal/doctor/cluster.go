package doctor

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/review"
)

// clusterChecks are those of the cluster definition.
func clusterChecks() []check {
	return []check{
		{"DR-50", stonithDisabled},
		{"DR-51", func(c *Case) []Finding { return c.reviewed(Error, say(message.DRX051), "W072") }},
		{"DR-52", fencingWorks},
		{"DR-53", func(c *Case) []Finding { return c.reviewed(Error, say(message.DRX053), "DR-53") }},
		{"DR-54", func(c *Case) []Finding { return c.reviewed(Critical, say(message.DRX054), "W074") }},
		{"DR-55", monitorsAndTimeouts},
		{"DR-56", nodeNames},
		{"DR-57", addressesInTheirNetworks},
		{"DR-58", interfacesOfAddresses},
		{"DR-59", addressesOnce},
		{"DR-60", constraintsThere},
		{"DR-61", gatewaysAnswer},
		{"DR-62", attributesFit},
		{"DR-63", disksChecked},
		{"DR-64", agentsThere},
		{"DR-65", pathsOfAgent},
		{"DR-66", quorumFits},
		{"DR-67", leftByOperators},
		{"DR-68", failuresCounted},
		{"DR-69", corosyncTogether},
		{"DR-70", func(c *Case) []Finding { return c.reviewed(Warning, say(message.DRX070), "DR-70") }},
		{"DR-71", heartbeatNetworks},
		{"DR-72", func(c *Case) []Finding { return c.reviewed(Error, say(message.DRX072), "W082") }},
		{"DR-73", definitionsAgree},
		{"DR-74", oldWords},
		{"DR-75", alertsThere},
		{"DR-76", toolsConfigured},
	}
}

// generation is that of Pacemaker, 0 when nobody knows.
func (c *Case) generation() review.Generation {
	version := ""
	if c.Cluster.Known {
		version = c.Cluster.Value.Version
	}
	for _, n := range c.Nodes {
		version = cmp.Or(version, n.Facts.Value.System.Pacemaker.Version)
	}
	major, _, _ := strings.Cut(version, ".")
	switch n, err := strconv.Atoi(major); {
	case err != nil || n < 1:
		return 0
	default:
		return review.Generation(min(n, int(review.Pacemaker3)))
	}
}

// reviewed are what the review of the definition finds, of some codes, as
// findings of a check.
func (c *Case) reviewed(state State, expected Phrase, codes ...string) []Finding {
	if missing := needs("", c.Definition); missing != nil {
		return missing
	}
	if _, missing := c.parts(); missing != nil {
		return missing
	}
	d, o := c.Definition.Value.Definition, review.Options{Generation: c.generation()}
	var all []Finding
	for _, f := range slices.Concat(review.Check(d, o), review.Beyond(d, o)) {
		if slices.Contains(codes, f.Code) || slices.Contains(codes, string(f.ID)) {
			all = append(all, Finding{State: state, Found: say(f.ID, f.Args...), Expected: expected,
				Why: say(f.Why(), f.Args...), Cure: []Phrase{say(f.Cure(), f.Args...)}})
		}
	}
	return all
}

// constraintsThere is DR-60. That a device may run on its target (L8) is worse,
// and DR-52 says so.
func constraintsThere(c *Case) []Finding {
	return slices.DeleteFunc(c.reviewed(Error, say(message.DRX060), "W077"), func(f Finding) bool {
		return slices.Contains(f.Found.Args, any("L8"))
	})
}

func stonithDisabled(c *Case) []Finding { return c.reviewed(Warning, say(message.DRX050), "W071") }

func monitorsAndTimeouts(c *Case) []Finding {
	all := c.reviewed(Error, say(message.DRX055), "W075")
	if c.Definition.Known {
		all = append(all, c.reviewed(Warning, say(message.DRY055), string(message.REV791))...)
	}
	return all
}

func attributesFit(c *Case) []Finding {
	return c.reviewed(Error, say(message.DRX062), "W078", string(message.REV792))
}

func oldWords(c *Case) []Finding {
	state := Warning
	switch c.generation() {
	case review.Pacemaker3:
		state = Error
	case 0:
		return []Finding{notKnown("", say(message.DRU074))}
	}
	return c.reviewed(state, say(message.DRX074, "target", c.generation()), "DR-74")
}

// finding is a finding in one line.
func finding(state State, node string, found, expected, why Phrase, cure ...Phrase) Finding {
	return Finding{State: state, Node: node, Found: found, Expected: expected, Why: why, Cure: cure}
}

// joined is how several names are shown.
func joined(names []string) string { return strings.Join(names, ", ") }
