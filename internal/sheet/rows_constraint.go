package sheet

import (
	"strconv"

	"pgrex/internal/message"
)

// needed says whether fields are all filled in; it complains of each that is not.
func (w row) needed(fields ...string) bool {
	ok := true
	for _, f := range fields {
		ok = w.need(f) && ok
	}
	return ok
}

// bothKnown says whether two fields name resources.
func (w row) bothKnown(a, b string) bool {
	_, ok := w.known(a)
	_, too := w.known(b)
	return ok && too
}

// repeated warns of a row that says what another one says.
func (w row) repeated(fields ...string) {
	key := w.r.table.name
	for _, f := range fields {
		key += "\x00" + w.get(f)
	}
	if other, twice := w.r.seen.constraints[key]; twice {
		w.tell(-1, message.WRN044, "row", other)
		w.r.messages[len(w.r.messages)-1].Hint = other
		return
	}
	w.r.seen.constraints[key] = w.number
}

// colocation reads a row of COLOCATION.
func (r *reader) colocation(w row) bool {
	ok := w.needed("rsc", "with-rsc")
	if !r.sheet.Pcsgen || w.get("score") != "" {
		ok = w.need("score") && ok
	}
	if !ok || !w.bothKnown("rsc", "with-rsc") || !w.bare("rsc-role", "with-rsc-role") {
		return false
	}
	c := Colocation{Resource: w.get("rsc"), With: w.get("with-rsc"), Score: "INFINITY", Role: w.get("rsc-role"), WithRole: w.get("with-rsc-role")}
	if w.get("score") != "" {
		if c.Score, ok = w.score(); !ok {
			return false
		}
	}
	w.repeated("rsc", "with-rsc", "score", "rsc-role", "with-rsc-role")
	r.sheet.Colocations = append(r.sheet.Colocations, c)
	return true
}

// order reads a row of ORDER, which has a score or a kind.
func (r *reader) order(w row) bool {
	ok := w.needed("first-rsc", "then-rsc")
	if !r.sheet.Pcsgen {
		ok = w.need("score") && ok
	}
	if !ok || !w.bothKnown("first-rsc", "then-rsc") || !w.bare("first-action", "then-action", "symmetrical") {
		return false
	}
	o := Order{First: w.get("first-rsc"), Then: w.get("then-rsc"), FirstAction: w.get("first-action"), ThenAction: w.get("then-action"), row: w.number}
	switch {
	case !r.sheet.Pcsgen:
		if o.Score, ok = w.score(); !ok {
			return false
		}
	case w.get("kind") == "":
		o.Kind = "Mandatory"
	default:
		if o.Kind, ok = w.oneOf("kind", "Optional", "Mandatory", "Serialize"); !ok {
			return false
		}
	}
	if text := w.get("symmetrical"); text != "" {
		yes, ok := boolean(text)
		o.Symmetrical = strconv.FormatBool(yes)
		if !ok {
			w.refuse("symmetrical", message.WRN021, "text", text)
			o.Symmetrical = text // as pm_crmgen does
		}
	}
	w.repeated("first-rsc", "then-rsc", "score", "kind", "first-action", "then-action", "symmetrical")
	r.sheet.Orders = append(r.sheet.Orders, o)
	return true
}

// level reads a row of the fencing topology.
func (r *reader) level(w row) bool {
	if !w.bare("node") {
		return false
	}
	if node := w.get("node"); node != "" {
		r.target = node
	}
	l := FencingLevel{Node: r.target, row: w.number}
	ok := w.need("rsc")
	if ok {
		res, known := w.primitive("rsc")
		if ok = known; known {
			l.Device = res.ID
		}
	}
	switch n, err := strconv.Atoi(w.get("index")); {
	case w.get("index") == "":
		ok = w.need("index")
	case err != nil || n < 1:
		ok = w.refuse("index", message.ERR022, "text", w.get("index"))
	default:
		l.Index = n
	}
	if ok {
		r.sheet.Levels = append(r.sheet.Levels, l)
	}
	return ok
}

// ticket reads a row of RSC_TICKET.
func (r *reader) ticket(w row) bool {
	if !w.needed("ticket", "rsc") || !w.bare("ticket", "role", "loss-policy") {
		return false
	}
	if _, ok := w.known("rsc"); !ok {
		return false
	}
	r.sheet.Tickets = append(r.sheet.Tickets, Ticket{w.get("ticket"), w.get("rsc"), w.get("role"), w.get("loss-policy")})
	return true
}

// alertPath reads a row under P of ALERT.
func (r *reader) alertPath(w row) bool {
	if !w.bare("path") {
		return false
	}
	r.alert = &Alert{Path: w.get("path")}
	r.sheet.Alerts = append(r.sheet.Alerts, r.alert)
	return true
}

// alertRecipient reads a row under R of ALERT.
func (r *reader) alertRecipient(w row) bool {
	if r.alert == nil {
		return w.refuse("recipient", message.ERR051)
	}
	if !w.bare("recipient") {
		return false
	}
	r.recipient = &Recipient{Value: w.get("recipient")}
	r.alert.Recipients = append(r.alert.Recipients, r.recipient)
	return true
}

// alertAttribute reads a row under A of ALERT: of the last recipient, or of the
// path while there is none.
func (r *reader) alertAttribute(w row) bool {
	switch {
	case r.alert == nil:
		return w.refuse("type", message.ERR051)
	case r.wanted && r.recipient == nil:
		return w.refuse("type", message.ERR050)
	}
	if w.get("type") != "" {
		kind, ok := w.oneOf("type", "attributes", "meta")
		if !ok {
			return false
		}
		r.kind = kind
	}
	if r.kind == "" {
		return w.need("type")
	}
	if w.get("name") == "" && w.get("value") == "" {
		return true
	}
	to := &r.alert.Lists
	if r.recipient != nil {
		to = &r.recipient.Lists
	}
	return w.attribute(to, r.kind, "")
}
