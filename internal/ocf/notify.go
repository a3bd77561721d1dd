package ocf

import "strings"

// Notify holds the notify variables. They come with notify actions and, when
// notify=true is set, with start, stop, promote and demote themselves.
//
// Its lists hold node names and give the state before the transition began,
// during all of it: after a demotion the demoted node is still in Promoted
// ("Pacemaker Explained", "Interpretation of Notification Variables").
type Notify struct {
	Type      string // pre, post
	Operation string // start, stop, promote, demote

	Start, Stop, Promote, Demote []string // what is scheduled in this transition, whatever it is that is notified
	Active, Promoted, Unpromoted []string
	Available                    []string // where the resource may run

	// UnpromotedKnown is false when there is no such variable at all, which
	// says nothing about the standbys. An empty list is one blank.
	UnpromotedKnown bool
}

func parseNotify(env Env) Notify {
	n := Notify{
		Type:      env.metaValue("notify_type"),
		Operation: env.metaValue("notify_operation"),
	}
	n.Start, _ = nodes(env, "start")
	n.Stop, _ = nodes(env, "stop")
	n.Promote, _ = nodes(env, "promote")
	n.Demote, _ = nodes(env, "demote")
	n.Active, _ = nodes(env, "active")
	n.Available, _ = nodes(env, "available")
	// The first names are set from Pacemaker 2.1.0 on, the second ones always.
	n.Promoted, _ = nodes(env, "promoted", "master")
	n.Unpromoted, n.UnpromotedKnown = nodes(env, "unpromoted", "slave")
	return n
}

// nodes is the list of the first of the variables that is there.
func nodes(env Env, which ...string) (names []string, known bool) {
	for _, w := range which {
		if list, ok := env.meta("notify_" + w + "_uname"); ok {
			return strings.Fields(list), true
		}
	}
	return nil, false
}

// Contains says whether a list holds a node: the whole name, in any case.
func Contains(list []string, name string) bool {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}
