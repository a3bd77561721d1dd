package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Deviations are what is not as in the normal state of two nodes: roles,
// attributes, addresses and locks of the manual, and no failed action.
func (s Status) Deviations() []string {
	var wrong []string
	expect := func(what string, got, want any) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", what, got, want))
		}
	}
	primary := s.Primary()
	if primary == "" || len(s.Nodes) != 2 {
		return []string{"no single primary: " + s.String()}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
		n := s.Nodes[name]
		role, status, data, score := Unpromoted, "HS:sync", "STREAMING|SYNC", "100"
		if name == primary {
			role, status, data, score = Promoted, "PRI", "LATEST", "1000"
			expect("vip-master", s.VIPs["vip-master"], name)
			expect("vip-rep", s.VIPs["vip-rep"], name)
		} else {
			expect("vip-slave", s.VIPs["vip-slave"], name)
		}
		expect("online of "+name, n.Online, true)
		expect("role of "+name, n.Role, role)
		expect("pgsql-status of "+name, n.Attributes["pgsql-status"], status)
		expect("pgsql-data-status of "+name, n.Attributes["pgsql-data-status"], data)
		expect("master-pgsql of "+name, n.Attributes["master-pgsql"], score)
		_, baseline := n.Attributes["pgsql-master-baseline"]
		expect("pgsql-master-baseline of "+name, baseline, name == primary)
		_, position := n.Attributes["pgsql-xlog-loc"]
		expect("pgsql-xlog-loc of "+name, position, false)
		expect("PGSQL.lock of "+name, n.Locked, name == primary)
	}
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
		wrong := s.Deviations()
		return strings.Join(wrong, "; "), len(wrong) == 0
	})
}
