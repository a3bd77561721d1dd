package crm

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"strconv"

	"pgrex/internal/run"
)

// cibXML is what a glance takes from the CIB (cibadmin -Q).
type cibXML struct {
	XMLName    xml.Name `xml:"cib"`
	HaveQuorum string   `xml:"have-quorum,attr"`
	Nodes      []struct {
		Name  string      `xml:"uname,attr"`
		ID    string      `xml:"id,attr"`
		Attrs []nvpairXML `xml:"instance_attributes>nvpair"`
	} `xml:"configuration>nodes>node"`
	States []struct {
		Name     string      `xml:"uname,attr"`
		InCCM    string      `xml:"in_ccm,attr"`
		Crmd     string      `xml:"crmd,attr"`
		Join     string      `xml:"join,attr"`
		Expected string      `xml:"expected,attr"`
		Attrs    []nvpairXML `xml:"transient_attributes>instance_attributes>nvpair"`
	} `xml:"status>node_state"`
}

type nvpairXML struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// Glance reads the cluster at two thirds of the cost of [Client.State], and
// knows less: attributes, quorum, and which nodes are members in order. Roles
// are not told, and a node that is not a member in order is only not Online.
// settled is false when the rest has to be asked for to know anything.
func (c *Client) Glance(ctx context.Context) (s State, settled bool, err error) {
	// The way to the local daemon is not encrypted: that GnuTLS gets ready for it
	// would be a tenth of what a monitor costs (GnuTLS manual, "Initialization").
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"cibadmin", "-Q"}, Env: []string{"GNUTLS_NO_IMPLICIT_INIT=1"}})
	if err != nil {
		return State{}, false, fmt.Errorf("cannot read the CIB: %w", err)
	}
	return ParseGlance(res.Stdout)
}

// ParseGlance reads the XML of cibadmin -Q.
func ParseGlance(text []byte) (s State, settled bool, err error) {
	var x cibXML
	if err := xml.Unmarshal(withoutHistory(text), &x); err != nil {
		return State{}, false, fmt.Errorf("cannot read the XML of the CIB: %w", err)
	}
	s.Quorate = x.HaveQuorum == "1" || x.HaveQuorum == "true"
	settled = s.Quorate && len(x.Nodes) > 0
	at := map[string]int{}
	for _, n := range x.Nodes {
		at[n.Name] = len(s.Nodes)
		node := Node{Name: n.Name, ID: n.ID, Attrs: map[string]string{}, AttrsKnown: true}
		for _, a := range n.Attrs {
			node.Attrs[a.Name] = a.Value
		}
		s.Nodes = append(s.Nodes, node)
	}
	for _, st := range x.States {
		i, known := at[st.Name]
		if !known {
			settled = false
			continue
		}
		s.Nodes[i].Online = present(st.InCCM, "true") && present(st.Crmd, "online") && st.Join == "member" && st.Expected == "member"
		for _, a := range st.Attrs {
			s.Nodes[i].Attrs[a.Name] = a.Value
		}
	}
	for _, n := range s.Nodes {
		settled = settled && n.Online
	}
	return s, settled, nil
}

// withoutHistory cuts out what nobody asks for here and what most of the text
// is: the history of operations and the definition of the resources. In
// well-formed XML the tags stand nowhere but where they begin and end.
func withoutHistory(text []byte) []byte {
	for _, name := range []string{"lrm", "resources"} {
		var kept []byte
		rest := text
		for {
			from := bytes.Index(rest, []byte("<"+name+">"))
			if from < 0 {
				from = bytes.Index(rest, []byte("<"+name+" "))
			}
			end := []byte("</" + name + ">")
			length := 0
			if from >= 0 {
				length = bytes.Index(rest[from:], end)
			}
			if from < 0 || length < 0 {
				break
			}
			kept = append(kept, rest[:from]...)
			rest = rest[from+length+len(end):]
		}
		text = append(kept, rest...)
	}
	return text
}

// present reads a field of a node's state: a word until Pacemaker 2.1.6, since
// then the time at which it became so, 0 while it is not.
func present(value, word string) bool {
	since, err := strconv.ParseInt(value, 10, 64)
	return value == word || err == nil && since > 0
}
