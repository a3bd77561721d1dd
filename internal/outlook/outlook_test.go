package outlook

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/message"
)

const s, ms = time.Second, time.Millisecond

// lab is the cluster that the README's times were measured on.
func lab() Configuration {
	return Configuration{
		PrimaryMonitor: Monitor{9 * s, 60 * s}, StandbyMonitor: Monitor{10 * s, 60 * s},
		Corosync:         Corosync{Token: s, Nodes: 2}.Defaults(3, 1),
		WALSenderTimeout: 20 * s, ShutdownLimit: 600 * s,
	}
}

// fenced is the complete example of the definition: kdump first, then IPMI.
func fenced() Configuration {
	c := lab()
	levels := []Level{
		{{WaitsForDump: true, Timeout: 30 * s}},
		{{DelayBase: 0, Timeout: 60 * s}},
	}
	c.Fencing = Fencing{Enabled: true, PriorityDelay: 10 * s, PrimaryLevels: levels, StandbyLevels: levels}
	return c
}

func of(t *testing.T, c Configuration, event message.ID) Outage {
	t.Helper()
	for _, o := range All(c) {
		if o.Event == event {
			return o
		}
	}
	t.Fatalf("no outage for %s", event)
	return Outage{}
}

// What was measured in the lab (docs/performance.md): medians, and the least and most of all runs.
// A median is met within half a second, and the most that is foretold is neither
// below what was seen nor far above.
func TestOutagesAreThoseOfTheLab(t *testing.T) {
	for _, tt := range []struct {
		name              string
		event             message.ID
		median, from, to  time.Duration
		withoutTheClient  bool
		noLimitWasMetHere bool
	}{
		{"server of the primary killed", message.OUT001, 1600 * ms, 1430 * ms, 1720 * ms, false, false},
		{"power loss of the primary", message.OUT003, 2950 * ms, 2940 * ms, 3980 * ms, false, false},
		{"server of the standby killed", message.OUT004, 250 * ms, 230 * ms, 310 * ms, false, false},
		{"power loss of the standby", message.OUT005, 2480 * ms, 2380 * ms, 3310 * ms, false, false},
		{"switchover, until writable", message.OUT007, 1010 * ms, 870 * ms, 1190 * ms, true, true},
		{"switchover, by a writer's clock", message.OUT007, 1130 * ms, 1060 * ms, 1870 * ms, false, true},
	} {
		watched := lab()
		watched.Watched = true
		o := of(t, watched, tt.event)
		if tt.withoutTheClient {
			o.Addends = slices.DeleteFunc(o.Addends, func(a Addend) bool { return a.What == message.OUT037 })
		}
		if got := o.Typical(); got < tt.median-500*ms || got > tt.median+500*ms {
			t.Errorf("%s: typically %v, measured %v (%v to %v)", tt.name, got, tt.median, tt.from, tt.to)
		}
		if got := o.Worst(); got < tt.to || got > tt.to+4*s && !tt.noLimitWasMetHere {
			t.Errorf("%s: at most %v, measured %v", tt.name, got, tt.to)
		}
	}
}

func TestEachSettingHasItsShare(t *testing.T) {
	for _, tt := range []struct {
		name           string
		change         func(*Configuration)
		event          message.ID
		typical, worst time.Duration // added to those of the complete example
	}{
		{"a shorter interval", func(c *Configuration) { c.PrimaryMonitor.Interval = 3 * s }, message.OUT001, -3 * s, -6 * s},
		{"an interval is nothing to a lost node", func(c *Configuration) { c.PrimaryMonitor.Interval = 3 * s }, message.OUT003, 0, 0},
		{"the monitor's timeout, a crash", func(c *Configuration) { c.PrimaryMonitor.Timeout = 30 * s }, message.OUT001, 0, 0},
		{"the monitor's timeout, a server that hangs", func(c *Configuration) { c.PrimaryMonitor.Timeout = 30 * s }, message.OUT002, 0, -20 * s},
		{"the standby's monitor comes more often", func(c *Configuration) { c.StandbyMonitor.Interval = 4 * s }, message.OUT004, -1197 * ms, -5 * s},
		{"a watcher", func(c *Configuration) { c.Watched = true }, message.OUT001, -4400 * ms, -8500 * ms},
		{"a watcher is nothing to a server that hangs", func(c *Configuration) { c.Watched = true }, message.OUT002, 0, 0},
		{"a watcher of the standby", func(c *Configuration) { c.Watched = true }, message.OUT004, -2623 * ms, -8200 * ms},
		{"a watcher, replication cut", func(c *Configuration) { c.Watched = true }, message.OUT006, -4350 * ms, -8200 * ms},
		{"a watcher, the standby's node, without fencing", func(c *Configuration) { c.Watched, c.Fencing.Enabled = true, false }, message.OUT005, -39750 * ms, -88800 * ms},
		{"token, with the consensus that follows it", func(c *Configuration) { c.Corosync.Token = 3 * s }, message.OUT003, 4400 * ms, 4400 * ms},
		{"consensus of its own", func(c *Configuration) { c.Corosync.Consensus = s }, message.OUT003, -200 * ms, -200 * ms},
		{"a third node", func(c *Configuration) { c.Corosync.Nodes = 3 }, message.OUT003, 1430 * ms, 1430 * ms},
		{"priority-fencing-delay", func(c *Configuration) { c.Fencing.PriorityDelay = 0 }, message.OUT003, -10 * s, -10 * s},
		{"priority-fencing-delay is not for the standby", func(c *Configuration) { c.Fencing.PriorityDelay = 0 }, message.OUT005, 0, 0},
		{"a fixed delay", func(c *Configuration) { c.Fencing.PrimaryLevels[1][0].DelayBase = 5 * s }, message.OUT003, 5 * s, 5 * s},
		{"a random delay", func(c *Configuration) { c.Fencing.PrimaryLevels[1][0].DelayMax = 8 * s }, message.OUT003, 4 * s, 8 * s},
		{"a fixed and a random delay", func(c *Configuration) {
			c.Fencing.PrimaryLevels[1][0].DelayBase, c.Fencing.PrimaryLevels[1][0].DelayMax = 2*s, 8*s
		}, message.OUT003, 5 * s, 8 * s},
		{"no kdump level", func(c *Configuration) { c.Fencing.PrimaryLevels = c.Fencing.PrimaryLevels[1:] }, message.OUT003, -30 * s, -30 * s},
		{"a second level that is not needed", func(c *Configuration) {
			c.Fencing.PrimaryLevels = append(c.Fencing.PrimaryLevels, Level{{Timeout: 40 * s}})
		}, message.OUT003, 0, 40 * s},
		{"a device that has less time than others take", func(c *Configuration) { c.Fencing.PrimaryLevels[1][0].Timeout = 4 * s }, message.OUT003, -6 * s, -56 * s},
		{"two devices of one level", func(c *Configuration) {
			c.Fencing.PrimaryLevels[1] = append(c.Fencing.PrimaryLevels[1], Device{Timeout: 60 * s})
		}, message.OUT003, 10 * s, 60 * s},
		{"wal_sender_timeout", func(c *Configuration) { c.WALSenderTimeout = 60 * s }, message.OUT006, 40 * s, 40 * s},
		{"wal_sender_timeout is nothing to a lost node", func(c *Configuration) { c.WALSenderTimeout = 60 * s }, message.OUT005, 0, 0},
		{"the limit of a shutdown", func(c *Configuration) { c.ShutdownLimit = 60 * s }, message.OUT007, 0, -540 * s},
	} {
		before := of(t, fenced(), tt.event)
		c := fenced()
		c.Fencing.PrimaryLevels = []Level{slices.Clone(c.Fencing.PrimaryLevels[0]), slices.Clone(c.Fencing.PrimaryLevels[1])}
		tt.change(&c)
		after := of(t, c, tt.event)
		if got := (after.Typical() - before.Typical()).Round(ms); got != tt.typical {
			t.Errorf("%s: typically %v more, want %v", tt.name, got, tt.typical)
		}
		if got := (after.Worst() - before.Worst()).Round(ms); got != tt.worst {
			t.Errorf("%s: at most %v more, want %v", tt.name, got, tt.worst)
		}
	}
}

// Fencing delays the replacement of a dead node, never that of a dead server.
func TestFencingIsWaitedForWhereANodeIsLost(t *testing.T) {
	without, with := lab(), fenced()
	for event, more := range map[message.ID]time.Duration{
		message.OUT001: 0, message.OUT002: 0, message.OUT004: 0, message.OUT006: 0, message.OUT007: 0,
		// 10 s of delay, 30 s of kdump, 10 s of IPMI.
		message.OUT003: 50 * s,
		// The primary is told of the fencing and waits for no monitor: 40 s less 4.5 s.
		message.OUT005: 35500 * ms,
	} {
		if got := of(t, with, event).Typical() - of(t, without, event).Typical(); got != more {
			t.Errorf("%s: %v more with fencing, want %v", event, got, more)
		}
	}
}

func TestWhatNothingEnds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Configuration)
		event  message.ID
	}{
		{"no monitor of the primary", func(c *Configuration) { c.PrimaryMonitor = Monitor{} }, message.OUT001},
		{"no monitor at all, the standby crashes", func(c *Configuration) { c.PrimaryMonitor, c.StandbyMonitor = Monitor{}, Monitor{} }, message.OUT004},
		{"wal_sender_timeout is off", func(c *Configuration) { c.WALSenderTimeout = 0 }, message.OUT006},
		{"kdump is all the fencing", func(c *Configuration) { c.Fencing.PrimaryLevels = c.Fencing.PrimaryLevels[:1] }, message.OUT003},
		{"fencing without a device", func(c *Configuration) { c.Fencing.StandbyLevels = nil }, message.OUT005},
	} {
		c := fenced()
		tt.change(&c)
		if o := of(t, c, tt.event); o.Typical() != Never || o.Worst() != Never {
			t.Errorf("%s: %v, %v", tt.name, o.Typical(), o.Worst())
		}
	}
}

func TestTheFirstOfTwoMonitors(t *testing.T) {
	for _, tt := range []struct{ a, b, want time.Duration }{
		{9 * s, 10 * s, 2773 * ms},
		{10 * s, 9 * s, 2773 * ms},
		{10 * s, 10 * s, 2929 * ms}, // 10 (1 - 1/√2)
		{10 * s, 0, 5 * s},
		{0, 8 * s, 4 * s},
		{0, 0, Never},
		{s, 1000 * s, 500 * ms},
	} {
		if got := firstOf(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestDefaultsOfCorosync(t *testing.T) {
	for _, tt := range []struct {
		major, minor     int
		in               Corosync
		token, consensus time.Duration
	}{
		{2, 4, Corosync{Nodes: 2}, s, 1200 * ms},
		{3, 0, Corosync{Nodes: 2}, s, 1200 * ms},
		{3, 1, Corosync{Nodes: 2}, 3 * s, 3600 * ms},
		{0, 0, Corosync{Nodes: 2}, 3 * s, 3600 * ms},
		{3, 1, Corosync{Nodes: 4}, 4300 * ms, 5160 * ms},
		{3, 1, Corosync{Nodes: 4, Token: s, Coefficient: 100 * ms}, 1200 * ms, 1440 * ms},
		{3, 1, Corosync{Nodes: 2, Token: s, Consensus: 5 * s}, s, 5 * s},
	} {
		c := tt.in.Defaults(tt.major, tt.minor)
		if c.token() != tt.token || c.consensus() != tt.consensus {
			t.Errorf("%d.%d, %+v: token %v, consensus %v", tt.major, tt.minor, tt.in, c.token(), c.consensus())
		}
	}
}

// Every sum is that of the addends below it, in both languages, and nothing is
// left to be filled in.
func TestTable(t *testing.T) {
	for _, language := range []string{"en", "ja"} {
		lines := Table(message.In(language), All(fenced()))
		text := strings.Join(lines, "\n")
		if strings.ContainsAny(text, "{}") || strings.Contains(text, "OUT-") {
			t.Errorf("something is not filled in:\n%s", text)
		}
		want := 2
		for _, o := range All(fenced()) {
			want += 1 + len(o.Addends)
		}
		if len(lines) != want {
			t.Errorf("%d lines, want %d", len(lines), want)
		}
	}
	rows := strings.Join(Table(message.In("en"), All(lab())), "\n")
	if !regexp.MustCompile(`(?m)^  4\.5 s +9 s +wait for the next monitor of Primary \(every 9 s\)$`).MatchString(rows) {
		t.Errorf("the wait for a monitor is not told:\n%s", rows)
	}
}
