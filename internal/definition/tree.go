package definition

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// element is an element of the CIB. The CIB has no text between its elements:
// all it says is in attributes.
type element struct {
	name     string
	attrs    []attribute
	children []*element
}

type attribute struct{ name, value string }

// maxDepth is far more than any CIB has; the limit keeps a hostile file from
// using up the stack.
const maxDepth = 64

// newElement makes an element of names and values in turn. An empty value
// stands for an attribute that is not there.
func newElement(name string, attrs ...string) *element {
	e := &element{name: name}
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			e.set(attrs[i], attrs[i+1])
		}
	}
	return e
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

func (e *element) set(name, value string) {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			e.attrs[i].value = value
			return
		}
	}
	e.attrs = append(e.attrs, attribute{name, value})
}

func (e *element) add(child *element) *element {
	e.children = append(e.children, child)
	return child
}

// named lists the children of a name.
func (e *element) named(name string) []*element {
	var list []*element
	for _, c := range e.children {
		if c.name == name {
			list = append(list, c)
		}
	}
	return list
}

// section is the first child of a name, which is made when it is not there.
func (e *element) section(name string) *element {
	if list := e.named(name); len(list) > 0 {
		return list[0]
	}
	return e.add(newElement(name))
}

// each calls f for the element and all below it.
func (e *element) each(f func(*element)) {
	f(e)
	for _, c := range e.children {
		c.each(f)
	}
}

func (e *element) clone() *element {
	c := &element{name: e.name, attrs: slices.Clone(e.attrs)}
	for _, child := range e.children {
		c.add(child.clone())
	}
	return c
}

// parseXML reads one document into its root. What the CIB does not have is an
// error, most of all a document type: that is where entities are defined, and
// with them the ways to read other files or to fill the memory.
func parseXML(text []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	var root *element
	var open []*element
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := func() error {
			switch t := t.(type) {
			case xml.StartElement:
				e, err := startElement(t)
				switch {
				case err != nil:
					return err
				case len(open) >= maxDepth:
					return errors.New("elements are nested too deeply")
				case len(open) > 0:
					open[len(open)-1].add(e)
				case root != nil:
					return errors.New("more than one root element")
				default:
					root = e
				}
				open = append(open, e)
			case xml.EndElement:
				open = open[:len(open)-1]
			case xml.CharData:
				if len(bytes.TrimSpace(t)) > 0 {
					return errors.New("text outside of attributes")
				}
			case xml.Directive:
				return errors.New("a document type is not accepted")
			case xml.ProcInst:
				if t.Target != "xml" {
					return fmt.Errorf("the instruction %q is not accepted", t.Target)
				}
			}
			return nil
		}(); err != nil {
			line, _ := d.InputPos()
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if root == nil {
		return nil, errors.New("there is no element")
	}
	return root, nil
}

func startElement(t xml.StartElement) (*element, error) {
	e := &element{name: t.Name.Local}
	if t.Name.Space != "" {
		return nil, fmt.Errorf("element %q has a namespace", t.Name.Local)
	}
	for _, a := range t.Attr {
		if a.Name.Space != "" || a.Name.Local == "xmlns" {
			return nil, fmt.Errorf("attribute %q has a namespace", a.Name.Local)
		}
		if slices.ContainsFunc(e.attrs, func(other attribute) bool { return other.name == a.Name.Local }) {
			return nil, fmt.Errorf("attribute %q stands twice in one element", a.Name.Local)
		}
		e.attrs = append(e.attrs, attribute{a.Name.Local, a.Value})
	}
	return e, nil
}

// text is the element as XML.
func (e *element) text() []byte {
	var b bytes.Buffer
	e.write(&b, 0)
	return b.Bytes()
}

func (e *element) write(b *bytes.Buffer, depth int) {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "<" + e.name)
	for _, a := range e.attrs {
		b.WriteString(" " + a.name + `="`)
		_ = xml.EscapeText(b, []byte(a.value)) // a buffer takes everything
		b.WriteString(`"`)
	}
	if len(e.children) == 0 {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">\n")
	for _, c := range e.children {
		c.write(b, depth+1)
	}
	b.WriteString(indent + "</" + e.name + ">\n")
}
