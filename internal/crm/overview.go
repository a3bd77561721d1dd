package crm

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/run"
)

// Overview is one reading of the cluster with all that an operator's command
// asks about: [State] with roles as they are, and what has failed.
type Overview struct {
	DC      string // name of the node that coordinates the cluster, "" while there is none
	Version string // of Pacemaker, on the DC
	Quorate bool
	// The cluster properties of these names. Fencing is stonith-enabled, also
	// named fencing-enabled from 3.0.2 on.
	Fencing, MaintenanceMode bool
	NoQuorumPolicy           string

	Nodes      []NodeStatus
	Resources  []Resource
	Failures   []Failure   // as Pacemaker lists them, the order means nothing
	FailCounts []FailCount // those that are not 0
	Bans       []Ban
	Fencings   []Fencing
}

// NodeStatus is a node of the cluster with everything that may keep resources off it.
type NodeStatus struct {
	Name, ID               string
	Online                 bool
	Standby, StandbyOnFail bool
	Maintenance            bool
	Pending                bool   // its cluster layer is up, Pacemaker is still joining
	Unclean                bool   // to be fenced, not confirmed yet
	Shutdown               bool   // it has asked to leave
	FeatureSet             string // "" where the release does not tell
	Attrs                  map[string]string
	// AttrsKnown is false for a node that is not online: crm_mon leaves it out.
	AttrsKnown bool
}

// Resource is a primitive, or one instance of a cloned one.
type Resource struct {
	ID      string   // without the instance number
	Parents []string // ids of the clone, group or bundle that it lies in, the outermost first
	Clone   string   // the one of them that is a clone
	// Role is Started, Stopped, Promoted or Unpromoted, whatever the release
	// calls it, and while an action runs Starting, Stopping, Promoting, Demoting or Migrating.
	Role     string
	Disabled bool // its target role is Stopped

	Active, Failed, FailureIgnored, Blocked, Managed, Maintenance, Orphaned bool

	Nodes []string // where it is active
}

// Failure is one entry of the list of failed actions.
type Failure struct {
	Resource  string // without the instance number
	Node      string
	Operation string // start, monitor, promote, ...
	Interval  time.Duration
	Status    string // of the execution: complete, Timed Out, Error, ...
	ExitCode  int
	Exit      string    // what the exit code means
	Reason    string    // the agent's own words, "" when it gave none
	Time      time.Time // of its node's clock, in seconds; zero when it is not known
}

// FailCount says how often a resource has failed on a node.
type FailCount struct {
	Resource, Node string
	Count          int // Infinity for a failure that is final
}

// Infinity is Pacemaker's score of that name.
const Infinity = 1000000

// Ban is a location constraint that keeps a resource off a node. What prefers
// a node is no ban and is not listed.
type Ban struct {
	ID, Resource, Node string
	Score              int
	PromotedOnly       bool
}

// ByCommand says whether an operator's command (crm_resource, pcs or crmsh:
// ban, move) left the constraint behind.
func (b Ban) ByCommand() bool {
	return strings.HasPrefix(b.ID, "cli-ban-") || strings.HasPrefix(b.ID, "cli-prefer-")
}

// Fencing is one entry of the history of fencing, which the cluster keeps until
// it is stopped everywhere.
type Fencing struct {
	Target, Action string
	State          string // success, failed or pending
	Client, Origin string
	Delegate       string    // the node that did it; "a human" for a confirmation by hand
	Completed      time.Time // zero while it is pending
}

// Overview runs crm_mon once. XML has all sections; until Pacemaker 2.0.2 the
// resources that are not active have to be asked for.
func (c *Client) Overview(ctx context.Context) (Overview, error) {
	text, err := c.overviewText(ctx)
	if err != nil {
		return Overview{}, err
	}
	return ParseOverview(text)
}

// Whole is [Client.Overview] and [Client.State] of one moment.
func (c *Client) Whole(ctx context.Context, wanted []string) (Overview, State, error) {
	text, err := c.overviewText(ctx)
	if err != nil {
		return Overview{}, State{}, err
	}
	o, err := ParseOverview(text)
	if err != nil {
		return o, State{}, err
	}
	s, err := ParseMon(text)
	if err == nil {
		err = c.complete(ctx, &s, wanted)
	}
	return o, s, err
}

func (c *Client) overviewText(ctx context.Context) ([]byte, error) {
	var res run.Result
	var err error
	for _, form := range []string{"--output-as=xml", "--as-xml"} {
		res, err = c.Run.Run(ctx, run.Command{
			Argv: []string{"crm_mon", "-1", form, "-r"},
			// Some times are written without their zone.
			Env: []string{"TZ=UTC0"},
		})
		if status, ended := run.Status(err); !ended || status != wrongUsage && status != wrongUsageLegacy {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the cluster's state: %w", err)
	}
	return res.Stdout, nil
}

// ParseOverview reads the XML of crm_mon, of Pacemaker 1.1 to 3.0.
func ParseOverview(text []byte) (Overview, error) {
	var root element
	if err := xml.Unmarshal(text, &root); err != nil {
		return Overview{}, fmt.Errorf("cannot read the XML of crm_mon: %w", err)
	}
	for _, s := range root.named("status") {
		if code := s.attr("code"); code != "0" {
			return Overview{}, fmt.Errorf("crm_mon answered %s: %s", code, s.attr("message"))
		}
	}
	var o Overview
	for _, dc := range root.all("summary", "current_dc") {
		if isTrue(dc.attr("present")) {
			o.DC = dc.attr("name")
		}
		o.Version, o.Quorate = dc.attr("version"), isTrue(dc.attr("with_quorum"))
	}
	for _, options := range root.all("summary", "cluster_options") {
		o.Fencing = isTrue(options.attr("stonith-enabled")) || isTrue(options.attr("fencing-enabled"))
		o.MaintenanceMode = isTrue(options.attr("maintenance-mode"))
		o.NoQuorumPolicy = options.attr("no-quorum-policy")
	}
	attrs := map[string]map[string]string{}
	for _, n := range root.all("node_attributes", "node") {
		values := map[string]string{}
		for _, a := range n.named("attribute") {
			values[a.attr("name")] = a.attr("value")
		}
		attrs[n.attr("name")] = values
	}
	for _, n := range root.all("nodes", "node") {
		o.Nodes = append(o.Nodes, nodeStatus(n, attrs[n.attr("name")]))
	}
	if len(o.Nodes) == 0 {
		return Overview{}, errors.New("the XML of crm_mon lists no node")
	}
	for _, r := range root.named("resources") {
		o.Resources = append(o.Resources, resources(r, Resource{})...)
	}
	for _, f := range root.all("failures", "failure") {
		failed := failure(f)
		if root.XMLName.Local == "pacemaker-result" {
			failed.Reason = escapedTwice.Replace(failed.Reason)
		}
		o.Failures = append(o.Failures, failed)
	}
	for _, n := range root.all("node_history", "node") {
		for _, h := range n.named("resource_history") {
			if count := number(h.attr("fail-count")); count > 0 {
				o.FailCounts = append(o.FailCounts, FailCount{Resource: withoutNumber(h.attr("id")), Node: n.attr("name"), Count: count})
			}
		}
	}
	for _, b := range root.all("bans", "ban") {
		o.Bans = append(o.Bans, Ban{ID: b.attr("id"), Resource: b.attr("resource"), Node: b.attr("node"), Score: number(b.attr("weight")),
			PromotedOnly: isTrue(b.attr("promoted-only")) || isTrue(b.attr("master_only"))})
	}
	for _, e := range root.all("fence_history", "fence_event") {
		state := e.attr("status")
		if state == "" {
			state = e.attr("state") // until 2.0.2
		}
		o.Fencings = append(o.Fencings, Fencing{Target: e.attr("target"), Action: e.attr("action"), State: state,
			Client: e.attr("client"), Origin: e.attr("origin"), Delegate: e.attr("delegate"), Completed: monTime(e.attr("completed"))})
	}
	return o, nil
}

// all lists the elements of a name in the sections of a name.
func (e *element) all(section, name string) []*element {
	var list []*element
	for _, s := range e.named(section) {
		list = append(list, s.named(name)...)
	}
	return list
}

func nodeStatus(n *element, attrs map[string]string) NodeStatus {
	if attrs == nil {
		attrs = map[string]string{}
	}
	is := func(name string) bool { return isTrue(n.attr(name)) }
	return NodeStatus{Name: n.attr("name"), ID: n.attr("id"), Online: is("online"), Standby: is("standby"),
		StandbyOnFail: is("standby_onfail"), Maintenance: is("maintenance"), Pending: is("pending"), Unclean: is("unclean"),
		Shutdown: is("shutdown"), FeatureSet: n.attr("feature_set"), Attrs: attrs, AttrsKnown: is("online")}
}

// resources lists what lies below an element, with what around has of it.
func resources(e *element, around Resource) []Resource {
	var list []Resource
	for i := range e.Children {
		child := &e.Children[i]
		inside := around
		switch child.XMLName.Local {
		case "resource":
			list = append(list, resource(child, around))
			continue
		case "clone":
			inside.Clone = withoutNumber(child.attr("id"))
			fallthrough
		case "group", "bundle":
			inside.Parents = append(slices.Clone(around.Parents), withoutNumber(child.attr("id")))
			fallthrough
		case "replica": // of a bundle
			list = append(list, resources(child, inside)...)
		}
	}
	return list
}

func resource(e *element, r Resource) Resource {
	is := func(name string) bool { return isTrue(e.attr(name)) }
	r.ID, r.Role, r.Disabled = withoutNumber(e.attr("id")), exactRole(e.attr("role")), strings.EqualFold(e.attr("target_role"), "Stopped")
	r.Active, r.Failed, r.FailureIgnored = is("active"), is("failed"), is("failure_ignored")
	r.Blocked, r.Managed, r.Maintenance, r.Orphaned = is("blocked"), is("managed"), is("maintenance"), is("orphaned") || is("removed")
	for _, n := range e.named("node") {
		r.Nodes = append(r.Nodes, n.attr("name"))
	}
	return r
}

// exactRole is role without its caution: an instance that is being promoted is
// no primary yet.
func exactRole(name string) string {
	switch name {
	case "Master", "Slave":
		return role(name)
	}
	return name
}

func withoutNumber(id string) string {
	id, _, _ = strings.Cut(id, ":")
	return id
}

// escapedTwice undoes what releases since 2.0.3 do to an exit reason before
// they hand it to the XML library, which does it again.
var escapedTwice = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")

func failure(f *element) Failure {
	key := f.attr("op_key")
	if key == "" {
		key = f.attr("id") // of the entry in the history
	}
	code, _ := strconv.Atoi(f.attr("exitcode"))
	out := Failure{Node: f.attr("node"), Status: f.attr("status"), ExitCode: code, Exit: f.attr("exitstatus"),
		Reason: f.attr("exitreason"), Time: monTime(f.attr("last-rc-change"))}
	if out.Reason == "none" { // what all but some releases of 2.1 write for no reason
		out.Reason = ""
	}
	out.Resource, out.Operation, out.Interval = operationKey(key)
	if task := f.attr("task"); task != "" {
		out.Operation = task
	}
	return out
}

// underscored are the operations with an underscore of their own. The last one
// is none: so the history calls a failure that it keeps after a later success.
var underscored = []string{"migrate_to", "migrate_from", "last_failure"}

// operationKey splits RESOURCE_OPERATION_INTERVAL, where a resource may have
// underscores in its name. That of a notification is RESOURCE_WHEN_notify_OPERATION.
func operationKey(key string) (resource, operation string, interval time.Duration) {
	rest, number := cutLast(key)
	ms, err := strconv.Atoi(number)
	if err != nil {
		return withoutNumber(key), "", 0
	}
	interval = time.Duration(ms) * time.Millisecond
	for _, when := range []string{"_pre_notify_", "_post_notify_"} {
		if i := strings.LastIndex(rest, when); i > 0 {
			return withoutNumber(rest[:i]), "notify", interval
		}
	}
	for _, op := range underscored {
		if before, found := strings.CutSuffix(rest, "_"+op); found {
			return withoutNumber(before), op, interval
		}
	}
	resource, operation = cutLast(rest)
	return withoutNumber(resource), operation, interval
}

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '_')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// number reads a score.
func number(text string) int {
	switch text {
	case "INFINITY", "+INFINITY":
		return Infinity
	case "-INFINITY":
		return -Infinity
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// monTime reads a time as the releases write it: like ctime until 2.0.2 and in
// parts since, else with the zone. It is zero for what is none.
func monTime(text string) time.Time {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	for _, layout := range []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", time.RFC3339, time.ANSIC} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
