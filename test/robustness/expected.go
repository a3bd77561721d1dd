package robustness

import (
	"maps"

	"pgrex/test/audit"
	"pgrex/test/drill"
	"pgrex/test/lab"
)

// expected is what an episode calls for, in the words of the audits. Of one fault
// on a whole cluster it is what the catalogue says of it; of two at once, and of
// a cluster that was not whole, any server may end and start.
func (r *run) expected(e Episode, whole bool) audit.Expected {
	x := audit.Expected{Settle: lab.Timeouts.FirstWrite, Spared: map[audit.Invariant]string{}}
	all := r.first.names("primary", "standby", "third")
	simple := whole && len(e.Entries) == 1
	for _, entry := range e.Entries {
		s, c := entry.Scenario(), choiceOf(entry.Fault)
		maps.Copy(x.Spared, s.Spared)
		fenced := c.fenced != nobody && r.o.Fencing
		if !simple {
			x.Restarts = all
			if len(s.MayTimeOut) > 0 {
				x.TimesOut = all
			}
			if fenced { // in the middle of a take-over nobody can say who shoots first
				x.MayFence = all
			}
			continue
		}
		x.Restarts, x.TimesOut = r.first.names(s.Restarts...), r.first.names(s.MayTimeOut...)
		switch {
		case s.Course == drill.Moves:
			x.Restarts = append(x.Restarts, r.first.names("primary")...)
		case s.Course == drill.Waits, s.Course == drill.Settles:
			x.Restarts = all
		case s.Repair != nil:
			x.Restarts = append(x.Restarts, r.first.names("standby")...)
		}
		if fenced {
			x.MayFence = r.first.names(string(c.fenced))
		}
	}
	return x
}

// names are those of the nodes with these roles, as far as there are such.
func (o roles) names(wanted ...string) []string {
	var names []string
	for _, role := range wanted {
		if n := map[string]*lab.Node{"primary": o.primary, "standby": o.standby, "third": o.third}[role]; n != nil {
			names = append(names, n.Name)
		}
	}
	return names
}
