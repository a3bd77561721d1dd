// Package drill plays the faults of the catalogue on a cluster of the lab, one
// scenario after the other: the fault, what becomes of it, the operator's repair
// with the operation commands, and what a look from outside says. It uses what
// is installed and imports nothing of the product.
package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"pgrex/test/audit"
	"pgrex/test/lab"
)

// Text is one text in English and Japanese.
type Text struct{ EN, JA string }

// Course is what is to become of the primary's role.
type Course int

// The courses.
const (
	Stays   Course = iota // the primary goes on
	Moves                 // the other node takes over
	Waits                 // nobody may take over
	Settles               // it may move, once at most
)

// Courses are all of them.
func Courses() []Course { return []Course{Stays, Moves, Waits, Settles} }

func (c Course) String() string { return [...]string{"stays", "moves", "waits", "settles"}[c] }

// Scenario is one row of the catalogue.
type Scenario struct {
	ID    string // F01
	Name  string // for lists and figures
	Fault Text
	// Expect is the course in words.
	Expect  Text
	Course  Course
	Nodes   int  // of the cluster; 0: two
	Fencing bool // the cluster has fencing
	Async   bool // its rep_mode is async: rows may be lost with a primary
	// Fenced is the node whose power the cluster has to take: "primary" or
	// "standby" of before; "" for none. Another one is a failure.
	Fenced string
	// Restarts are nodes whose server may be stopped and started, and MayTimeOut
	// those whose actions may run into their time-outs, as "primary", "standby"
	// or "third" of before: besides those that the course and the repair imply.
	Restarts, MayTimeOut []string
	// Spared are invariants that the scenario itself breaks, each with the reason.
	Spared map[audit.Invariant]string
	// Prepare makes a cluster that can be struck this way, before anybody
	// writes; nil for the cluster as it is.
	Prepare func(*Run) error
	// MayFence says that the power of that node need not be taken.
	MayFence bool
	Strike   func(*Run) error
	// Lasts is how long it is looked whether the primary stays, or nobody is
	// promoted, or for how long Strike holds a state; 0: 15 s.
	Lasts time.Duration
	// Check looks, while the fault lasts and its course is seen, at what the row
	// says besides the course; nil for nothing.
	Check func(*Run) error
	// Mend undoes what Strike did to the machine.
	Mend func(*Run) error
	// Repair is what the operator types then; nil for nothing.
	Repair func(*Run) error
	// Tidy undoes Prepare when all is looked at; nil for nothing.
	Tidy func(*Run) error
	// Brief, where it is not 0, ends the scenario with the first thing that is not as
	// expected, and is the longest time for each step but the fault's course. What the
	// scenario has done is not undone: its cluster is to be thrown away.
	Brief time.Duration
}

// Kind is what a scenario needs of a cluster.
type Kind struct {
	Nodes          int
	Fencing, Async bool
}

// Kind of the scenario's cluster.
func (s Scenario) Kind() Kind { return Kind{max(s.Nodes, 2), s.Fencing, s.Async} }

// On is the scenario on a cluster of another kind.
func (s Scenario) On(k Kind) Scenario {
	s.Nodes, s.Fencing, s.Async = k.Nodes, k.Fencing, k.Async
	return s
}

// Configuration is that of the operation commands in a cluster of the kind.
func (k Kind) Configuration() string {
	stonith := "disable"
	if k.Fencing {
		stonith = "enable\nSTONITH_ResourceID = fence-node01 , fence-node02"
	}
	return `D-LAN_IPAddress = 192.168.2.1 , 192.168.2.2
Archive_dir = /dbfp/pgarch/arc1
STONITH = ` + stonith + `
VIP_SLAVE = enable
PEER_NODE_SSH_PASS_MODE = nopass
`
}

// Elsewhere is a row of the catalogue that is not played as a scenario: it
// cannot be made in the lab, or needs more than one cluster.
type Elsewhere struct {
	ID     string
	Reason Text
	// Test is the nearest that is shown: the name of a test, or a target of make.
	Test string
}

// Run is one scenario under way.
type Run struct {
	*lab.Lab
	context.Context
	// Primary and Standby are those of before the fault; of two standbys, the
	// one that is to take over. Third is the other one, nil in a cluster of two.
	// Of several faults, those of before the last one ([Run.exchange]).
	Primary, Standby, Third *lab.Node
	// Lasts see Scenario.
	Lasts time.Duration
	// Writer is the client that commits through vip-master.
	Writer *lab.Writer
	// Tell is told what happens; it may be nil.
	Tell func(text string)
	at   time.Time

	looks   *audit.Watch
	lengths map[string]int // length of each node's logs before the fault, by path
	mu      sync.Mutex
	demoted string // how the primary was seen that should stay one
}

func (r *Run) tell(format string, args ...any) {
	if r.Tell != nil {
		since := "        "
		if !r.at.IsZero() {
			since = fmt.Sprintf("%+8.2f", time.Since(r.at).Seconds())
		}
		r.Tell(since + "  " + fmt.Sprintf(format, args...))
	}
}

// Result is what came of a scenario.
type Result struct {
	Scenario
	Seen   Course
	Outage time.Duration // longest pause between two acknowledged commits
	Acked  int
	Lost   int
	Looked int // how often the nodes were asked for a write of their own
	// Looks is how often each invariant was looked at, Findings what was found.
	Looks    map[audit.Invariant]int
	Findings []audit.Finding
	Settled  time.Duration
	Err      error // whatever is not as it should be
}

// Play plays one scenario on a cluster in its normal state, and leaves it so.
func Play(ctx context.Context, l *lab.Lab, s Scenario, tell func(string)) Result {
	r := &Run{Lab: l, Context: ctx, Tell: tell, Lasts: cmp.Or(s.Lasts, 15*time.Second)}
	result := Result{Scenario: s}
	result.Err = r.play(s, &result)
	return result
}

func (r *Run) play(s Scenario, result *Result) error {
	if err := r.roles(); err != nil {
		return err
	}
	if s.Prepare != nil {
		r.tell("preparing: %s", s.Name)
		if err := r.within(s.Brief, s.Prepare); err != nil {
			return fmt.Errorf("cannot prepare the fault: %w", err)
		}
		if err := r.roles(); err != nil {
			return err
		}
	}
	ctx, end := context.WithCancel(r) // whatever comes between ends both
	defer end()
	writer, watch := r.StartWriter(ctx), audit.Start(ctx, r.Lab)
	r.Writer, r.looks = writer, watch
	if err := lab.Pause(r, 2*time.Second); err != nil {
		return err
	}
	r.at, r.lengths = time.Now(), r.logSizes()
	r.tell("%s", s.Name)
	watching, done := context.WithCancel(r)
	defer done()
	go r.watch(watching)
	if s.Course == Stays {
		go r.guard(watching)
	}
	if err := r.within(s.Brief, s.Strike); err != nil {
		return fmt.Errorf("cannot make the fault: %w", err)
	}
	var errs []error
	seen, err := r.course(s, writer)
	result.Seen = seen
	errs = append(errs, err)
	for _, step := range s.after(writer) {
		if s.Brief > 0 && errors.Join(errs...) != nil {
			break
		}
		errs = append(errs, r.within(s.Brief, step))
	}
	result.Settled = time.Since(r.at)
	done()
	history := writer.Stop()
	result.Outage, result.Acked = history.LongestGap().Length(), len(history.Acked)
	errs = append(errs, r.audit(watch.Stop(r, r.expected(s, history)), result))
	if s.Tidy != nil && !(s.Brief > 0 && errors.Join(errs...) != nil) {
		r.tell("tidying")
		errs = append(errs, s.Tidy(r), r.WaitNormal(r))
	}
	r.tell("outage %.1f s, %d rows acknowledged, %d lost", result.Outage.Seconds(), result.Acked, result.Lost)
	return errors.Join(errs...)
}

// within does one step in a limited time; 0 is no limit of its own.
func (r *Run) within(limit time.Duration, step func(*Run) error) error {
	if limit == 0 {
		return step(r)
	}
	whole := r.Context
	ctx, giveUp := context.WithCancelCause(whole)
	timer := time.AfterFunc(limit, func() { giveUp(fmt.Errorf("not done within %v", limit)) })
	defer func() {
		timer.Stop() // what the step has left at work goes on
		r.Context = whole
	}()
	r.Context = ctx
	return step(r)
}

// after is what follows the fault and its course: the scenario's own look, the
// repair, and a cluster that is as before and takes writes.
func (s Scenario) after(w *lab.Writer) (steps []func(*Run) error) {
	for _, step := range []func(*Run) error{s.Check, s.Mend} {
		if step != nil {
			steps = append(steps, step)
		}
	}
	if s.Repair != nil {
		steps = append(steps, func(r *Run) error {
			r.tell("repair")
			return s.Repair(r)
		})
	}
	return append(steps, func(r *Run) error { return r.WaitNormal(r) }, func(r *Run) error {
		_, err := w.WaitAck(r, time.Now(), lab.Timeouts.FirstWrite)
		return err
	})
}

// roles waits for the normal state and notes who is what.
func (r *Run) roles() error {
	if err := r.WaitNormal(r); err != nil {
		return err
	}
	s, err := r.Status(r)
	if err != nil {
		return err
	}
	var others []*lab.Node // the one that is to take over first
	for _, n := range r.Nodes() {
		switch {
		case n.Name == s.Primary():
			r.Primary = n
		case s.Nodes[n.Name].Attributes["master-pgsql"] == "100":
			others = append([]*lab.Node{n}, others...)
		default:
			others = append(others, n)
		}
	}
	r.Standby = others[0]
	if len(others) > 1 {
		r.Third = others[1]
	}
	return nil
}

// watch tells what changes in the cluster.
func (r *Run) watch(ctx context.Context) {
	var before lab.Status
	_ = lab.Until(ctx, "the end", time.Hour, func(ctx context.Context) (string, bool) {
		s, err := r.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		for _, change := range before.Changes(s) {
			r.tell("%s", change)
		}
		before = s
		return "", false
	})
}

// guard looks whether the primary is one all the time, the repair included, in
// its own eyes: a service that comes back was away all the same.
func (r *Run) guard(ctx context.Context) {
	before := true
	_ = lab.Until(ctx, "the end", time.Hour, func(ctx context.Context) (string, bool) {
		st, err := r.Primary.Status(ctx)
		if err != nil || st.DC == "" {
			return "", false
		}
		role := st.Nodes[r.Primary.Name].Role
		// While a node joins, the record of what runs can be incomplete for a moment.
		was := before
		if before = role == lab.Promoted; !before && !was {
			r.mu.Lock()
			r.demoted = fmt.Sprintf("%s was %s for a time, %.1f s after the fault", r.Primary.Name, role, time.Since(r.at).Seconds())
			r.mu.Unlock()
			return "", true
		}
		return "", false
	})
}

// course looks at what becomes of the primary's role.
func (r *Run) course(s Scenario, w *lab.Writer) (Course, error) {
	switch s.Course {
	case Moves:
		if err := r.takeOver(); err != nil {
			return Waits, err
		}
		_, err := w.WaitAck(r, time.Now(), lab.Timeouts.FirstWrite)
		return Moves, err
	case Waits:
		return r.nobody()
	case Settles:
		return r.settles(w)
	}
	if err := lab.Pause(r, r.Lasts); err != nil {
		return Stays, err
	}
	if _, err := w.WaitAck(r, time.Now(), lab.Timeouts.Takeover); err != nil {
		return Waits, err
	}
	st, err := r.Primary.Status(r)
	switch {
	case err != nil:
		return Waits, err
	case st.Primary() != r.Primary.Name:
		return Moves, fmt.Errorf("%s is primary no longer: %s", r.Primary.Name, st)
	}
	return Stays, nil
}

// takeOver waits until another node than the primary is one in its own eyes,
// with the clients' address: a node that is cut off sees another cluster.
func (r *Run) takeOver() error {
	return lab.Until(r, "take-over from "+r.Primary.Name, lab.Timeouts.Takeover, func(ctx context.Context) (string, bool) {
		var seen []string
		for _, n := range r.Nodes() {
			if n == r.Primary || !n.Running() {
				continue
			}
			st, err := n.Status(ctx)
			if err != nil {
				seen = append(seen, err.Error())
				continue
			}
			if st.Primary() == n.Name && st.VIPs["vip-master"] == n.Name {
				return "", true
			}
			seen = append(seen, n.Name+" sees "+st.String())
		}
		return strings.Join(seen, "; "), false
	})
}

// nobody looks for a while that no other node than the primary takes over, in
// its cluster's eyes and in its server's. What becomes of the primary itself is
// for the scenario's own looks: it may go on for a moment, and the cluster may
// call it promoted for as long as a demote of it has failed.
func (r *Run) nobody() (Course, error) {
	looks := 0
	for end := time.Now().Add(r.Lasts); time.Now().Before(end); {
		for _, n := range r.Nodes() {
			if n == r.Primary || !n.Running() {
				continue
			}
			looks++
			st, err := n.Status(r)
			// Of a promotion that has failed the cluster goes on saying so.
			own := st.Nodes[n.Name]
			if err == nil && own.Role == lab.Promoted && !own.Failed || r.writable(n) {
				return Moves, fmt.Errorf("%s was promoted", n.Name)
			}
		}
		if err := lab.Pause(r, 200*time.Millisecond); err != nil {
			return Waits, err
		}
	}
	if looks == 0 {
		return Waits, errors.New("nothing was seen")
	}
	return Waits, nil
}

// expected is what the scenario calls for, in the words of the audits: of a role
// that moves the primary's server ends, of one that stays the standby's may when
// an operator has to bring it back, and where nobody takes over all of them do.
func (r *Run) expected(s Scenario, h lab.History) audit.Expected {
	e := audit.Expected{
		Restarts: r.names(s.Restarts...), TimesOut: r.names(s.MayTimeOut...), Promotion: s.Course == Moves, Spared: s.Spared,
		Histories: map[string]lab.History{"vip-master": h},
	}
	switch {
	case s.Fenced == "":
	case s.MayFence:
		e.MayFence = r.names(s.Fenced)
	default:
		e.Fenced = r.names(s.Fenced)
	}
	if s.Async {
		e.Spared = maps.Clone(e.Spared)
		if e.Spared == nil {
			e.Spared = map[audit.Invariant]string{}
		}
		for _, i := range []audit.Invariant{audit.I2, audit.I4, audit.I5, audit.I8} {
			e.Spared[i] = "it is of rep_mode sync"
		}
	}
	switch {
	case s.Course == Moves:
		e.Restarts = append(e.Restarts, r.Primary.Name)
	case s.Course == Settles:
		e.Restarts, e.Promotion = append(e.Restarts, r.names("primary", "standby")...), false
	case s.Course == Waits:
		e.Restarts = append(e.Restarts, r.names("primary", "standby", "third")...)
	case s.Repair != nil:
		e.Restarts = append(e.Restarts, r.Standby.Name)
	}
	return e
}

// names are those of the nodes with these roles of before, as far as there are such.
func (r *Run) names(roles ...string) []string {
	var names []string
	for _, role := range roles {
		if n := map[string]*lab.Node{"primary": r.Primary, "standby": r.Standby, "third": r.Third}[role]; n != nil {
			names = append(names, n.Name)
		}
	}
	return names
}

// writable says whether the server of a node is one that takes writes.
func (r *Run) writable(n *lab.Node) bool {
	out, err := r.sql(n, "postgres", "SELECT pg_is_in_recovery()")
	return err == nil && out == "f"
}

// exchange makes of a node that has taken over the primary of the next fault.
func (r *Run) exchange() { r.Primary, r.Standby = r.Standby, r.Primary }

// audit makes an error of what the audits have found.
func (r *Run) audit(report audit.Report, result *Result) error {
	result.Looks, result.Looked, result.Findings = report.Looks, report.Looks[audit.I1], report.Findings
	var errs []error
	for _, rows := range report.Rows {
		result.Lost += len(rows.Lost)
	}
	for _, f := range report.Findings {
		errs = append(errs, errors.New(f.String()))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.demoted != "" {
		errs = append(errs, errors.New(r.demoted))
	}
	if result.Acked == 0 {
		errs = append(errs, errors.New("no row was acknowledged"))
	}
	return errors.Join(errs...)
}

// operate types a command of the product on a node; it has to succeed.
func (r *Run) operate(n *lab.Node, argv ...string) error {
	r.tell("%s# %s", n.Name, strings.Join(argv, " "))
	s, err := n.Operate(r, "C.UTF-8", "", argv...)
	if err == nil && s.Status != 0 {
		err = fmt.Errorf("%s# %s: exit status %d: %s", n.Name, strings.Join(argv, " "), s.Status, lastLines(s.Text, 8))
	}
	return err
}

// refused types a command that must not succeed, and has to say why in some words.
func (r *Run) refused(n *lab.Node, words []string, argv ...string) error {
	s, err := r.look(n, words, argv...)
	if err == nil && s.Status == 0 {
		err = fmt.Errorf("%s# %s: not refused", n.Name, strings.Join(argv, " "))
	}
	return err
}

// look types a command that has to say some words, however it ends.
func (r *Run) look(n *lab.Node, words []string, argv ...string) (lab.Screen, error) {
	r.tell("%s# %s", n.Name, strings.Join(argv, " "))
	s, err := n.Operate(r, "C.UTF-8", "", argv...)
	if err != nil {
		return s, err
	}
	for _, w := range words {
		if !strings.Contains(s.Text, w) {
			return s, fmt.Errorf("%s# %s: exit status %d, and it does not say %q: %s",
				n.Name, strings.Join(argv, " "), s.Status, w, lastLines(s.Text, 30))
		}
	}
	return s, nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " / ")
}
