package diff

import (
	"slices"
	"strings"

	"pgrex/internal/ocf"
)

// Consequence is what a change means for a cluster in use.
type Consequence string

// The consequences.
const (
	// Nothing that runs is touched.
	Nothing Consequence = "nothing"
	// Starts, Stops: the resource is started or stopped.
	Starts Consequence = "starts"
	Stops  Consequence = "stops"
	// Restarts: it is stopped and started.
	Restarts Consequence = "restarts"
	// RestartsDatabase: PostgreSQL is stopped and started on every node. Clients
	// lose their connections, and the primary may end up on the other node.
	RestartsDatabase Consequence = "restarts-database"
	StopsDatabase    Consequence = "stops-database"
	// Reloads: the agent takes the value over while the server runs.
	Reloads Consequence = "reloads"
	// Monitors: how it is watched, and for how long an operation may go on.
	Monitors Consequence = "monitors"
	// Failures: what the cluster does about a failure.
	Failures Consequence = "failures"
	// Places: where resources run; they may move at once.
	Places Consequence = "places"
	// Sequence: in which order things are done from now on.
	Sequence Consequence = "order"
	// FencingOff, FencingOn, FencesOtherwise: whether and how nodes are fenced.
	FencingOff      Consequence = "fencing-off"
	FencingOn       Consequence = "fencing-on"
	FencesOtherwise Consequence = "fencing"
	Quorum          Consequence = "quorum"
	// LetsGo, TakesOver: resources are no longer managed, or managed again.
	LetsGo    Consequence = "unmanaged"
	TakesOver Consequence = "managed"
	Alerts    Consequence = "alerts"
	Promotes  Consequence = "promotable" // how instances are promoted and told of each other
	// Unclear: something that this program has no rule for.
	Unclear Consequence = "unclear"
)

// Serious says whether a consequence may interrupt the service or leaves it
// less safe.
func (c Consequence) Serious() bool {
	return slices.Contains([]Consequence{RestartsDatabase, StopsDatabase, FencingOff, LetsGo, Quorum}, c)
}

func consequence(c Change, old, updated *model) Consequence {
	switch c.Kind {
	case Property:
		return ofProperty(c)
	case RscDefault:
		return ofMeta(c.Object, c)
	case OpDefault, Operation:
		return ofOperation(c, updated.agents[c.Object])
	case Node:
		return Places
	case Resource:
		return ofResource(c, old, updated)
	case Parameter:
		return ofParameter(c, updated.agents[c.Object])
	case Meta:
		return ofMeta(c.Name, c)
	case Location, Colocation, Utilization:
		return Places
	case Order:
		return Sequence
	case Topology:
		return FencesOtherwise
	case Alert:
		return Alerts
	}
	return Unclear
}

// after is the value that holds after a change, which is the default when the
// setting is taken away.
func (c Change) after(byDefault string) string {
	if c.Op == Removed {
		return byDefault
	}
	return c.New
}

func onOff(on bool, yes, no Consequence) Consequence {
	if on {
		return yes
	}
	return no
}

func ofProperty(c Change) Consequence {
	switch c.Object {
	case "stonith-enabled", "fencing-enabled":
		if c.Op == Removed && c.Old == "true" || c.Op == Added && c.New == "true" {
			return Nothing // that is the default
		}
		return onOff(c.after("true") == "true", FencingOn, FencingOff)
	case "maintenance-mode":
		return onOff(c.after("false") == "true", LetsGo, TakesOver)
	case "stop-all-resources":
		return onOff(c.after("false") == "true", StopsDatabase, Starts)
	case "no-quorum-policy":
		return Quorum
	case "startup-fencing", "priority-fencing-delay", "stonith-timeout", "stonith-action", "stonith-max-attempts", "concurrent-fencing",
		"fencing-timeout", "fencing-action", "stonith-watchdog-timeout", "fence-reaction":
		return FencesOtherwise
	case "node-health-strategy", "node-health-base", "node-health-green", "node-health-yellow", "node-health-red", "symmetric-cluster",
		"placement-strategy", "default-resource-stickiness":
		return Places
	case "cluster-recheck-interval", "dc-deadtime", "batch-limit", "pe-input-series-max", "pe-error-series-max", "pe-warn-series-max":
		return Nothing
	}
	return Unclear
}

func ofMeta(name string, c Change) Consequence {
	switch name {
	case "migration-threshold", "failure-timeout", "multiple-active", "on-fail":
		return Failures
	case "resource-stickiness", "priority", "allow-unhealthy-nodes", "critical":
		return Places
	case "target-role":
		return onOff(strings.EqualFold(c.after("Started"), "Stopped"), Stops, Starts)
	case "is-managed":
		return onOff(c.after("true") == "true", TakesOver, LetsGo)
	case "maintenance":
		return onOff(c.after("false") == "true", LetsGo, TakesOver)
	case "promotable", "promoted-max", "promoted-node-max", "master-max", "master-node-max", "clone-max", "clone-node-max", "notify",
		"globally-unique", "interleave", "ordered":
		return Promotes
	}
	return Unclear
}

func ofOperation(c Change, agent string) Consequence {
	name, _, _ := strings.Cut(c.Name, " ")
	if c.Kind == OpDefault {
		name = ""
	}
	was, is := attribute(c.Old, "on-fail"), attribute(c.New, "on-fail")
	switch {
	case was != is && (c.Op == Changed || name != "monitor"):
		return Failures
	case slices.Contains([]string{"meta-data", "methods", "validate-all"}, name):
		return Nothing
	case agent == "" && c.Kind != OpDefault:
		return Unclear
	}
	return Monitors
}

func attribute(operation, name string) string {
	for _, part := range strings.Fields(operation) {
		if v, ok := strings.CutPrefix(part, name+"="); ok {
			return v
		}
	}
	return ""
}

// database says whether a resource is PostgreSQL.
func database(agent string) bool {
	return strings.HasSuffix(agent, ":pgsql") || strings.HasSuffix(agent, ":pgsqlms")
}

func ofResource(c Change, old, updated *model) Consequence {
	holds := func(m *model) bool {
		for id, agent := range m.agents {
			if database(agent) && (id == c.Object || m.within[id] == c.Object) {
				return true
			}
		}
		return false
	}
	switch {
	case c.Op == Added:
		return Starts
	case c.Op == Removed:
		return onOff(holds(old), StopsDatabase, Stops)
	case agentOf(c.Old) == agentOf(c.New):
		return onOff(holds(updated), RestartsDatabase, Places) // it lies in another one
	}
	return onOff(holds(old) || holds(updated), RestartsDatabase, Restarts)
}

func agentOf(text string) string {
	agent, _, _ := strings.Cut(text, " in ")
	return agent
}

// ofParameter knows which parameters our agent takes over by itself. What is
// written as its default, or left out, is the same to the agent and not to the
// cluster, which compares what is written.
func ofParameter(c Change, agent string) Consequence {
	name, _, _ := strings.Cut(c.Name, " ")
	switch {
	case agent == "ocf:linuxhajapan:pgsql":
		for _, p := range ocf.Table("") {
			if p.Name == name && p.Reloadable {
				return Reloads
			}
		}
		return RestartsDatabase
	case database(agent):
		return RestartsDatabase
	case strings.HasPrefix(agent, "stonith:"):
		return FencesOtherwise
	}
	return Restarts
}
