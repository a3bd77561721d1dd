package agent

import (
	"testing"

	"pgrex/internal/crm"
	"pgrex/internal/pg"
)

// The cluster is told of a death in one case alone; each fact that speaks
// against it is enough.
func TestDeathIsExpected(t *testing.T) {
	surprise := func() death {
		return death{State: pg.DBInProduction, Resource: "pgsql", Node: "node01", Cluster: crm.Overview{
			Nodes: []crm.NodeStatus{{Name: "node01"}, {Name: "node02", Maintenance: true}},
			Resources: []crm.Resource{
				{ID: "vip", Active: true, Role: "Started", Nodes: []string{"node01"}},
				{ID: "pgsql", Active: true, Role: crm.Unpromoted, Nodes: []string{"node02"}},
				{ID: "pgsql", Active: true, Role: crm.Promoted, Managed: true, Nodes: []string{"Node01"}},
			},
		}}
	}
	own := func(d *death) *crm.Resource { return &d.Cluster.Resources[2] }
	for name, change := range map[string]func(*death){
		"a primary":                     func(*death) {},
		"a standby":                     func(d *death) { own(d).Role, d.State = crm.Unpromoted, pg.DBInArchiveRecovery },
		"while it was starting":         func(d *death) { own(d).Role, d.State = crm.Unpromoted, pg.DBInCrashRecovery },
		"while somebody shut it down":   func(d *death) { d.State = pg.DBShuttingDown },
		"a failure of another resource": func(d *death) { d.Cluster.Resources[0].Failed = true },
	} {
		d := surprise()
		change(&d)
		if why := d.expected(); why != "" {
			t.Errorf("%s: the cluster is not told: %s", name, why)
		}
	}
	for name, change := range map[string]func(*death){
		"shut down":                      func(d *death) { d.State = pg.DBShutDown },
		"a standby, shut down":           func(d *death) { d.State = pg.DBShutDownInRecovery },
		"another server runs":            func(d *death) { d.Served = true },
		"the cluster is in maintenance":  func(d *death) { d.Cluster.MaintenanceMode = true },
		"the node is in maintenance":     func(d *death) { d.Cluster.Nodes[0].Maintenance = true },
		"the resource is not managed":    func(d *death) { own(d).Managed = false },
		"the resource is in maintenance": func(d *death) { own(d).Maintenance = true },
		"the resource is blocked":        func(d *death) { own(d).Blocked = true },
		"a monitor has found it":         func(d *death) { own(d).Failed = true },
		"it is being demoted":            func(d *death) { own(d).Role = "Demoting" },
		"it is being stopped":            func(d *death) { own(d).Role = "Stopping" },
		"it does not run here":           func(d *death) { own(d).Nodes = nil },
		"it is not active":               func(d *death) { own(d).Active = false },
		"nothing is known":               func(d *death) { d.Cluster = crm.Overview{} },
	} {
		d := surprise()
		change(&d)
		if d.expected() == "" {
			t.Errorf("%s: the cluster is told", name)
		}
	}
}
