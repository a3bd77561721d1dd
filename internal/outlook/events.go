package outlook

import (
	"math"
	"time"

	"pgrex/internal/message"
)

// What our agent, Pacemaker and a client take, measured in the lab of two
// nodes with small databases (docs/performance.md): medians and the most that was
// seen. A busy machine and a server with much WAL to replay take longer.
const (
	// From the failure that is known to the address on the other node.
	takeOver, takeOverWorst = 900 * time.Millisecond, 1700 * time.Millisecond
	// The watcher looks at the cluster and tells it.
	telling, tellingWorst = 100 * time.Millisecond, 500 * time.Millisecond
	// The primary's watcher sees a standby hang up, and gives it a moment to return.
	seeing, seeingWorst = 150 * time.Millisecond, 800 * time.Millisecond
	// One whose node is lost has a quarter of a second to confirm what it was sent.
	doubt, doubtWorst = 250 * time.Millisecond, 1200 * time.Millisecond
	// The agent waits so long for processes that a dead postmaster has left.
	leftovers = 2 * time.Second
	// From the lost node to the decision: Pacemaker at times waits a second
	// for writes to its database that are on their way.
	decision, decisionWorst = 100 * time.Millisecond, 1100 * time.Millisecond
	// Promotion and address, when there is nothing to be stopped before.
	promotion, promotionWorst = 600 * time.Millisecond, 1000 * time.Millisecond
	// From the address to the next commit of a client that reconnects at once. A packet
	// that is lost while the address moves is sent again after a second.
	client, clientWorst = 800 * time.Millisecond, 1000 * time.Millisecond
	// Of one that has lost such a packet sooner, or none.
	early, earlyWorst = 300 * time.Millisecond, 1000 * time.Millisecond
	// The primary takes the lost standby out: rights first, then the list of names.
	release, releaseWorst = 150 * time.Millisecond, 1000 * time.Millisecond
	// A fast shutdown right after a CHECKPOINT.
	shutdown = 300 * time.Millisecond
	// The role moves to a standby that has everything.
	roleMoves, roleMovesWorst = 700 * time.Millisecond, 1500 * time.Millisecond
	// The end of a server that hears nothing; an immediate shutdown comes first.
	killed, killedWorst = time.Second, 9 * time.Second
	// A fencing device from the order to the confirmation. That of the lab does it
	// at once: this is what BMCs of common servers take.
	fencingAction = 10 * time.Second
)

// All are the outages of the events that matter, in the order of the table
// that an operator reads.
func All(c Configuration) []Outage {
	return []Outage{
		c.serverCrash(), c.serverHangs(), c.primaryNodeLost(),
		c.standbyCrash(), c.standbyNodeLost(), c.replicationCut(), c.switchover(),
	}
}

// serverCrash: the processes of the primary are gone, its node lives.
func (c Configuration) serverCrash() Outage {
	known := c.nextPrimaryMonitor()
	if c.Watched {
		known = told()
	}
	return Outage{message.OUT001, []Addend{
		known,
		{What: message.OUT021, Worst: leftovers},
		{What: message.OUT022, Typical: takeOver, Worst: takeOverWorst},
		clientShare(),
	}}
}

// serverHangs: the server is there and answers nobody.
func (c Configuration) serverHangs() Outage {
	const stopped = 5 * time.Second // what the agent gives a postmaster that is stopped (decision 0050)
	patience := c.PrimaryMonitor.patience()
	return Outage{message.OUT002, []Addend{
		c.nextPrimaryMonitor(),
		{message.OUT023, []any{"stopped", Seconds(stopped), "timeout", Seconds(c.PrimaryMonitor.Timeout)}, min(stopped, patience), patience},
		{What: message.OUT024, Typical: killed, Worst: killedWorst},
		{What: message.OUT022, Typical: takeOver, Worst: takeOverWorst},
		clientShare(),
	}}
}

// patience is how long our agent waits for the server's answer: two thirds of
// what is left of the time-out after the margin that it keeps for itself.
func (m Monitor) patience() time.Duration {
	const margin = 1200 * time.Millisecond
	return max(m.Timeout-margin, m.Timeout/2) * 2 / 3
}

func (c Configuration) primaryNodeLost() Outage {
	addends := c.nodeKnownLost()
	if c.Fencing.Enabled {
		if d := c.Fencing.PriorityDelay; d > 0 {
			addends = append(addends, Addend{message.OUT028, []any{"delay", Seconds(d)}, d, d})
		}
		addends = append(addends, fencing(c.Fencing.PrimaryLevels)...)
	}
	return Outage{message.OUT003, append(addends,
		Addend{What: message.OUT031, Typical: promotion, Worst: promotionWorst},
		Addend{What: message.OUT037, Typical: early, Worst: earlyWorst},
	)}
}

// told is the share of the watcher.
func told() Addend { return Addend{What: message.OUT039, Typical: telling, Worst: tellingWorst} }

// hungUp is the share of the watcher of a primary whose standby is no longer
// connected.
func hungUp() Addend { return Addend{What: message.OUT040, Typical: seeing, Worst: seeingWorst} }

// standbyCrash: the primary's watcher, or the monitor of either node that comes
// first, ends the wait.
func (c Configuration) standbyCrash() Outage {
	if c.Watched {
		return Outage{message.OUT004, []Addend{hungUp(), releaseShare()}}
	}
	p, s := c.PrimaryMonitor.Interval, c.StandbyMonitor.Interval
	wait := Addend{message.OUT032, []any{"primary", Seconds(p), "standby", Seconds(s)}, firstOf(p, s), p}
	switch {
	case p == 0 && s == 0:
		wait.Worst = Never
	case p == 0 || s > 0 && s < p:
		wait.Worst = s
	}
	return Outage{message.OUT004, []Addend{wait, releaseShare()}}
}

// standbyNodeLost: with fencing the primary waits for its confirmation, and is
// told of it; without, its watcher notices, or its next monitor.
func (c Configuration) standbyNodeLost() Outage {
	addends := c.nodeKnownLost()
	switch {
	case c.Fencing.Enabled:
		addends = append(addends, fencing(c.Fencing.StandbyLevels)...)
	case c.Watched:
		addends = append(addends, Addend{What: message.OUT041, Typical: doubt, Worst: doubtWorst})
	default:
		addends = append(addends, c.nextPrimaryMonitor())
	}
	return Outage{message.OUT005, append(addends, releaseShare())}
}

// replicationCut: both nodes live and do not reach each other on the D-LAN.
func (c Configuration) replicationCut() Outage {
	wait := Addend{message.OUT033, []any{"timeout", Seconds(c.WALSenderTimeout)}, c.WALSenderTimeout, c.WALSenderTimeout}
	if c.WALSenderTimeout == 0 {
		wait.Typical, wait.Worst = Never, Never
	}
	noticed := c.nextPrimaryMonitor()
	if c.Watched {
		noticed = hungUp()
	}
	return Outage{message.OUT006, []Addend{wait, noticed, releaseShare()}}
}

func (c Configuration) switchover() Outage {
	return Outage{message.OUT007, []Addend{
		{message.OUT034, []any{"limit", Seconds(c.ShutdownLimit)}, shutdown, max(shutdown, c.ShutdownLimit)},
		{What: message.OUT035, Typical: roleMoves, Worst: roleMovesWorst},
		{What: message.OUT037, Typical: early, Worst: earlyWorst},
	}}
}

// nextPrimaryMonitor: the fault falls anywhere in the interval.
func (c Configuration) nextPrimaryMonitor() Addend {
	i := c.PrimaryMonitor.Interval
	a := Addend{message.OUT020, []any{"interval", Seconds(i)}, i / 2, i}
	if i == 0 {
		a.Typical, a.Worst = Never, Never
	}
	return a
}

func (c Configuration) nodeKnownLost() []Addend {
	token, consensus := c.Corosync.token(), c.Corosync.consensus()
	return []Addend{
		{What: message.OUT025, Typical: token, Worst: token},
		{What: message.OUT026, Typical: consensus, Worst: consensus},
		{What: message.OUT027, Typical: decision, Worst: decisionWorst},
	}
}

// fencing of a node without power. A level that waits for its crash kernel
// waits in vain; of the others the first is taken to succeed, and at worst
// the last one to succeed at the end of its time.
func fencing(levels []Level) []Addend {
	var addends []Addend
	for i, level := range levels {
		var a Addend
		for _, d := range level {
			a.Typical += d.typical()
			a.Worst += max(d.DelayBase, d.DelayMax) + d.Timeout
		}
		if i > 0 && !inVain(levels[:i]) {
			a.Typical = 0
		}
		a.What, a.Args = message.OUT029, []any{"level", i + 1, "timeout", Seconds(a.Worst)}
		if inVain(levels[i : i+1]) {
			a.What = message.OUT030
		}
		addends = append(addends, a)
	}
	if inVain(levels) { // nothing confirms the node
		addends = append(addends, Addend{What: message.OUT036, Typical: Never, Worst: Never})
	}
	return addends
}

func inVain(levels []Level) bool {
	for _, level := range levels {
		waits := false
		for _, d := range level {
			waits = waits || d.WaitsForDump
		}
		if !waits {
			return false
		}
	}
	return true
}

func (d Device) typical() time.Duration {
	delay := d.DelayBase
	if d.DelayMax > delay {
		delay += (d.DelayMax - delay) / 2
	}
	if d.WaitsForDump {
		return delay + d.Timeout
	}
	return delay + min(fencingAction, d.Timeout)
}

func clientShare() Addend {
	return Addend{What: message.OUT037, Typical: client, Worst: clientWorst}
}

func releaseShare() Addend {
	return Addend{What: message.OUT038, Typical: release, Worst: releaseWorst}
}

// firstOf is the median of the wait for the first of two monitors when the
// fault falls anywhere in the interval of each: the time m at which
// (1-m/a)(1-m/b) is a half. An interval of 0 is no monitor.
func firstOf(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		if a+b == 0 {
			return Never
		}
		return (a + b) / 2
	}
	x, y := a.Seconds(), b.Seconds()
	m := (x + y - math.Sqrt((x+y)*(x+y)-2*x*y)) / 2
	return time.Duration(m * float64(time.Second)).Round(time.Millisecond)
}
