package doctor

import (
	"testing"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/outlook"
)

func outage(t *testing.T, c *Case, event message.ID) outlook.Outage {
	t.Helper()
	for _, o := range Outages(c) {
		if o.Event == event {
			return o
		}
	}
	t.Fatalf("no outage for %s", event)
	return outlook.Outage{}
}

func TestDelayOfANode(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "5s": 5 * time.Second, "5": 5 * time.Second,
		"node01:5s;node02:1s": time.Second, "node02:2s node01:5s": 2 * time.Second, "node01:5s": 0} {
		if got := delayOf(text, "node02"); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// What the definition, Corosync, the server and the configuration of the tools
// say is what the outages are computed of.
func TestOutagesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		by             func(c *Case)
		event          message.ID
		typical, worst time.Duration // more than in the complete example
	}{
		{"the monitor", redefine("interval=9s", "interval=3s"), message.OUT001, -3 * time.Second, -6 * time.Second},
		{"our agent, which has a watcher", redefine("ocf:heartbeat:pgsql", "ocf:linuxhajapan:pgsql"), message.OUT001, -4400 * time.Millisecond, -8500 * time.Millisecond},
		{"... and is told to do without", both(redefine("ocf:heartbeat:pgsql", "ocf:linuxhajapan:pgsql"), redefine("rep_mode=sync", "rep_mode=sync watch_server=false")), message.OUT001, 0, 0},
		{"the time-out of the monitor", redefine("role=Promoted timeout=60s", "role=Promoted timeout=30s"), message.OUT002, 0, -20 * time.Second},
		{"the token in force", system(0, func(s *System) { s.Corosync.Token, s.Corosync.Consensus = 3*time.Second, 3600*time.Millisecond }), message.OUT003, 4400 * time.Millisecond, 4400 * time.Millisecond},
		{"no token in the file of Corosync 3.1", system(0, func(s *System) { s.Corosync.Token, s.Corosync.Consensus, s.Corosync.Running = 0, 0, false }), message.OUT003, 4400 * time.Millisecond, 4400 * time.Millisecond},
		{"priority-fencing-delay", redefine("priority-fencing-delay=10s", "priority-fencing-delay=4s"), message.OUT003, -6 * time.Second, -6 * time.Second},
		{"no priority, no delay", redefine(" priority=1", ""), message.OUT003, -10 * time.Second, -10 * time.Second},
		{"kdump waits for less", redefine("pcmk_reboot_action=off timeout=30", "pcmk_reboot_action=off timeout=10"), message.OUT003, -20 * time.Second, -20 * time.Second},
		{"a delay of the device of the primary's node", redefine("pcmk_host_list=node01 ip", "pcmk_host_list=node01 pcmk_delay_base=node01:5s;node02:1s ip"), message.OUT003, 5 * time.Second, 5 * time.Second},
		{"that device is not for the standby", redefine("pcmk_host_list=node01 ip", "pcmk_host_list=node01 pcmk_delay_base=5s ip"), message.OUT005, 0, 0},
		{"a delay of the device of node02, which has the primary", both(redefine("pcmk_host_list=node02 ip", "pcmk_host_list=node02 pcmk_delay_base=5s ip"), overview(func(o *crm.Overview) {
			o.Resources[0].Role, o.Resources[1].Role = crm.Unpromoted, crm.Promoted
		})), message.OUT003, 5 * time.Second, 5 * time.Second},
		{"stonith-timeout", redefine("stonith-enabled=true", "stonith-enabled=true stonith-timeout=90s"), message.OUT003, 0, 30 * time.Second},
		{"the device's own time", redefine("pcmk_host_list=node02 ip", "pcmk_host_list=node02 pcmk_reboot_timeout=40s ip"), message.OUT005, 0, -20 * time.Second},
		{"no topology: each device in turn", redefine("fencing_topology \\\n\tnode01: fence1-kdump fence1-ipmi \\\n\tnode02: fence2-kdump fence2-ipmi\n", ""), message.OUT003, 0, 0},
		{"wal_sender_timeout", both(set(0, "wal_sender_timeout", "40000"), set(1, "wal_sender_timeout", "40000")), message.OUT006, 20 * time.Second, 20 * time.Second},
		{"TIMEOUT_PGSTOP", func(c *Case) { c.Conf.Value.TimeoutPGStop = time.Minute }, message.OUT007, 0, -9 * time.Minute},
	} {
		before := outage(t, healthy(t), tt.event)
		c := healthy(t)
		tt.by(c)
		after := outage(t, c, tt.event)
		if got := after.Typical() - before.Typical(); got != tt.typical {
			t.Errorf("%s: typically %v more, want %v", tt.name, got, tt.typical)
		}
		if got := after.Worst() - before.Worst(); got != tt.worst {
			t.Errorf("%s: at most %v more, want %v", tt.name, got, tt.worst)
		}
	}
	c := healthy(t)
	c.Definition = Missing[Definition](message.DRU007, "err", "none")
	if Outages(c) != nil {
		t.Error("outages without a definition")
	}
}
