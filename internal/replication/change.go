package replication

import (
	"fmt"
	"strings"
)

// Change is one step of a decision. The set is closed: agent.apply is the
// only switch that turns a Change into an effect, and it stops at the first
// one that fails.
type Change interface {
	// String names what changes, from what to what, and why, for the log.
	String() string
	change()
}

// SetStatus writes the attribute R-status of a node; Value NoStatus deletes it.
type SetStatus struct {
	Node     string
	Old, New Status
	Why      string
}

// SetDataStatus writes the permanent attribute R-data-status of a node.
type SetDataStatus struct {
	Node     string
	Old, New DataStatus
	Why      string
}

// SetScore writes the promotion score of a node.
type SetScore struct {
	Node   string
	Old    Score
	HadOld bool
	New    Score
	Why    string
}

// SetXlogLoc writes the attribute R-xlog-loc of this node, and with it the
// branch that the position belongs to; "" deletes both.
type SetXlogLoc struct {
	Node, Old, New string
	Branch         Branch
	Why            string
}

// SetBaseline writes the attribute R-master-baseline of this node; "" deletes it.
type SetBaseline struct {
	Node, Old, New string
	Why            string
}

// ConfirmUnusable waits until the cluster's own record shows these nodes
// without the right to be promoted and this one with it ([Unusable]). Attribute
// writes are asynchronous: until the record shows it, another node may still be
// deciding on the old value.
type ConfirmUnusable struct {
	Nodes []string
	Why   string
}

// SetSyncNames writes rep_mode.conf and makes the server read it. Old is what
// the server works with before.
type SetSyncNames struct {
	Old, New []string
	Why      string
}

// Hold says that commits go on waiting on purpose. It changes nothing.
type Hold struct {
	Names []string
	Why   string
}

// Abstain says why this standby does not claim the promotion. It changes nothing.
type Abstain struct {
	Node string
	Why  string
}

// CreateLock creates PGSQL.lock; RemoveLock removes it.
type (
	CreateLock struct{ Why string }
	RemoveLock struct{ Why string }
)

// NoteCovered keeps PGSQL.lock and writes into it which nodes have all that was
// written here: it is in nobody's way until one of them is primary.
type NoteCovered struct {
	Nodes []string
	Why   string
}

// Promote ends recovery of the local server and waits until it accepts writes.
type Promote struct{ Why string }

func (SetStatus) change()       {}
func (SetDataStatus) change()   {}
func (SetScore) change()        {}
func (SetXlogLoc) change()      {}
func (SetBaseline) change()     {}
func (ConfirmUnusable) change() {}
func (SetSyncNames) change()    {}
func (Hold) change()            {}
func (Abstain) change()         {}
func (CreateLock) change()      {}
func (RemoveLock) change()      {}
func (NoteCovered) change()     {}
func (Promote) change()         {}

func (c SetStatus) String() string {
	return attribute("status", c.Node, string(c.Old), string(c.New), c.Why)
}

func (c SetDataStatus) String() string {
	return attribute("data-status", c.Node, string(c.Old), string(c.New), c.Why)
}

func (c SetScore) String() string {
	old := ""
	if c.HadOld {
		old = c.Old.String()
	}
	return attribute("promotion score", c.Node, old, c.New.String(), c.Why)
}

func (c SetXlogLoc) String() string { return attribute("xlog-loc", c.Node, c.Old, c.New, c.Why) }

func (c SetBaseline) String() string {
	return attribute("master-baseline", c.Node, c.Old, c.New, c.Why)
}

func (c ConfirmUnusable) String() string {
	return fmt.Sprintf("confirm that %s may not be promoted (%s)", strings.Join(c.Nodes, ", "), c.Why)
}

func (c SetSyncNames) String() string {
	return fmt.Sprintf("synchronous_standby_names: %s -> %s (%s)", list(c.Old), list(c.New), c.Why)
}

func (c Hold) String() string {
	return fmt.Sprintf("commits go on waiting for %s (%s)", list(c.Names), c.Why)
}

func (c Abstain) String() string {
	return fmt.Sprintf("%s does not claim the promotion (%s)", c.Node, c.Why)
}

func (c CreateLock) String() string { return "create PGSQL.lock (" + c.Why + ")" }
func (c RemoveLock) String() string { return "remove PGSQL.lock (" + c.Why + ")" }
func (c NoteCovered) String() string {
	return fmt.Sprintf("keep PGSQL.lock, %s has all that was written here (%s)", list(c.Nodes), c.Why)
}
func (c Promote) String() string { return "promote the server (" + c.Why + ")" }

func attribute(name, node, old, value, why string) string {
	return fmt.Sprintf("%s on %s: %s -> %s (%s)", name, node, orUnset(old), orUnset(value), why)
}

func orUnset(s string) string {
	if s == "" {
		return "(unset)"
	}
	return s
}

func list(names []string) string {
	if len(names) == 0 {
		return "(nobody)"
	}
	return strings.Join(names, ", ")
}

// RecordVote stores one observation of the election in the vote notes;
// with First the earlier notes are forgotten.
type RecordVote struct {
	Index int
	Text  string
	First bool
}

// ForgetVotes removes the vote notes.
type ForgetVotes struct{ Why string }

func (RecordVote) change()  {}
func (ForgetVotes) change() {}

func (c RecordVote) String() string {
	return fmt.Sprintf("vote note %d: %s", c.Index, strings.ReplaceAll(strings.TrimSpace(c.Text), "\n", ", "))
}

func (c ForgetVotes) String() string { return "forget the vote notes (" + c.Why + ")" }
