package rehearsal

import (
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/definition"
)

// newState is a cluster with a configuration whose nodes have just come up:
// everything is stopped, and what is watched is well.
func newState(m Model, configuration *definition.Element, schema string) *definition.Element {
	cib := definition.NewElement("cib", "crm_feature_set", "3.6.1", "validate-with", schema, "epoch", "1", "num_updates", "0", "admin_epoch", "0",
		"have-quorum", "1")
	configuration = configuration.Clone()
	dropSecrets(configuration)
	cib.Add(configuration)
	nodes := configuration.Section("nodes")
	given := slices.Clone(nodes.Children())
	nodes.Remove(func(*definition.Element) bool { return true })
	status := cib.Add(definition.NewElement("status"))
	for i, name := range m.Nodes {
		id := strconv.Itoa(i + 1)
		node := definition.NewElement("node", "id", id, "uname", name)
		for _, g := range given {
			if strings.EqualFold(g.Attr("uname"), name) {
				node = g.Clone()
				node.Set("id", id)
				node.Set("uname", name)
			}
		}
		nodes.Add(node)
		state := status.Add(definition.NewElement("node_state", "id", id, "uname", name, "in_ccm", "true", "crmd", "online", "join", "member", "expected", "member"))
		state.Add(definition.NewElement("transient_attributes", "id", id))
		state.Add(definition.NewElement("lrm", "id", id)).Add(definition.NewElement("lrm_resources"))
		for _, w := range m.Watched {
			setAttribute(cib, name, w.Name, w.Good)
		}
	}
	return cib
}

// dropSecrets removes passwords: the scheduler has no use for them, and what it
// is given comes out again in files.
func dropSecrets(e *definition.Element) {
	e.Each(func(e *definition.Element) {
		if e.Name() == "nvpair" && definition.IsSecret(e.Attr("name")) {
			e.Set("value", "-")
		}
	})
}

// nodeState is what the state says of a node, nil where it says nothing.
func nodeState(cib *definition.Element, node string) *definition.Element {
	for _, s := range cib.Section("status").Named("node_state") {
		if strings.EqualFold(s.Attr("uname"), node) {
			return s
		}
	}
	return nil
}

// attributes is the set of transient attributes of a node.
func attributes(cib *definition.Element, node string) *definition.Element {
	state := nodeState(cib, node)
	if state == nil {
		return definition.NewElement("instance_attributes")
	}
	all := state.Section("transient_attributes")
	if all.Attr("id") == "" {
		all.Set("id", state.Attr("id"))
	}
	set := all.Section("instance_attributes")
	if set.Attr("id") == "" {
		set.Set("id", "status-"+state.Attr("id"))
	}
	return set
}

func attribute(cib *definition.Element, node, name string) string {
	for _, pair := range attributes(cib, node).Named("nvpair") {
		if pair.Attr("name") == name {
			return pair.Attr("value")
		}
	}
	return ""
}

// setAttribute sets a transient attribute, and says whether that changes it.
func setAttribute(cib *definition.Element, node, name, value string) bool {
	set := attributes(cib, node)
	for _, pair := range set.Named("nvpair") {
		if pair.Attr("name") == name {
			changed := pair.Attr("value") != value
			pair.Set("value", value)
			return changed
		}
	}
	id := set.Attr("id") + "-" + strings.Map(func(r rune) rune {
		if strings.ContainsRune("#:$ ", r) {
			return '.'
		}
		return r
	}, name)
	set.Add(definition.NewElement("nvpair", "id", id, "name", name, "value", value))
	return true
}

// alive says whether a node takes part in the cluster.
func alive(cib *definition.Element, node string) bool {
	s := nodeState(cib, node)
	return s != nil && s.Attr("crmd") == "online" && !slices.Contains([]string{"false", "0"}, s.Attr("in_ccm"))
}

// lastAction is what was done last with a primitive on a node, and whether it
// succeeded; "" for nothing. What a probe has found counts as done: after a
// cleanup the cluster knows nothing else.
func lastAction(cib *definition.Element, node, resource string) (do string, ok bool) {
	state := nodeState(cib, node)
	if state == nil {
		return "", false
	}
	latest := -1
	for _, r := range state.Section("lrm").Section("lrm_resources").Named("lrm_resource") {
		if withoutInstance(r.Attr("id")) != resource {
			continue
		}
		for _, op := range r.Named("lrm_rsc_op") {
			done, well := op.Attr("operation"), op.Attr("rc-code") == "0"
			if done == "monitor" && op.Attr("interval") == "0" {
				done, well = found[op.Attr("rc-code")], true
			}
			if !slices.Contains([]string{"start", "stop", "promote", "demote"}, done) {
				continue
			}
			if call, err := strconv.Atoi(op.Attr("call-id")); err == nil && call > latest {
				latest, do, ok = call, done, well
			}
		}
	}
	return do, ok
}

// found is what exit codes of a probe amount to.
var found = map[string]string{"0": "start", "7": "stop", "8": "promote"}
