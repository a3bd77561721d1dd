package definition

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pgrex/internal/run"
)

// Query reads the CIB of the running cluster, its state included.
func Query(ctx context.Context, r run.Runner) (*Element, error) {
	res, err := r.Run(ctx, run.Command{Argv: []string{"cibadmin", "-Q"}})
	if err != nil {
		return nil, fmt.Errorf("cannot read the CIB: %w", err)
	}
	cib, err := parseXML(res.Stdout)
	if err != nil {
		return nil, fmt.Errorf("cannot read the CIB: %w", err)
	}
	return cib, nil
}

// ownProperties are those that the cluster itself writes down. No definition
// has them, and none takes them away.
var ownProperties = []string{"have-watchdog", "dc-version", "cluster-infrastructure", "cluster-name", "last-lrm-refresh", "last-resource-refresh"}

// ClusterOwns says whether the cluster itself writes down a property.
func ClusterOwns(property string) bool { return slices.Contains(ownProperties, property) }

// Updated is the CIB of a running cluster with the definition in the place of
// its configuration. State, nodes with their attributes, and what the cluster
// has written down itself stay; what the definition says of a node is added.
func (d Definition) Updated(current *Element) (*Element, error) {
	target, err := NewTarget(current.attr("validate-with"))
	if err != nil {
		return nil, err
	}
	updated := current.clone()
	old := updated.section("configuration")
	configuration := d.translated(target)
	d.keepProperties(configuration.section("crm_config"), old.section("crm_config"))
	if err := d.addToNodes(configuration.section("nodes"), old.section("nodes")); err != nil {
		return nil, err
	}
	for i, child := range configuration.children {
		if child.name == "nodes" {
			configuration.children[i] = old.section("nodes")
		}
	}
	for _, same := range []string{"acls", "tags"} { // who may do what is no part of a definition
		if len(configuration.named(same)) == 0 {
			configuration.children = append(configuration.children, old.named(same)...)
		}
	}
	old.children = configuration.children
	return updated, nil
}

// keepProperties adds what the cluster has written down to the set of
// properties that it writes to.
func (d Definition) keepProperties(defined, current *element) {
	const set = "cib-bootstrap-options"
	for _, from := range current.named("cluster_property_set") {
		for _, pair := range from.named("nvpair") {
			if !ClusterOwns(pair.attr("name")) {
				continue
			}
			var to *element
			for _, s := range defined.named("cluster_property_set") {
				s.children = slices.DeleteFunc(s.children, func(p *element) bool { return p.attr("name") == pair.attr("name") })
				if s.attr("id") == set || to == nil {
					to = s
				}
			}
			if to == nil {
				to = defined.add(newElement("cluster_property_set", "id", set))
			}
			to.add(pair.clone())
		}
	}
}

// addToNodes adds what the definition says of nodes to what the cluster has,
// without data statuses: these are the agent's.
func (d Definition) addToNodes(defined, current *element) error {
	for _, node := range defined.named("node") {
		i := slices.IndexFunc(current.children, func(e *element) bool { return strings.EqualFold(e.attr("uname"), node.attr("uname")) })
		if i < 0 {
			return fmt.Errorf("the cluster does not know node %s of the definition", node.attr("uname"))
		}
		d.dropDataStatus(node)
		for _, kind := range []string{"instance_attributes", "utilization"} {
			for _, set := range node.named(kind) {
				addPairs(current.children[i], kind, set)
			}
		}
	}
	return nil
}

// addPairs sets the attributes of a set in the node's own set of that kind.
func addPairs(node *element, kind string, set *element) {
	if len(set.named("nvpair")) == 0 {
		return
	}
	to := node.section(kind)
	if to.attr("id") == "" {
		to.set("id", set.attr("id"))
	}
	for _, pair := range set.named("nvpair") {
		i := slices.IndexFunc(to.children, func(p *element) bool { return p.attr("name") == pair.attr("name") })
		if i < 0 {
			to.add(newElement("nvpair", "id", to.attr("id")+"-"+pair.attr("name"), "name", pair.attr("name"))).set("value", pair.attr("value"))
			continue
		}
		to.children[i].set("value", pair.attr("value"))
	}
}

// Change makes of the running cluster's CIB the updated one, in one transaction
// that touches nothing but what differs: the agent changes the data status of
// nodes at any time, and a replacement would put back what it has just taken
// away. crm_diff reads both from files, which nobody else can, and which are
// removed.
func Change(ctx context.Context, r run.Runner, current, updated *Element) error {
	tmp, err := os.MkdirTemp("", "pg-rex-apply-")
	if err != nil {
		return fmt.Errorf("cannot load the definition: %w", err)
	}
	defer os.RemoveAll(tmp)
	old, now := filepath.Join(tmp, "old.xml"), filepath.Join(tmp, "new.xml")
	for path, cib := range map[string]*element{old: current, now: updated} {
		if err := os.WriteFile(path, cib.text(), 0o600); err != nil {
			return fmt.Errorf("cannot load the definition: %w", err)
		}
	}
	res, err := r.Run(ctx, run.Command{Argv: []string{"crm_diff", "--no-version", "--original", old, "--new", now}})
	const differ = 1
	if status, ended := run.Status(err); err != nil && (!ended || status != differ) {
		return fmt.Errorf("cannot load the definition: %w", err)
	}
	if len(bytes.TrimSpace(res.Stdout)) == 0 {
		return errors.New("cannot load the definition: crm_diff finds no difference")
	}
	if _, err := r.Run(ctx, run.Command{Argv: []string{"cibadmin", "-P", "-p"}, Stdin: res.Stdout}); err != nil {
		return fmt.Errorf("cannot load the definition: %w", err)
	}
	return nil
}
