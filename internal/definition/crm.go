package definition

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// crmReader makes a configuration of the statements of crmsh. Names and ids of
// what it makes are those that crmsh gives.
type crmReader struct {
	lines         []string
	configuration *element
	resources     []*element          // in the order of the text
	byID          map[string]*element // what statements have named
	within        map[string]word     // resources that lie in others
	contents      []contents
	references    []word // to resources
	topologies    []*cursor
	rules         map[string]bool // by id
	ruleRefs      []word
	unnamed       []unnamed
}

// contents are the resources that a container names; they may be written later.
type contents struct {
	of    *element
	names []word
}

// unnamed is an element that gets an id made of others once all ids that the
// text gives are known.
type unnamed struct {
	e    *element
	base string
}

// readCRM reads what crmsh writes and pm_crmgen makes.
func readCRM(text []byte) (*element, error) {
	r := &crmReader{
		lines:         strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"),
		configuration: newElement("configuration"),
		byID:          map[string]*element{}, within: map[string]word{}, rules: map[string]bool{},
	}
	addSections(r.configuration)
	list, err := splitStatements(r.lines)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, lineError(r.lines, 1, "there is no statement")
	}
	for _, words := range list {
		c := &cursor{r: r, words: words}
		r.statement(c)
		if c.err == nil && c.more() {
			c.fail("not understood")
		}
		if c.err != nil {
			return nil, c.err
		}
	}
	if err := r.finish(); err != nil {
		return nil, err
	}
	return r.configuration, nil
}

// cursor goes through the words of a statement. After an error there are no
// more words.
type cursor struct {
	r     *crmReader
	words []word
	next  int
	err   *LineError
}

func (c *cursor) more() bool { return c.err == nil && c.next < len(c.words) }

// fail complains about the word taken last if none is left, else the next.
func (c *cursor) fail(reason string) {
	c.failAt(c.words[min(c.next, len(c.words)-1)], reason)
}

func (c *cursor) failAt(w word, reason string) {
	if c.err == nil {
		c.err = lineError(c.r.lines, w.line, reason)
	}
}

// peek is the next word, "" at the end.
func (c *cursor) peek() string {
	if !c.more() {
		return ""
	}
	return c.words[c.next].text
}

func (c *cursor) take(what string) word {
	if !c.more() {
		c.fail("there is no " + what)
		return word{line: c.words[0].line}
	}
	c.next++
	return c.words[c.next-1]
}

// keyword takes the next word if it is the one.
func (c *cursor) keyword(text string) bool {
	if c.peek() != text {
		return false
	}
	c.next++
	return true
}

// option takes name=value if the next word is it, with one of the names.
func (c *cursor) option(names ...string) (string, bool) {
	name, value, ok := strings.Cut(c.peek(), "=")
	if !ok || !slices.Contains(names, name) {
		return "", false
	}
	if value == "" {
		c.fail("the value is empty")
	}
	c.next++
	return value, true
}

var validID = regexp.MustCompile(`^[\pL_][\pL\pN_.-]*$`)

// id takes an id that the statement gives to e.
func (c *cursor) id(e *element) {
	w := c.take("id")
	c.nameElement(e, w, w.text)
}

func (c *cursor) nameElement(e *element, w word, id string) {
	switch {
	case c.err != nil:
	case !validID.MatchString(id):
		c.failAt(w, "this is no id")
	case c.r.byID[id] != nil:
		c.failAt(w, "the id is there twice")
	}
	e.set("id", id)
	c.r.byID[id] = e
}

// optionalID takes $id=ID, or leaves the id to be made.
func (c *cursor) optionalID(e *element, base string) string {
	w := word{}
	if c.more() {
		w = c.words[c.next]
	}
	if id, ok := c.option("$id"); ok {
		c.nameElement(e, w, id)
		return id
	}
	c.r.name(e, base)
	return base
}

// name makes an id later.
func (r *crmReader) name(e *element, base string) {
	e.set("id", "") // stands first
	r.unnamed = append(r.unnamed, unnamed{e, base})
}

// reference takes the name of a resource.
func (c *cursor) resource() word {
	w := c.take("resource")
	c.r.references = append(c.r.references, w)
	return w
}

func (r *crmReader) statement(c *cursor) {
	switch kind := c.take("statement").text; kind {
	case "property":
		r.defaults(c, "crm_config", "cluster_property_set", "cib-bootstrap-options")
	case "rsc_defaults":
		r.defaults(c, "rsc_defaults", "meta_attributes", "rsc-options")
	case "op_defaults":
		r.defaults(c, "op_defaults", "meta_attributes", "op-options")
	case "node":
		r.node(c)
	case "primitive":
		r.primitive(c)
	case "group":
		r.container(c, "group")
	case "clone":
		r.container(c, "clone")
	case "ms", "master":
		r.container(c, "master")
	case "fencing_topology", "fencing-topology":
		r.topologies = append(r.topologies, c)
		c.next = len(c.words)
	case "location":
		r.location(c)
	case "colocation", "collocation":
		r.colocation(c)
	case "order":
		r.order(c)
	case "rsc_ticket":
		r.ticket(c)
	case "alert":
		r.alert(c)
	default:
		c.failAt(c.words[0], "this statement is not known")
	}
}

// defaults reads a statement that is one set of attributes. Statements of the
// same kind and id add to one set.
func (r *crmReader) defaults(c *cursor, section, kind, id string) {
	w := c.words[0]
	if given, ok := c.option("$id"); ok {
		id = given
	}
	set := r.byID[id]
	switch {
	case set == nil:
		set = newElement(kind)
		c.nameElement(set, w, id)
		r.configuration.section(section).add(set)
	case !slices.Contains(r.configuration.section(section).children, set):
		c.failAt(w, "the id is there twice")
	}
	c.pairs(set, id)
}

// pairs reads name=value up to a keyword.
func (c *cursor) pairs(set *element, base string) {
	for first := true; c.more() || first; first = false {
		if !first && c.atKeyword() {
			return
		}
		name, value := c.pair()
		c.addPair(set, base, name, value)
	}
}

// pair takes name=value. A name alone is refused: crmsh would make an attribute
// without a value of it, and a mistyped keyword would be one.
func (c *cursor) pair() (name, value string) {
	name, value, ok := strings.Cut(c.peek(), "=")
	if !ok || name == "" || strings.ContainsAny(name, "$@: \t") {
		c.fail("there is no name=value where there should be one")
		return "", ""
	}
	c.next++
	return name, value
}

func (c *cursor) addPair(set *element, base, name, value string) {
	if c.err != nil {
		return
	}
	for _, other := range set.named("nvpair") {
		if other.attr("name") == name {
			c.failAt(c.words[c.next-1], "the name is there twice")
		}
	}
	pair := newElement("nvpair")
	c.r.name(pair, base+"-"+name)
	pair.set("name", name)
	pair.set("value", value)
	set.add(pair)
}

var keywords = []string{"params", "meta", "utilization", "operations", "op", "op_params", "op_meta", "attributes"}

func (c *cursor) atKeyword() bool {
	return slices.Contains(keywords, c.peek()) || c.words[0].text == "alert" && slices.Contains(alertWords, c.peek())
}

// alertWords end the attributes of an alert.
var alertWords = []string{"to", "}"}

// sets are the kinds of attribute sets by their keywords.
var sets = map[string]string{
	"params": "instance_attributes", "meta": "meta_attributes", "utilization": "utilization",
	"attributes": "instance_attributes", "op_params": "instance_attributes", "op_meta": "meta_attributes",
}

// attributes reads one of the sets that a statement may have.
func (c *cursor) attributes(e *element, owner string, allowed ...string) {
	keyword := c.peek()
	if !slices.Contains(allowed, keyword) {
		c.fail("not understood")
		return
	}
	c.next++
	c.set(e, owner, sets[keyword])
}

func (c *cursor) set(e *element, owner, kind string) {
	set := newElement(kind)
	base := c.optionalID(set, owner+"-"+kind)
	c.when(set, base)
	c.pairs(set, base)
	e.add(set)
}

func (c *cursor) description(e *element) {
	if text, ok := c.option("description"); ok {
		e.set("description", text)
	}
}

func (r *crmReader) node(c *cursor) {
	e := newElement("node")
	w := c.take("node")
	if id, ok := strings.CutPrefix(w.text, "$id="); ok {
		e.set("id", id)
		w = c.take("node")
	} else if id, ok := strings.CutSuffix(w.text, ":"); ok {
		e.set("id", id)
		w = c.take("node")
	}
	name, kind, typed := strings.Cut(w.text, ":")
	switch {
	case c.err != nil:
		return
	case !validNode.MatchString(name):
		c.failAt(w, "this is no name of a node")
	case typed && kind != "normal" && kind != "member":
		// A remote node needs a resource as well, and runs no PG-REX.
		c.failAt(w, "this kind of node is not supported")
	}
	for _, other := range r.configuration.section("nodes").children {
		if strings.EqualFold(other.attr("uname"), name) {
			c.failAt(w, "the node is there twice")
		}
	}
	if e.attr("id") == "" {
		e.set("id", name) // the cluster's own takes its place, see Load
	}
	e.set("uname", name)
	c.description(e)
	if strings.Contains(c.peek(), "=") {
		c.set(e, "nodes-"+e.attr("id"), "instance_attributes")
	}
	for c.more() {
		c.attributes(e, "nodes-"+e.attr("id"), "attributes", "utilization")
	}
	r.configuration.section("nodes").add(e)
}

var validNode = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

var classes = []string{"stonith", "systemd", "service", "lsb", "upstart", "nagios"}

func (r *crmReader) primitive(c *cursor) {
	e := newElement("primitive")
	c.id(e)
	id := e.attr("id")
	w := c.take("type")
	part := strings.Split(w.text, ":")
	switch {
	case len(part) == 3 && part[0] == "ocf" && part[1] != "" && part[2] != "":
		e.set("class", "ocf")
		e.set("provider", part[1])
		e.set("type", part[2])
	case len(part) == 2 && slices.Contains(classes, part[0]) && part[1] != "":
		e.set("class", part[0])
		e.set("type", part[1])
	default:
		// What a shorter name means depends on what is installed.
		c.failAt(w, "this is no class:provider:type")
	}
	c.description(e)
	if strings.Contains(c.peek(), "=") {
		c.set(e, id, "instance_attributes")
	}
	var operations *element
	addOperations := func() {
		if operations == nil {
			operations = e.add(newElement("operations"))
		}
	}
	for c.more() {
		switch {
		case c.keyword("operations"):
			addOperations()
			w := c.take("id")
			given, ok := strings.CutPrefix(w.text, "$id=")
			if !ok || operations.attr("id") != "" {
				c.failAt(w, "not understood")
			}
			c.nameElement(operations, w, given)
		case c.keyword("op"):
			addOperations()
			operations.add(c.operation(id))
		default:
			c.attributes(e, id, "params", "meta", "utilization")
		}
	}
	r.resources = append(r.resources, e)
}

// operationAttributes are what an operation has itself; all else are
// parameters that the agent gets.
var operationAttributes = []string{"interval", "role", "timeout", "on-fail", "start-delay", "interval-origin",
	"enabled", "record-pending", "requires", "description"}

func (c *cursor) operation(resource string) *element {
	op := newElement("op")
	name := c.take("operation").text
	if strings.Contains(name, "=") {
		c.failAt(c.words[c.next-1], "there is no operation")
	}
	c.r.unnamed = append(c.r.unnamed, unnamed{e: op}) // before its attributes
	at := len(c.r.unnamed) - 1
	op.set("id", "")
	op.set("name", name)
	var params [][2]string
	for c.more() && !c.atKeyword() {
		w := c.words[c.next]
		key, value := c.pair()
		switch {
		case c.err != nil:
		case !slices.Contains(operationAttributes, key):
			params = append(params, [2]string{key, value})
		case op.attr(key) != "":
			c.failAt(w, "the name is there twice")
		case value == "":
			c.failAt(w, "the value is empty")
		case key == "role":
			op.set(key, c.role(w, value))
		default:
			op.set(key, value)
		}
	}
	if op.attr("interval") == "" {
		op.set("interval", "0")
	}
	base := resource + "-" + name + "-" + op.attr("interval")
	c.r.unnamed[at].base = base
	if len(params) > 0 {
		set := op.add(newElement("instance_attributes"))
		c.r.name(set, base+"-instance_attributes")
		for _, p := range params {
			c.addPair(set, base+"-instance_attributes", p[0], p[1])
		}
	}
	for c.peek() == "op_params" || c.peek() == "op_meta" {
		c.attributes(op, base, "op_params", "op_meta")
	}
	return op
}

// container reads a group or a clone.
func (r *crmReader) container(c *cursor, kind string) {
	e := newElement(kind)
	c.id(e)
	names := []word{c.resource()}
	for kind == "group" && c.more() && !c.atKeyword() && !strings.Contains(c.peek(), "=") {
		names = append(names, c.resource())
	}
	c.description(e)
	for c.more() {
		c.attributes(e, e.attr("id"), "params", "meta")
	}
	r.resources = append(r.resources, e)
	r.contents = append(r.contents, contents{e, names})
}

var (
	infinity = regexp.MustCompile(`(?i)^([+-]?)inf(inity)?$`)
	integer  = regexp.MustCompile(`^[+-]?[0-9]{1,9}$`)
)

// score takes "100:" or "-inf:" or a word that stands for one.
func (c *cursor) score() string {
	w := c.take("score")
	text, ok := strings.CutSuffix(w.text, ":")
	if s, valid := score(text); ok && valid {
		return s
	}
	c.failAt(w, "this is no score")
	return ""
}

func score(text string) (string, bool) {
	switch m := infinity.FindStringSubmatch(text); {
	case m != nil:
		return strings.TrimPrefix(m[1], "+") + "INFINITY", true
	case strings.EqualFold(text, "mandatory"):
		return "INFINITY", true
	case strings.EqualFold(text, "advisory"):
		return "0", true
	default:
		return text, integer.MatchString(text)
	}
}

// role is a role in the spelling of the CIB.
func (c *cursor) role(w word, text string) string {
	for _, role := range []string{"Master", "Slave", "Promoted", "Unpromoted", "Started", "Stopped"} {
		if strings.EqualFold(role, text) {
			return role
		}
	}
	c.failAt(w, "this is no role")
	return ""
}

// resourceWith takes RESOURCE or RESOURCE:SUFFIX.
func (c *cursor) resourceWith() (resource word, suffix string) {
	w := c.take("resource")
	name, suffix, _ := strings.Cut(w.text, ":")
	if c.err == nil && strings.ContainsAny(name, "()[]{}=") {
		c.failAt(w, "sets of resources are not supported")
	}
	w.text = name
	c.r.references = append(c.r.references, w)
	return w, suffix
}

func (r *crmReader) constraint(c *cursor, kind string) *element {
	e := newElement(kind)
	c.id(e)
	return r.configuration.section("constraints").add(e)
}

func (r *crmReader) location(c *cursor) {
	e := r.constraint(c, "rsc_location")
	e.set("rsc", c.resource().text)
	c.locationOptions(e)
	if c.peek() == "rule" {
		for c.keyword("rule") {
			e.add(c.rule(e.attr("id") + "-rule"))
		}
		return
	}
	e.set("score", c.score())
	w := c.take("node")
	if c.err == nil && !validNode.MatchString(w.text) {
		c.failAt(w, "this is no name of a node")
	}
	e.set("node", w.text)
	c.locationOptions(e)
}

func (c *cursor) locationOptions(e *element) {
	for c.more() {
		w := c.words[c.next]
		if role, ok := c.option("role", "$role"); ok {
			e.set("role", c.role(w, role))
		} else if value, ok := c.option("resource-discovery"); ok {
			e.set("resource-discovery", value)
		} else {
			return
		}
	}
}

// rule reads what follows the word.
func (c *cursor) rule(base string) *element {
	e := newElement("rule")
	if c.more() {
		w := c.words[c.next]
		if id, ok := c.option("$id-ref"); ok {
			c.r.ruleRefs = append(c.r.ruleRefs, word{id, w.line})
			e.set("id-ref", id)
			return e
		}
	}
	id := c.optionalID(e, base)
	c.r.rules[id] = true
	if c.more() {
		w := c.words[c.next]
		if role, ok := c.option("role", "$role"); ok {
			e.set("role", c.role(w, role))
		}
	}
	e.set("score", "INFINITY")
	if strings.HasSuffix(c.peek(), ":") {
		e.set("score", c.score())
	}
	for operator := ""; ; {
		e.add(c.expression(id + "-expression"))
		w := c.peek()
		if w != "and" && w != "or" {
			break
		}
		if operator != "" && w != operator {
			c.fail("a rule has either and or or")
		}
		operator = w
		c.next++
		e.set("boolean-op", operator)
	}
	return e
}

var comparisons = []string{"lt", "gt", "lte", "gte", "eq", "ne"}

func (c *cursor) expression(base string) *element {
	e := newElement("expression")
	c.r.name(e, base)
	w := c.take("expression")
	switch w.text {
	case "defined", "not_defined":
		e.set("attribute", c.attributeName())
		e.set("operation", w.text)
		return e
	case "date":
		c.failAt(w, "rules of dates are not supported")
	}
	c.next = max(c.next-1, 1)
	e.set("attribute", c.attributeName())
	w = c.take("comparison")
	kind, operation, typed := strings.Cut(w.text, ":")
	if !typed {
		kind, operation = "", w.text
	}
	if c.err == nil && (!slices.Contains(comparisons, operation) || typed && !slices.Contains([]string{"string", "number", "integer", "version"}, kind)) {
		c.failAt(w, "this is no comparison")
	}
	if typed {
		e.set("type", kind)
	}
	e.set("operation", operation)
	w = c.take("value")
	if strings.ContainsAny(w.text, "{}") {
		c.failAt(w, "values from elsewhere are not supported")
	}
	e.set("value", w.text)
	return e
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_#$.-]+$`)

func (c *cursor) attributeName() string {
	w := c.take("attribute")
	if c.err == nil && (!attributeName.MatchString(w.text) || w.text == "and" || w.text == "or" || w.text == "rule") {
		c.failAt(w, "this is no name of an attribute")
	}
	return w.text
}

func (r *crmReader) colocation(c *cursor) {
	e := r.constraint(c, "rsc_colocation")
	e.set("score", c.score())
	for _, name := range []string{"rsc", "with-rsc"} {
		w, role := c.resourceWith()
		e.set(name, w.text)
		if role != "" {
			e.set(name+"-role", c.role(w, role))
		}
	}
	if attr, ok := c.option("node-attribute"); ok {
		e.set("node-attribute", attr)
	}
}

func (r *crmReader) order(c *cursor) {
	e := r.constraint(c, "rsc_order")
	if strings.HasSuffix(c.peek(), ":") {
		e.set("kind", c.orderKind())
	}
	for _, name := range []string{"first", "then"} {
		w, action := c.resourceWith()
		e.set(name, w.text)
		if action != "" {
			if !slices.Contains([]string{"start", "stop", "promote", "demote"}, action) {
				c.failAt(w, "this is no action")
			}
			e.set(name+"-action", action)
		}
	}
	if c.more() {
		w := c.words[c.next]
		text, ok := c.option("symmetrical")
		if !ok {
			return
		}
		switch strings.ToLower(text) {
		case "true", "yes", "on":
			e.set("symmetrical", "true")
		case "false", "no", "off":
			e.set("symmetrical", "false")
		default:
			c.failAt(w, "this is neither true nor false")
		}
	}
}

// orderKind takes a kind or a score. Scores stand for kinds since Pacemaker
// knows those: 0 is Optional.
func (c *cursor) orderKind() string {
	w := c.take("kind")
	text := strings.TrimSuffix(w.text, ":")
	for _, kind := range []string{"Mandatory", "Optional", "Serialize"} {
		if strings.EqualFold(kind, text) {
			return kind
		}
	}
	s, ok := score(text)
	n, err := strconv.Atoi(s)
	switch {
	case !ok || strings.HasPrefix(s, "-") || strings.EqualFold(text, "advisory"):
		c.failAt(w, "this is no kind of order")
	case err == nil && n == 0:
		return "Optional"
	}
	return "Mandatory"
}

// finish does what needs all statements.
func (r *crmReader) finish() error {
	if err := r.fill(); err != nil {
		return err
	}
	for _, w := range r.references {
		if e := r.byID[w.text]; e == nil || !slices.Contains(r.resources, e) {
			return lineError(r.lines, w.line, "there is no such resource")
		}
	}
	for _, w := range r.ruleRefs {
		if !r.rules[w.text] {
			return lineError(r.lines, w.line, "there is no such rule")
		}
	}
	for _, c := range r.topologies {
		if r.topology(c); c.err != nil {
			return c.err
		}
	}
	for _, u := range r.unnamed {
		u.e.set("id", r.freeID(u.base))
	}
	return nil
}

// fill puts resources into what they lie in.
func (r *crmReader) fill() error {
	for _, content := range r.contents {
		for _, w := range content.names {
			e := r.byID[w.text]
			_, taken := r.within[w.text]
			switch {
			case e == nil || !slices.Contains(r.resources, e):
				return lineError(r.lines, w.line, "there is no such resource")
			case taken:
				return lineError(r.lines, w.line, "the resource lies in two others")
			case e.name != "primitive" && (e.name != "group" || content.of.name == "group"):
				return lineError(r.lines, w.line, "the resource cannot lie in this one")
			}
			r.within[w.text] = w
			content.of.add(e)
		}
	}
	for _, e := range r.resources {
		if _, inside := r.within[e.attr("id")]; !inside {
			r.configuration.section("resources").add(e)
		}
	}
	return nil
}

// topology reads the levels of fencing: "node: device device,device", or
// devices alone, which then hold for all nodes.
func (r *crmReader) topology(c *cursor) {
	section := r.configuration.section("fencing-topology")
	c.next = 1
	if !c.more() {
		c.fail("there is no level")
	}
	var everywhere []string
	if !strings.HasSuffix(c.peek(), ":") {
		if everywhere = r.nodeNames(); len(everywhere) == 0 {
			c.fail("there is no node that the levels are for")
		}
	}
	var targets []string
	level := 0
	for c.more() {
		if everywhere == nil && strings.HasSuffix(c.peek(), ":") {
			w := c.take("node")
			name := strings.TrimSuffix(w.text, ":")
			if !validNode.MatchString(name) {
				c.failAt(w, "this is no name of a node")
			}
			for _, other := range section.children {
				if other.attr("target") == name {
					c.failAt(w, "the node is there twice")
				}
			}
			if c.atEndOfLevel() {
				c.failAt(w, "there is no device")
			}
			targets, level = []string{name}, 0
			continue
		}
		w := c.take("device")
		for _, device := range strings.Split(w.text, ",") {
			if e := r.byID[device]; e == nil || e.attr("class") != "stonith" {
				c.failAt(w, "there is no such fencing device")
			}
		}
		level++
		if everywhere != nil {
			targets = everywhere
		}
		for _, target := range targets {
			e := section.add(newElement("fencing-level"))
			r.name(e, "fencing-"+target+"-"+strconv.Itoa(level))
			e.set("target", target)
			e.set("index", strconv.Itoa(level))
			e.set("devices", w.text)
		}
	}
}

func (c *cursor) atEndOfLevel() bool { return !c.more() || strings.HasSuffix(c.peek(), ":") }

// nodeNames are the nodes of the cluster as far as the text says: its node
// statements, else the nodes that PostgreSQL runs on.
func (r *crmReader) nodeNames() []string {
	var names []string
	for _, e := range r.configuration.section("nodes").children {
		names = append(names, e.attr("uname"))
	}
	if len(names) > 0 {
		return names
	}
	for _, e := range r.resources {
		for _, set := range e.named("instance_attributes") {
			for _, pair := range set.named("nvpair") {
				if pair.attr("name") == "node_list" {
					names = append(names, strings.Fields(pair.attr("value"))...)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

var notInID = regexp.MustCompile(`[^\pL\pN_.-]`)

// freeID makes an id that is not in use yet.
func (r *crmReader) freeID(base string) string {
	base = notInID.ReplaceAllString(base, "_")
	id := base
	for i := 0; r.byID[id] != nil; i++ {
		id = base + "-" + strconv.Itoa(i)
	}
	r.byID[id] = r.configuration
	return id
}
