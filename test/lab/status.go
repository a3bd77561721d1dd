package lab

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Role is what Pacemaker has a node's PostgreSQL instance be.
type Role string

// Roles; the words of Pacemaker before 2.1 are read as the new ones. While an
// action runs that changes the role, Pacemaker says so in place of the role.
const (
	Stopped    Role = "Stopped"
	Starting   Role = "Starting"
	Unpromoted Role = "Unpromoted"
	Promoting  Role = "Promoting"
	Promoted   Role = "Promoted"
	Demoting   Role = "Demoting"
	Stopping   Role = "Stopping"
)

// Status is what the cluster says of itself at one moment.
type Status struct {
	Asked  string // the node that answered
	DC     string
	Quorum bool
	Nodes  map[string]NodeStatus
	VIPs   map[string]string // vip-master, vip-rep, vip-slave → node; empty: nowhere
	Failed []FailedAction
}

// NodeStatus is one node as the cluster sees it.
type NodeStatus struct {
	Online     bool
	Standby    bool
	Role       Role
	Failed     bool // the instance failed and is not recovered
	Blocked    bool // the instance is left alone until a person comes
	Attributes map[string]string
	Locked     bool // the agent's lock file is on its disk
	PoweredOn  bool
}

// FailedAction is an action of an agent that went wrong and was not cleaned up.
type FailedAction struct {
	Node, Operation, Status, Reason string
}

// Status asks the cluster through the first node that answers.
func (l *Lab) Status(ctx context.Context) (Status, error) {
	var errs []error
	for _, n := range l.nodes {
		if !n.Running() {
			continue
		}
		s, err := n.Status(ctx)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		l.Complete(&s)
		return s, nil
	}
	if len(errs) == 0 {
		return Status{}, errors.New("no node is running")
	}
	return Status{}, errors.Join(errs...)
}

// Status asks this node: cut off nodes see different clusters.
func (n *Node) Status(ctx context.Context) (Status, error) {
	out, err := n.Run(ctx, "crm_mon", "-1", "--output-as=xml", "--inactive")
	if err != nil {
		return Status{}, err
	}
	s, err := parseCrmMon([]byte(out))
	s.Asked = n.Name
	return s, err
}

// Complete adds what the lab itself sees of the nodes.
func (l *Lab) Complete(s *Status) {
	for _, n := range l.nodes {
		node := s.Nodes[n.Name]
		node.Locked, node.PoweredOn = n.Locked(), n.Running()
		if node.Role == "" {
			node.Role = Stopped
		}
		s.Nodes[n.Name] = node
	}
}

// Primary is the node whose instance is promoted; empty if none or more than one is.
func (s Status) Primary() string {
	var found []string
	for name, n := range s.Nodes {
		if n.Role == Promoted {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

func (s Status) hasSyncBeside(name string) bool {
	for other, n := range s.Nodes {
		if other != name && n.Attributes["pgsql-status"] == "HS:sync" {
			return true
		}
	}
	return false
}

// String is one line for messages.
func (s Status) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
		n := s.Nodes[name]
		state := string(n.Role)
		if !n.Online {
			state = "offline"
		}
		parts = append(parts, fmt.Sprintf("%s %s %s/%s", name, state, n.Attributes["pgsql-status"], n.Attributes["pgsql-data-status"]))
	}
	for _, vip := range slices.Sorted(maps.Keys(s.VIPs)) {
		parts = append(parts, vip+"="+s.VIPs[vip])
	}
	for _, f := range s.Failed {
		parts = append(parts, fmt.Sprintf("failed %s on %s: %s %s", f.Operation, f.Node, f.Status, f.Reason))
	}
	return strings.Join(parts, ", ")
}

// crmMon is the part of crm_mon's XML that is read.
type crmMon struct {
	DC struct {
		Name   string `xml:"name,attr"`
		Quorum bool   `xml:"with_quorum,attr"`
	} `xml:"summary>current_dc"`
	Nodes []struct {
		Name    string `xml:"name,attr"`
		Online  bool   `xml:"online,attr"`
		Standby bool   `xml:"standby,attr"`
	} `xml:"nodes>node"`
	Resources struct {
		Single []crmResource `xml:"resource"`
		Groups []crmGroup    `xml:"group"`
		Clones []crmClone    `xml:"clone"`
	} `xml:"resources"`
	Attributes []struct {
		Name  string `xml:"name,attr"`
		Pairs []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"attribute"`
	} `xml:"node_attributes>node"`
	Failures []struct {
		Node   string `xml:"node,attr"`
		OpKey  string `xml:"op_key,attr"`
		Status string `xml:"exitstatus,attr"`
		Reason string `xml:"exitreason,attr"`
	} `xml:"failures>failure"`
}

type crmGroup struct {
	Members []crmResource `xml:"resource"`
}

type crmClone struct {
	ID        string        `xml:"id,attr"`
	Instances []crmResource `xml:"resource"`
}

type crmResource struct {
	ID      string `xml:"id,attr"`
	Role    string `xml:"role,attr"`
	Active  bool   `xml:"active,attr"`
	Failed  bool   `xml:"failed,attr"`
	Blocked bool   `xml:"blocked,attr"`
	Nodes   []struct {
		Name string `xml:"name,attr"`
	} `xml:"node"`
}

// parseCrmMon reads the output of crm_mon --output-as=xml, of Pacemaker 2.0 to 3.0.
func parseCrmMon(out []byte) (Status, error) {
	var mon crmMon
	if err := xml.Unmarshal(out, &mon); err != nil {
		return Status{}, fmt.Errorf("cannot read crm_mon's output: %w", err)
	}
	s := Status{
		DC: mon.DC.Name, Quorum: mon.DC.Quorum,
		Nodes: map[string]NodeStatus{}, VIPs: map[string]string{"vip-master": "", "vip-rep": "", "vip-slave": ""},
	}
	for _, n := range mon.Nodes {
		s.Nodes[n.Name] = NodeStatus{Online: n.Online, Standby: n.Standby, Role: Stopped, Attributes: map[string]string{}}
	}
	for _, n := range mon.Attributes {
		for _, a := range n.Pairs {
			if node, ok := s.Nodes[n.Name]; ok {
				node.Attributes[a.Name] = a.Value
			}
		}
	}
	singles := mon.Resources.Single
	for _, g := range mon.Resources.Groups {
		singles = append(singles, g.Members...)
	}
	for _, r := range singles {
		if _, known := s.VIPs[r.ID]; known && r.Active && len(r.Nodes) > 0 {
			s.VIPs[r.ID] = r.Nodes[0].Name
		}
	}
	for _, c := range mon.Resources.Clones {
		for _, r := range c.Instances {
			s.addInstance(r)
		}
	}
	for _, f := range mon.Failures {
		s.Failed = append(s.Failed, FailedAction{Node: f.Node, Operation: f.OpKey, Status: f.Status, Reason: f.Reason})
	}
	return s, nil
}

func (s Status) addInstance(r crmResource) {
	if id, _, _ := strings.Cut(r.ID, ":"); id != "pgsql" || !r.Active {
		return
	}
	for _, on := range r.Nodes {
		n, ok := s.Nodes[on.Name]
		if !ok {
			continue
		}
		n.Role, n.Failed, n.Blocked = parseRole(r.Role), r.Failed, r.Blocked
		s.Nodes[on.Name] = n
	}
}

func parseRole(word string) Role {
	switch word {
	case "Master":
		return Promoted
	case "Slave", "Started":
		return Unpromoted
	}
	return Role(word)
}
