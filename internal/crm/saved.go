package crm

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"pgrex/internal/run"
)

// SavedNode is a node as a CIB has it: with its permanent attributes only.
type SavedNode struct {
	Name, ID string
	Attrs    map[string]string
}

// SavedNodes are the nodes of a CIB.
type SavedNodes []SavedNode

// Node returns the node of a name, compared without regard to case.
func (s SavedNodes) Node(name string) (SavedNode, bool) {
	for _, n := range s {
		if strings.EqualFold(n.Name, name) {
			return n, true
		}
	}
	return SavedNode{}, false
}

// DataStatus is what a node's data are worth by what the CIB says, "" where it
// says nothing.
func (s SavedNodes) DataStatus(primitive, node string) string {
	n, _ := s.Node(node)
	return n.Attrs[DataStatus(primitive)]
}

// ParseSavedNodes reads the nodes of a CIB: of [CIBFile] while Pacemaker is
// down, or of what [Client.CIB] answers. [ParseDefinitions] reads the resources
// of the same text.
func ParseSavedNodes(text []byte) (SavedNodes, error) {
	var root element
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("cannot read the XML of the CIB: %w", err)
	}
	configuration := root.named("configuration")
	if root.XMLName.Local != "cib" || len(configuration) == 0 {
		return nil, errors.New("cannot read the XML of the CIB: it has no configuration")
	}
	x := cib{byID: map[string]*element{}}
	x.index(configuration[0])
	var list SavedNodes
	for _, n := range configuration[0].all("nodes", "node") {
		list = append(list, SavedNode{Name: n.attr("uname"), ID: n.attr("id"),
			Attrs: x.attributes([]*element{n}, "instance_attributes", &Definition{})})
	}
	return list, nil
}

// CIB is the text of the cluster's CIB.
func (c *Client) CIB(ctx context.Context) ([]byte, error) {
	res, err := c.Run.Run(ctx, run.Command{Argv: []string{"cibadmin", "-Q"}})
	if err != nil {
		return nil, fmt.Errorf("cannot read the CIB: %w", err)
	}
	return res.Stdout, nil
}
