// Package crm talks to Pacemaker through its own command line tools: what the
// cluster looks like (crm_mon, cibadmin) and what the agent tells it (node
// attributes).
//
// The tools' XML is described by the few types below, after the schemas
// crm_mon-*.rng and nodes-*.rng of Pacemaker 2.0 to 3.0; unknown attributes
// and elements of newer releases are ignored, and their order never matters.
// What the values mean for PostgreSQL belongs to package replication.
package crm

import (
	"encoding/xml"
	"fmt"
	"maps"
	"strings"
)

// State is one reading of the cluster.
type State struct {
	// Quorate is true when the partition of this node has quorum.
	Quorate bool
	// IgnoresQuorum is true for the cluster property no-quorum-policy=ignore.
	IgnoresQuorum bool
	// Fencing is the cluster property stonith-enabled, also named fencing-enabled from 3.0.2 on.
	Fencing   bool
	Nodes     []Node
	Instances []Instance
}

// Node is a cluster node, with its attributes of both lifetimes by name.
type Node struct {
	Name, ID string
	Online   bool
	Pending  bool // its cluster layer is up, Pacemaker is still joining
	Unclean  bool // to be fenced, not confirmed yet
	Attrs    map[string]string
	// AttrsKnown is false for a node that is not online: crm_mon leaves it
	// out, and its permanent attributes have to be read from the CIB.
	AttrsKnown bool
}

// Instance is a resource instance that is active on a node.
type Instance struct {
	Resource string // without the instance number
	Node     string
	Role     string // Promoted or Unpromoted, whatever the release calls it; Started for others
	Failed   bool
}

// Node returns the node of a name, compared without regard to case.
func (s State) Node(name string) (Node, bool) {
	for _, n := range s.Nodes {
		if strings.EqualFold(n.Name, name) {
			return n, true
		}
	}
	return Node{}, false
}

// Promoted says whether an active instance of the resource on the node is in the promoted role.
func (s State) Promoted(resource, node string) bool {
	for _, i := range s.Instances {
		if i.Resource == resource && i.Role == Promoted && strings.EqualFold(i.Node, node) {
			return true
		}
	}
	return false
}

// The roles of a promotable clone's instance.
const (
	Promoted   = "Promoted"
	Unpromoted = "Unpromoted"
)

// crm_mon --output-as=xml. Root element pacemaker-result (2.0.3 and newer) or crm_mon (--as-xml).
type monXML struct {
	Summary struct {
		DC struct {
			Present    bool `xml:"present,attr"`
			WithQuorum bool `xml:"with_quorum,attr"`
		} `xml:"current_dc"`
		Options struct {
			Stonith  bool   `xml:"stonith-enabled,attr"`
			Fencing  bool   `xml:"fencing-enabled,attr"`
			NoQuorum string `xml:"no-quorum-policy,attr"`
		} `xml:"cluster_options"`
	} `xml:"summary"`
	Nodes []struct {
		Name    string `xml:"name,attr"`
		ID      string `xml:"id,attr"`
		Online  bool   `xml:"online,attr"`
		Pending bool   `xml:"pending,attr"`
		Unclean bool   `xml:"unclean,attr"`
	} `xml:"nodes>node"`
	Resources  resourcesXML `xml:"resources"`
	Attributes []struct {
		Name       string `xml:"name,attr"`
		Attributes []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"attribute"`
	} `xml:"node_attributes>node"`
	Status *struct {
		Code    int    `xml:"code,attr"`
		Message string `xml:"message,attr"`
	} `xml:"status"`
}

// resourcesXML is a tree: groups, clones and bundles hold resources.
type resourcesXML struct {
	Resources []struct {
		ID     string `xml:"id,attr"`
		Role   string `xml:"role,attr"`
		Active bool   `xml:"active,attr"`
		Failed bool   `xml:"failed,attr"`
		Nodes  []struct {
			Name string `xml:"name,attr"`
		} `xml:"node"`
	} `xml:"resource"`
	Groups   []resourcesXML `xml:"group"`
	Clones   []resourcesXML `xml:"clone"`
	Bundles  []resourcesXML `xml:"bundle"`
	Replicas []resourcesXML `xml:"replica"`
}

// ParseMon reads the XML of crm_mon.
func ParseMon(text []byte) (State, error) {
	var m monXML
	if err := xml.Unmarshal(text, &m); err != nil {
		return State{}, fmt.Errorf("cannot read the XML of crm_mon: %w", err)
	}
	if m.Status != nil && m.Status.Code != 0 {
		return State{}, fmt.Errorf("crm_mon answered %d: %s", m.Status.Code, m.Status.Message)
	}
	if len(m.Nodes) == 0 {
		return State{}, fmt.Errorf("the XML of crm_mon lists no node")
	}
	s := State{
		Quorate:       m.Summary.DC.WithQuorum,
		IgnoresQuorum: m.Summary.Options.NoQuorum == "ignore",
		Fencing:       m.Summary.Options.Stonith || m.Summary.Options.Fencing,
	}
	attrs := map[string]map[string]string{}
	for _, n := range m.Attributes {
		values := map[string]string{}
		for _, a := range n.Attributes {
			values[a.Name] = a.Value
		}
		attrs[n.Name] = values
	}
	for _, n := range m.Nodes {
		// With fencing crm_mon calls a node online whose Corosync alone runs.
		node := Node{Name: n.Name, ID: n.ID, Online: n.Online && !n.Pending, Pending: n.Pending, Unclean: n.Unclean,
			Attrs: attrs[n.Name], AttrsKnown: n.Online}
		if node.Attrs == nil {
			node.Attrs = map[string]string{}
		}
		s.Nodes = append(s.Nodes, node)
	}
	s.Instances = m.Resources.instances()
	return s, nil
}

func (r resourcesXML) instances() []Instance {
	var out []Instance
	for _, res := range r.Resources {
		id, _, _ := strings.Cut(res.ID, ":")
		for _, n := range res.Nodes {
			if res.Active {
				out = append(out, Instance{Resource: id, Node: n.Name, Role: role(res.Role), Failed: res.Failed})
			}
		}
	}
	for _, sub := range [][]resourcesXML{r.Groups, r.Clones, r.Bundles, r.Replicas} {
		for _, s := range sub {
			out = append(out, s.instances()...)
		}
	}
	return out
}

// role gives the names of Pacemaker 2.1 to those of older releases and of
// distributions that build newer ones in compatibility mode.
func role(name string) string {
	switch name {
	case "Master":
		return Promoted
	case "Slave":
		return Unpromoted
	case "Promoting", "Demoting":
		// Shown while the action runs. Either way the instance may be a primary.
		return Promoted
	}
	return name
}

// nodesXML is the section "nodes" of the CIB, where permanent attributes live.
type nodesXML struct {
	Nodes []struct {
		Name  string `xml:"uname,attr"`
		Attrs []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"instance_attributes>nvpair"`
	} `xml:"node"`
}

// addPermanent fills the permanent attributes of the nodes that crm_mon left out.
func (s *State) addPermanent(text []byte) error {
	all, err := parsePermanent(text)
	if err != nil {
		return err
	}
	for i, n := range s.Nodes {
		attrs, listed := all[n.Name]
		if n.AttrsKnown || !listed {
			continue
		}
		maps.Copy(s.Nodes[i].Attrs, attrs)
		s.Nodes[i].AttrsKnown = true
	}
	return nil
}

// parsePermanent reads the nodes section of a CIB.
func parsePermanent(text []byte) (map[string]map[string]string, error) {
	var x nodesXML
	if err := xml.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("cannot read the nodes section of the CIB: %w", err)
	}
	all := map[string]map[string]string{}
	for _, n := range x.Nodes {
		all[n.Name] = map[string]string{}
		for _, a := range n.Attrs {
			all[n.Name][a.Name] = a.Value
		}
	}
	return all, nil
}
