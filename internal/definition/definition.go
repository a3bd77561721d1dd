// Package definition reads cluster definitions, the files that the start of a
// primary is given: CIB XML, or the text of crmsh that pm_crmgen writes. It
// checks a definition against what the configuration of the commands and the
// cluster say, writes it in the words of a release of Pacemaker, and loads it.
// Neither pcs nor crmsh is needed.
//
// A definition is read in full or not at all: what the reader does not
// understand is an error, never left out.
//
// What a running cluster does with its resources belongs to crm.
package definition

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"pgrex/internal/crm"
)

// Definition is the configuration of a cluster.
type Definition struct {
	configuration *element
	primitives    []crm.Definition
}

// maxSize is a hundred times what a definition of PG-REX has.
const maxSize = 4 << 20

// Read reads a definition. What kind it is of is decided by its content: XML
// begins with "<", comments of crmsh apart. An error of crmsh text that has a
// line is a [*LineError].
func Read(text []byte) (Definition, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(text) > maxSize {
		return Definition{}, fmt.Errorf("the definition is greater than %d bytes", maxSize)
	}
	var configuration *element
	var err error
	if body := withoutComments(text); bytes.HasPrefix(body, []byte("<")) {
		configuration, err = readXML(body)
	} else {
		configuration, err = readCRM(text)
	}
	if err != nil {
		return Definition{}, err
	}
	primitives, err := crm.ParseDefinitions(document(configuration, "").text())
	if err != nil {
		return Definition{}, err
	}
	return Definition{configuration: configuration, primitives: primitives}, nil
}

// withoutComments is the text from the first line on that is neither blank nor
// a comment of crmsh.
func withoutComments(text []byte) []byte {
	for {
		text = bytes.TrimSpace(text)
		if !bytes.HasPrefix(text, []byte("#")) {
			return text
		}
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
}

// notIDs are elements whose id is none of the document's own: a reference, or
// the number that Corosync gives a node.
var notIDs = []string{"resource_ref", "obj_ref", "role", "node"}

func readXML(text []byte) (*element, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the text is not UTF-8")
	}
	root, err := parseXML(text)
	if err != nil {
		return nil, fmt.Errorf("cannot read the XML: %w", err)
	}
	if root.name == "cib" {
		list := root.named("configuration")
		if len(list) != 1 {
			return nil, fmt.Errorf("the CIB has %d configurations", len(list))
		}
		root = list[0]
	}
	if root.name != "configuration" {
		return nil, fmt.Errorf("the XML is no CIB, its root is %q", root.name)
	}
	seen := map[string]bool{}
	root.each(func(e *element) {
		if id := e.attr("id"); id != "" && !slices.Contains(notIDs, e.name) {
			if seen[id] && err == nil {
				err = fmt.Errorf("the id %q is there twice", id)
			}
			seen[id] = true
		}
	})
	if err != nil {
		return nil, err
	}
	for _, name := range sections {
		if len(root.named(name)) > 1 {
			return nil, fmt.Errorf("the CIB has more than one section %q", name)
		}
	}
	addSections(root)
	return root, nil
}

// sections are what every configuration has, in the usual order.
var sections = []string{"crm_config", "nodes", "resources", "constraints"}

func addSections(configuration *element) {
	for _, name := range sections {
		configuration.section(name)
	}
}

// document is a whole CIB.
func document(configuration *element, schema string) *element {
	cib := newElement("cib", "validate-with", schema, "epoch", "1", "num_updates", "0", "admin_epoch", "0")
	cib.add(configuration)
	cib.add(newElement("status"))
	return cib
}

// Primitive is a primitive of the definition.
func (d Definition) Primitive(id string) (crm.Definition, bool) {
	for _, p := range d.primitives {
		if p.Resource == id {
			return p, true
		}
	}
	return crm.Definition{}, false
}

// Clone is the primitive that lies in a clone, the first one if it is a clone
// of a group.
func (d Definition) Clone(id string) (crm.Definition, bool) {
	for _, p := range d.primitives {
		if p.Clone == id && id != "" {
			return p, true
		}
	}
	return crm.Definition{}, false
}

// HasResource says whether there is a resource of any kind with the id.
func (d Definition) HasResource(id string) bool {
	found := false
	d.configuration.section("resources").each(func(e *element) {
		switch e.name {
		case "primitive", "group", "clone", "master", "bundle":
			found = found || e.attr("id") == id
		}
	})
	return found
}

// Property is a property of the cluster. Of several sets of properties
// Pacemaker takes the one that is named so first, then the others.
func (d Definition) Property(name string) (string, bool) {
	const first = "cib-bootstrap-options"
	sets := d.configuration.section("crm_config").named("cluster_property_set")
	slices.SortStableFunc(sets, func(a, b *element) int {
		return index(a.attr("id") != first) - index(b.attr("id") != first)
	})
	for _, set := range sets {
		for _, pair := range set.named("nvpair") {
			if pair.attr("name") == name {
				return pair.attr("value"), true
			}
		}
	}
	return "", false
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// NodeList is the parameter node_list of a primitive as names, in their order.
func (d Definition) NodeList(primitive string) []string {
	p, _ := d.Primitive(primitive)
	return strings.Fields(p.Params["node_list"])
}

// Nodes are all the nodes that the definition names, sorted.
func (d Definition) Nodes() []string {
	var names []string
	d.configuration.each(func(e *element) {
		switch e.name {
		case "node":
			names = append(names, e.attr("uname"))
		case "rsc_location":
			names = append(names, e.attr("node"))
		case "fencing-level":
			names = append(names, e.attr("target"))
		case "expression":
			if e.attr("attribute") == "#uname" {
				names = append(names, e.attr("value"))
			}
		}
	})
	for _, p := range d.primitives {
		names = append(names, strings.Fields(p.Params["node_list"])...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}

// Primitives are all primitives of the definition.
func (d Definition) Primitives() []crm.Definition { return d.primitives }
