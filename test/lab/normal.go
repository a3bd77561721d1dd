package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Deviations are what is not as in the normal state of this lab's cluster:
// roles, attributes, addresses and locks of the manual, and no failed action.
//
// One standby may take over. Further ones of three nodes and more follow
// without a right to; with rep_mode async there that is every one, as the
// survivors vote.
func (l *Lab) Deviations(s Status) []string { return l.state.Variant.deviations(s, len(l.nodes)) }

func (v Variant) deviations(s Status, nodes int) []string {
	var wrong []string
	expect := func(what string, got, want any) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", what, got, want))
		}
	}
	primary := s.Primary()
	if primary == "" || len(s.Nodes) != nodes {
		return []string{"no single primary: " + s.String()}
	}
	expect("vip-master", s.VIPs["vip-master"], primary)
	expect("vip-rep", s.VIPs["vip-rep"], primary)
	follows := "HS:sync STREAMING|SYNC"
	if v.Async {
		follows = "HS:async STREAMING|ASYNC"
	}
	candidates := 0
	for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
		n := s.Nodes[name]
		score := n.Attributes["master-pgsql"]
		want := "Unpromoted HS:async STREAMING|ASYNC -INFINITY"
		if v.PAF { // which gives no attributes and no lock
			role := Unpromoted
			if name == primary {
				role = Promoted
			}
			expect("role of "+name, n.Role, role)
			expect("a score of "+name, score != "" && !strings.HasPrefix(score, "-"), true)
			continue
		}
		switch {
		case name == primary:
			want = "Promoted PRI LATEST 1000"
		case score == "100" || nodes == 2:
			candidates++
			want = "Unpromoted " + follows + " 100"
			reads := name
			if v.Async {
				reads = primary // the definition lets the address go to HS:sync only
			}
			expect("vip-slave", s.VIPs["vip-slave"], reads)
		}
		expect(name, strings.Join([]string{string(n.Role), n.Attributes["pgsql-status"], n.Attributes["pgsql-data-status"], score}, " "), want)
		expect("online of "+name, n.Online, true)
		_, baseline := n.Attributes["pgsql-master-baseline"]
		expect("pgsql-master-baseline of "+name, baseline, name == primary)
		expect("PGSQL.lock of "+name, n.Locked, name == primary)
		if nodes == 2 { // of more, those that follow only tell their position
			_, position := n.Attributes["pgsql-xlog-loc"]
			expect("pgsql-xlog-loc of "+name, position, false)
		}
	}
	wanted := 1
	if v.Async && nodes > 2 || v.PAF {
		wanted = 0
	}
	expect("the number of standbys that may take over", candidates, wanted)
	for _, f := range s.Failed {
		wrong = append(wrong, fmt.Sprintf("failed action %s on %s: %s", f.Operation, f.Node, f.Reason))
	}
	return wrong
}

// WaitNormal waits for the normal state.
func (l *Lab) WaitNormal(ctx context.Context) error {
	return Until(ctx, "normal state", Timeouts.Standby, func(ctx context.Context) (string, bool) {
		s, err := l.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		wrong := l.Deviations(s)
		return strings.Join(wrong, "; "), len(wrong) == 0
	})
}
