package definition

import (
	"strconv"
	"strings"
)

// Statements and words that PG-REX itself does not need, and that environment
// sheets may have all the same.

// when reads the condition of a set of attributes: "SCORE: rule EXPRESSION",
// either part of which may be absent.
func (c *cursor) when(set *element, base string) {
	if strings.HasSuffix(c.peek(), ":") {
		set.set("score", c.score())
	}
	if c.keyword("rule") {
		set.add(c.rule(base + "-rule"))
	}
}

// ticket reads "rsc_ticket ID TICKET: RESOURCE[:ROLE] [loss-policy=POLICY]".
func (r *crmReader) ticket(c *cursor) {
	e := r.constraint(c, "rsc_ticket")
	w := c.take("ticket")
	name, ok := strings.CutSuffix(w.text, ":")
	if c.err == nil && (!ok || !validID.MatchString(name)) {
		c.failAt(w, "this is no name of a ticket")
	}
	e.set("ticket", name)
	w, role := c.resourceWith()
	e.set("rsc", w.text)
	if role != "" {
		e.set("rsc-role", c.role(w, role))
	}
	if policy, ok := c.option("loss-policy"); ok {
		e.set("loss-policy", policy)
	}
}

// alert reads "alert ID PATH [attributes ...] [meta ...] [to RECIPIENT ...]...";
// a recipient with its attributes may stand in braces.
func (r *crmReader) alert(c *cursor) {
	e := r.configuration.section("alerts").add(newElement("alert"))
	c.id(e)
	e.set("path", c.take("path").text)
	id := e.attr("id")
	c.alertSets(e, id)
	for n := 1; c.keyword("to"); n++ {
		recipient := e.add(newElement("recipient"))
		braces := c.keyword("{")
		base := id + "-recipient-" + strconv.Itoa(n)
		r.name(recipient, base)
		recipient.set("value", c.take("recipient").text)
		c.alertSets(recipient, base)
		if braces && !c.keyword("}") {
			c.fail("a brace is not closed")
		}
	}
}

func (c *cursor) alertSets(e *element, owner string) {
	for c.peek() == "attributes" || c.peek() == "meta" {
		c.attributes(e, owner, "attributes", "meta")
	}
}
