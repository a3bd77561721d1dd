// Package outlook says how long a cluster of a given configuration will be
// without service when something fails: the arithmetic of intervals and
// time-outs. It knows what is configured and nothing of what runs; what it
// cannot know of the machine are the seconds measured in our lab.
package outlook

import (
	"math"
	"time"

	"pgrex/internal/message"
)

// Configuration is what the arithmetic needs to know.
type Configuration struct {
	// PrimaryMonitor and StandbyMonitor are the recurring monitors of the
	// server in the promoted and in the other role; an interval of 0 is none.
	PrimaryMonitor, StandbyMonitor Monitor
	// Watched says that our agent's watcher tells the cluster of a dead server.
	Watched  bool
	Corosync Corosync
	Fencing  Fencing
	// WALSenderTimeout is the server's wal_sender_timeout; 0 switches it off.
	WALSenderTimeout time.Duration
	// ShutdownLimit is how long a switchover waits for the shutdown of the
	// primary before it goes back (TIMEOUT_PGSTOP).
	ShutdownLimit time.Duration
}

// Monitor is a recurring monitor operation.
type Monitor struct{ Interval, Timeout time.Duration }

// Corosync is how soon Corosync gives up a node.
type Corosync struct {
	// Token is totem.token as configured, Coefficient totem.token_coefficient,
	// which is added for each node from the third on; Nodes is their number in
	// the list of nodes. See [Corosync.Defaults].
	Token, Coefficient time.Duration
	Nodes              int
	// Consensus is totem.consensus, 0 for the default of 1.2 tokens.
	Consensus time.Duration
}

// Defaults fills in what corosync.conf leaves out, for a release ("3.1.7"; an
// unknown one counts as today's): 3.1 has made the token three seconds of one.
func (c Corosync) Defaults(major, minor int) Corosync {
	if c.Token == 0 {
		c.Token = 3 * time.Second
		if major == 1 || major == 2 || major == 3 && minor < 1 {
			c.Token = time.Second
		}
	}
	if c.Coefficient == 0 {
		c.Coefficient = 650 * time.Millisecond
	}
	return c
}

// token is the time-out that is in force.
func (c Corosync) token() time.Duration {
	return c.Token + time.Duration(max(0, c.Nodes-2))*c.Coefficient
}

func (c Corosync) consensus() time.Duration {
	if c.Consensus > 0 {
		return c.Consensus
	}
	return c.token() * 12 / 10
}

// Fencing is what stands between the loss of a node and its replacement.
type Fencing struct {
	Enabled bool
	// PriorityDelay is priority-fencing-delay: what a node waits before it
	// fences the one that holds the primary.
	PriorityDelay time.Duration
	// PrimaryLevels and StandbyLevels are the levels that are tried on the
	// node of the primary and on the other one, in their order.
	PrimaryLevels, StandbyLevels []Level
}

// Level is a level of fencing: its devices are used one after the other, and
// the next level only when one of them fails.
type Level []Device

// Device is a fencing device.
type Device struct {
	// WaitsForDump says that it confirms a node by the message of a crash
	// kernel (fence_kdump), which a node without power does not send.
	WaitsForDump bool
	// DelayBase and DelayMax are pcmk_delay_base and pcmk_delay_max: the delay
	// is a random one between them.
	DelayBase, DelayMax time.Duration
	// Timeout ends an attempt: pcmk_reboot_timeout (of fence_kdump its own
	// timeout), else stonith-timeout.
	Timeout time.Duration
}

// Outage is what one event costs.
type Outage struct {
	Event message.ID // in words
	// Addends follow each other.
	Addends []Addend
}

// Addend is a part of an outage.
type Addend struct {
	What message.ID // in words
	Args []any      // names and values in turn, for What
	// Typical is the median, Worst the most that a service that comes back
	// takes. [Never] is an event that nothing ends.
	Typical, Worst time.Duration
}

// Never stands for a wait without an end. Sums with it are not less.
const Never = time.Duration(math.MaxInt64)

// Typical is the sum of what the addends typically take.
func (o Outage) Typical() time.Duration {
	return o.sum(func(a Addend) time.Duration { return a.Typical })
}

// Worst is the sum of the most that they take.
func (o Outage) Worst() time.Duration {
	return o.sum(func(a Addend) time.Duration { return a.Worst })
}

func (o Outage) sum(of func(Addend) time.Duration) time.Duration {
	var total time.Duration
	for _, a := range o.Addends {
		d := of(a)
		if d == Never {
			return Never
		}
		total += d
	}
	return total
}
