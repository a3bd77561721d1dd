package definition

import "slices"

// Element is an element of a CIB for packages that look at one or play with a
// copy of it: diff and rehearsal. Definitions themselves are not changed
// through it, see [Definition.Tree].
type Element = element

// ParseCIB reads a whole CIB, its state included. The root is the element "cib".
func ParseCIB(text []byte) (*Element, error) { return parseXML(text) }

// NewElement makes an element of names and values of attributes in turn; an
// empty value stands for an attribute that is not there.
func NewElement(name string, attrs ...string) *Element { return newElement(name, attrs...) }

// Tree is a copy of the configuration in the words of a target.
func (d Definition) Tree(t Target) *Element { return d.translated(t) }

// Name is the kind of the element, "primitive".
func (e *element) Name() string { return e.name }

// Attr is the value of an attribute, "" where there is none.
func (e *element) Attr(name string) string { return e.attr(name) }

// Attrs are the names and values of all attributes, in their order.
func (e *element) Attrs() [][2]string {
	list := make([][2]string, len(e.attrs))
	for i, a := range e.attrs {
		list[i] = [2]string{a.name, a.value}
	}
	return list
}

// Set gives an attribute a value.
func (e *element) Set(name, value string) { e.set(name, value) }

// Children are the elements inside, in their order.
func (e *element) Children() []*Element { return e.children }

// Named are the children of a name.
func (e *element) Named(name string) []*Element { return e.named(name) }

// Section is the first child of a name, which is made when it is not there.
func (e *element) Section(name string) *Element { return e.section(name) }

// Add puts an element at the end and returns it.
func (e *element) Add(child *Element) *Element { return e.add(child) }

// Remove takes out the children that drop says.
func (e *element) Remove(drop func(*Element) bool) {
	e.children = slices.DeleteFunc(e.children, drop)
}

// Each calls f for the element and all below it.
func (e *element) Each(f func(*Element)) { e.each(f) }

// Clone is a copy that shares nothing.
func (e *element) Clone() *Element { return e.clone() }

// Text is the element as XML.
func (e *element) Text() []byte { return e.text() }
