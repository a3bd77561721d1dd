package crm

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The predicates compare names as a whole, those of nodes without regard to
// case as Pacemaker does. What they say of their reasons is made of the
// cluster's own words, which are the same in every language.

// Node returns the node of a name.
func (o Overview) Node(name string) (NodeStatus, bool) {
	for _, n := range o.Nodes {
		if strings.EqualFold(n.Name, name) {
			return n, true
		}
	}
	return NodeStatus{}, false
}

// Online says whether Pacemaker works on the node and may run resources there.
func (o Overview) Online(node string) (bool, string) {
	n, known := o.Node(node)
	if !known {
		return false, "unknown"
	}
	var why []string
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{!n.Online, "offline"}, {n.Pending, "pending"}, {n.Unclean, "unclean"}, {n.Standby, "standby"},
		{n.StandbyOnFail, "standby_onfail"}, {n.Maintenance, "maintenance"}, {n.Shutdown, "shutdown"},
	} {
		if flag.set {
			why = append(why, flag.name)
		}
	}
	return len(why) == 0, strings.Join(why, ",")
}

// FailuresSince lists the failed actions of a primitive on a node, those with
// a time before since left out. Pacemaker notes whole seconds, by the clock of
// the node where the action failed: since has to be of that clock.
func (o Overview) FailuresSince(primitive, node string, since time.Time) []Failure {
	var list []Failure
	for _, f := range o.Failures {
		old := !f.Time.IsZero() && f.Time.Before(since.Truncate(time.Second))
		if f.Resource == primitive && strings.EqualFold(f.Node, node) && !old {
			list = append(list, f)
		}
	}
	return list
}

// FailCount is how often a primitive has failed on a node.
func (o Overview) FailCount(primitive, node string) int {
	for _, c := range o.FailCounts {
		if c.Resource == primitive && strings.EqualFold(c.Node, node) {
			return c.Count
		}
	}
	return 0
}

// Of lists the resources that an id stands for: a primitive's own, or all that
// lie in a clone, group or bundle.
func (o Overview) Of(id string) []Resource {
	var list []Resource
	for _, r := range o.Resources {
		if r.ID == id || slices.Contains(r.Parents, id) {
			list = append(list, r)
		}
	}
	return list
}

// instance is the instance of a promotable clone that is active on a node.
func (o Overview) instance(promotable, primitive, node string) (Resource, bool) {
	for _, r := range o.Of(promotable) {
		if r.ID == primitive && r.ActiveOn(node) {
			return r, true
		}
	}
	return Resource{}, false
}

// ActiveOn says whether the resource, or this instance of it, is active on the node.
func (r Resource) ActiveOn(node string) bool {
	return r.Active && slices.ContainsFunc(r.Nodes, func(n string) bool { return strings.EqualFold(n, node) })
}

// PrimaryRuns says whether the primary runs on the node: its instance is
// promoted, its data are the newest, and the agent says so.
func (o Overview) PrimaryRuns(promotable, primitive, node string) (bool, string) {
	r, dataStatus, status := o.database(promotable, primitive, node)
	return r.Role == Promoted && dataStatus == "LATEST" && status == "PRI", databaseFacts(r, primitive, dataStatus, status)
}

// StandbyState says how a standby runs.
type StandbyState int

const (
	// NotRunning is a node without an unpromoted instance.
	NotRunning StandbyState = iota
	// NotSync is a standby that the primary does not wait for.
	NotSync
	// Sync is a standby that has all that the primary has confirmed.
	Sync
)

// StandbyRuns says how a standby runs on the node.
func (o Overview) StandbyRuns(promotable, primitive, node string) (StandbyState, string) {
	r, dataStatus, status := o.database(promotable, primitive, node)
	why := databaseFacts(r, primitive, dataStatus, status)
	switch {
	case r.Role != Unpromoted:
		return NotRunning, why
	case dataStatus == "STREAMING|SYNC" && status == "HS:sync":
		return Sync, why
	}
	return NotSync, why
}

func (o Overview) database(promotable, primitive, node string) (r Resource, dataStatus, status string) {
	r, _ = o.instance(promotable, primitive, node)
	n, _ := o.Node(node)
	return r, n.Attrs[DataStatus(primitive)], n.Attrs[primitive+"-status"]
}

func databaseFacts(r Resource, primitive, dataStatus, status string) string {
	role := r.Role
	if role == "" {
		role = "Stopped"
	}
	return fmt.Sprintf("role=%s, %s=%s, %s-status=%s", role, DataStatus(primitive), dataStatus, primitive, status)
}

// DataStatus is the name of the permanent attribute that says what a node's data are worth.
func DataStatus(primitive string) string { return primitive + "-data-status" }

// RunsOn says whether a resource runs on the node. A clone does with an
// instance there, a group or a clone of groups with all its members. An
// instance that has failed is about to be stopped and does not run.
func (o Overview) RunsOn(id, node string) (bool, string) {
	state := map[string]string{} // of the members, "" for one that runs
	var members, why []string
	for _, r := range o.Of(id) {
		if _, seen := state[r.ID]; !seen {
			state[r.ID] = "Stopped"
			members = append(members, r.ID)
		}
		switch {
		case !r.ActiveOn(node):
		case settled(r):
			state[r.ID] = ""
		case state[r.ID] != "":
			state[r.ID] = r.state()
		}
	}
	if len(members) == 0 {
		return false, id + "=unknown"
	}
	for _, m := range members {
		if state[m] != "" {
			why = append(why, m+"="+state[m])
		}
	}
	return len(why) == 0, strings.Join(why, ", ")
}

// settled says whether an active instance runs, and no action on it.
func settled(r Resource) bool {
	return slices.Contains([]string{"Started", Promoted, Unpromoted}, r.Role) && (!r.Failed || r.FailureIgnored)
}

// givenUp says whether somebody has to clean the resource up before Pacemaker
// does anything more with it.
func (r Resource) givenUp() bool { return r.Failed && r.Blocked }

func (r Resource) state() string {
	switch {
	case r.givenUp():
		return "failed,blocked"
	case r.Failed:
		return "failed"
	}
	return r.Role
}

// AllRunOn says whether each of the resources runs on the node; of no resource it is true.
func (o Overview) AllRunOn(ids []string, node string) (bool, string) {
	var why []string
	for _, id := range ids {
		if ok, w := o.RunsOn(id, node); !ok {
			why = append(why, w)
		}
	}
	return len(why) == 0, strings.Join(why, ", ")
}

// AnyRunsOn says whether one of the resources runs on the node; of no resource it is true.
func (o Overview) AnyRunsOn(ids []string, node string) (bool, string) {
	var why []string
	for _, id := range ids {
		ok, w := o.RunsOn(id, node)
		if ok {
			return true, ""
		}
		why = append(why, w)
	}
	return len(why) == 0, strings.Join(why, ", ")
}

// Trouble is a resource that does not do on a node what it is there for.
type Trouble struct {
	Resource string
	Kind     TroubleKind
}

// TroubleKind says what is wrong with a resource.
type TroubleKind string

const (
	// Failed is an instance whose last action failed; Blocked one that
	// Pacemaker has given up, so that somebody has to clean it up.
	Failed, Blocked TroubleKind = "failed", "blocked"
	// Stopped is a resource that runs nowhere, or a clone without an instance
	// on the node; Disabled one that somebody has told to be so.
	Stopped, Disabled TroubleKind = "stopped", "disabled"
)

// BlockedOn lists the primitives that Pacemaker has given up on a node. Its own
// end there waits for them.
func (o Overview) BlockedOn(node string) []string {
	var list []string
	for _, r := range o.Resources {
		if r.ActiveOn(node) && r.givenUp() {
			list = append(list, r.ID)
		}
	}
	return list
}

// Troubles lists what is wrong on a node with resources other than the known
// ones, which are named by their own id or by that of what they lie in.
func (o Overview) Troubles(node string, known []string) []Trouble {
	var list []Trouble
	seen := map[string]bool{}
	for _, r := range o.Resources {
		named := slices.Contains(known, r.ID) || slices.ContainsFunc(r.Parents, func(p string) bool { return slices.Contains(known, p) })
		if named || r.Orphaned || seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		if kind := o.trouble(r, node); kind != "" {
			list = append(list, Trouble{Resource: r.ID, Kind: kind})
		}
	}
	return list
}

// trouble looks at all instances of a primitive.
func (o Overview) trouble(of Resource, node string) TroubleKind {
	elsewhere := false
	for _, r := range o.Resources {
		switch {
		case r.ID != of.ID:
		case !r.ActiveOn(node):
			elsewhere = elsewhere || r.Active
		case r.givenUp():
			return Blocked
		case r.Failed && !r.FailureIgnored:
			return Failed
		default:
			return ""
		}
	}
	switch {
	case of.Disabled:
		return Disabled
	case elsewhere && of.Clone == "":
		return ""
	}
	return Stopped
}

// Role is the role of the database's instance on a node, "" when none is active there.
func (o Overview) Role(promotable, primitive, node string) string {
	r, _ := o.instance(promotable, primitive, node)
	return r.Role
}
