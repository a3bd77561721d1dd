package crm

import (
	"context"
	"encoding/xml"
	"fmt"

	"pgrex/internal/run"
)

// glanceXPath selects from the CIB, where this partition has quorum, all nodes
// with their permanent attributes, and the transient attributes of those that
// are members in order. What says so is a word until Pacemaker 2.1.6 and since
// then the time at which it became true, 0 while it is not. The rest of the CIB,
// most of which is the history of operations, would cost more to carry than all
// that our monitor does.
const glanceXPath = `/cib[@have-quorum="1"]/configuration/nodes/node|` +
	`/cib[@have-quorum="1"]/status/node_state[(@in_ccm="true" or @in_ccm>0) and (@crmd="online" or @crmd>0)` +
	` and @join="member" and @expected="member"]/transient_attributes`

// glanceXML is what cibadmin makes of it.
type glanceXML struct {
	XMLName xml.Name `xml:"xpath-query"`
	Nodes   []struct {
		Name  string      `xml:"uname,attr"`
		ID    string      `xml:"id,attr"`
		Attrs []nvpairXML `xml:"instance_attributes>nvpair"`
	} `xml:"node"`
	Members []struct {
		ID    string      `xml:"id,attr"` // of the node
		Attrs []nvpairXML `xml:"instance_attributes>nvpair"`
	} `xml:"transient_attributes"`
}

type nvpairXML struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// Glance reads the cluster at half of the cost of [Client.State], and knows
// less: attributes, and which nodes are members in order. Roles are not told,
// and a node that is not a member in order is only not Online. settled is false
// when one is not, and the rest has to be asked for to know anything; without
// quorum there is an error.
func (c *Client) Glance(ctx context.Context) (s State, settled bool, err error) {
	res, err := c.Run.Run(ctx, run.Command{
		Argv: []string{"cibadmin", "-Q", "-l", "-A", glanceXPath},
		// The way to the local daemon is not encrypted: that GnuTLS gets ready for it
		// would be a tenth of what a monitor costs (GnuTLS manual, "Initialization").
		Env: []string{"GNUTLS_NO_IMPLICIT_INIT=1"},
	})
	if err != nil {
		return State{}, false, fmt.Errorf("cannot read the CIB: %w", err)
	}
	return ParseGlance(res.Stdout)
}

// ParseGlance reads the answer to Glance's query.
func ParseGlance(text []byte) (s State, settled bool, err error) {
	var x glanceXML
	if err := xml.Unmarshal(text, &x); err != nil {
		return State{}, false, fmt.Errorf("cannot read the XML of the CIB: %w", err)
	}
	s.Quorate = true // or nothing would have been found
	at := map[string]int{}
	for _, n := range x.Nodes {
		at[n.ID] = len(s.Nodes)
		node := Node{Name: n.Name, ID: n.ID, Attrs: map[string]string{}, AttrsKnown: true}
		for _, a := range n.Attrs {
			node.Attrs[a.Name] = a.Value
		}
		s.Nodes = append(s.Nodes, node)
	}
	for _, m := range x.Members {
		i, known := at[m.ID]
		if !known {
			return State{}, false, fmt.Errorf("the CIB has attributes of node %q and no such node", m.ID)
		}
		s.Nodes[i].Online = true
		for _, a := range m.Attrs {
			s.Nodes[i].Attrs[a.Name] = a.Value
		}
	}
	settled = len(s.Nodes) > 0
	for _, n := range s.Nodes {
		settled = settled && n.Online
	}
	return s, settled, nil
}
