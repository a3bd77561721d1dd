package rehearsal

import (
	"pgrex/internal/crm"
	"pgrex/internal/definition"
)

// What the agent keeps in node attributes, see section 3.4 of the specification
// of the definition.
const (
	statusPrimary = "PRI"
	statusSync    = "HS:sync"
	statusAlone   = "HS:alone"
	statusStop    = "STOP"

	scorePrimary = "1000"
	scoreSync    = "100"
	scoreNone    = "-INFINITY"
)

// set gives a node the attributes of a role.
func (m Model) set(cib *definition.Element, node, status string) bool {
	score := map[string]string{statusPrimary: scorePrimary, statusSync: scoreSync}[status]
	if score == "" {
		score = scoreNone
	}
	a := setAttribute(cib, node, m.Primitive+"-status", status)
	b := setAttribute(cib, node, crm.PromotionScore(m.Primitive), score)
	return a || b
}

// followAgent makes the attributes what the agent makes of them once the
// actions of a transition are done, and says whether that changed any.
func (m Model) followAgent(cib *definition.Element) bool {
	changed := false
	primary := ""
	for _, n := range m.Nodes {
		if do, ok := lastAction(cib, n, m.Primitive); alive(cib, n) && do == "promote" && ok {
			primary = n
		}
	}
	for _, n := range m.Nodes {
		if !alive(cib, n) {
			// The attributes of a node go with it.
			if set := attributes(cib, n); len(set.Children()) > 0 {
				set.Remove(func(*definition.Element) bool { return true })
			}
			continue
		}
		do, ok := lastAction(cib, n, m.Primitive)
		status := attribute(cib, n, m.Primitive+"-status")
		switch {
		case !ok:
			continue // the agent has not got to the end
		case do == "promote":
			status = statusPrimary
		case do == "demote", do == "stop":
			status = statusStop
		case do == "start" && (status == "" || status == statusStop):
			status = statusAlone
			if primary != "" {
				status = statusSync
			}
		default:
			continue
		}
		changed = m.set(cib, n, status) || changed
	}
	return changed
}
