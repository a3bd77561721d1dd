// Package drill plays the faults of the catalogue on a cluster of the lab, one
// scenario after the other: the fault, what becomes of it, the operator's repair
// with the operation commands, and what a look from outside says. It uses what
// is installed and imports nothing of the product.
package drill

import (
	"context"
	"errors"
	"fmt"
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
	Stays Course = iota // the primary goes on
	Moves               // the other node takes over
	Waits               // nobody may take over
)

func (c Course) String() string { return [...]string{"stays", "moves", "waits"}[c] }

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
	// Fenced is the node whose power the cluster has to take: "primary" or
	// "standby" of before; "" for none. Another one is a failure.
	Fenced string
	Strike func(*Run) error
	// Restarts are nodes whose server may be stopped and started, and MayTimeOut
	// those whose actions may run into their time-outs, as "primary", "standby"
	// or "third" of before: besides those that the course and the repair imply.
	Restarts, MayTimeOut []string
	// Spared are invariants that the scenario itself breaks, each with the reason.
	Spared map[audit.Invariant]string
	// Lasts is how long it is looked whether the primary stays, or nobody is
	// promoted; 0: 15 s.
	Lasts time.Duration
	// Check looks, while the fault lasts and its course is seen, at what the row
	// says besides the course; nil for nothing.
	Check func(*Run) error
	// Mend undoes what Strike did to the machine.
	Mend func(*Run) error
	// Repair is what the operator types then; nil for nothing.
	Repair func(*Run) error
}

// Kind is what a scenario needs of a cluster.
type Kind struct {
	Nodes   int
	Fencing bool
}

// Kind of the scenario's cluster.
func (s Scenario) Kind() Kind { return Kind{max(s.Nodes, 2), s.Fencing} }

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
	Primary, Standby, Third *lab.Node
	// Tell is told what happens; it may be nil.
	Tell func(text string)
	at   time.Time

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
	r := &Run{Lab: l, Context: ctx, Tell: tell}
	result := Result{Scenario: s}
	result.Err = r.play(s, &result)
	return result
}

func (r *Run) play(s Scenario, result *Result) error {
	if err := r.roles(); err != nil {
		return err
	}
	ctx, end := context.WithCancel(r) // whatever comes between ends both
	defer end()
	writer, watch := r.StartWriter(ctx), audit.Start(ctx, r.Lab)
	if err := lab.Pause(r, 2*time.Second); err != nil {
		return err
	}
	r.at = time.Now()
	r.tell("%s", s.Name)
	watching, done := context.WithCancel(r)
	defer done()
	go r.watch(watching)
	if s.Course == Stays {
		go r.guard(watching)
	}
	if err := s.Strike(r); err != nil {
		return fmt.Errorf("cannot make the fault: %w", err)
	}
	var errs []error
	seen, err := r.course(s, writer)
	result.Seen = seen
	errs = append(errs, err)
	if s.Check != nil {
		errs = append(errs, s.Check(r))
	}
	if s.Mend != nil {
		errs = append(errs, s.Mend(r))
	}
	if s.Repair != nil {
		r.tell("repair")
		errs = append(errs, s.Repair(r))
	}
	errs = append(errs, r.WaitNormal(r))
	result.Settled = time.Since(r.at)
	if _, err := writer.WaitAck(r, time.Now(), lab.Timeouts.FirstWrite); err != nil {
		errs = append(errs, err)
	}
	done()
	history := writer.Stop()
	result.Outage, result.Acked = history.LongestGap().Length(), len(history.Acked)
	errs = append(errs, r.audit(watch.Stop(r, r.expected(s, history)), result))
	r.tell("outage %.1f s, %d rows acknowledged, %d lost", result.Outage.Seconds(), result.Acked, result.Lost)
	return errors.Join(errs...)
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
	for _, n := range r.Nodes() {
		switch {
		case n.Name == s.Primary():
			r.Primary = n
		case s.Nodes[n.Name].Attributes["pgsql-status"] == "HS:sync":
			r.Standby = n
		default:
			r.Third = n
		}
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
	_ = lab.Until(ctx, "the end", time.Hour, func(ctx context.Context) (string, bool) {
		st, err := r.Primary.Status(ctx)
		if err != nil || st.DC == "" {
			return "", false
		}
		if role := st.Nodes[r.Primary.Name].Role; role != lab.Promoted {
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
	lasts := s.Lasts
	if lasts == 0 {
		lasts = 15 * time.Second
	}
	switch s.Course {
	case Moves:
		if err := r.takeOver(); err != nil {
			return Waits, err
		}
		_, err := w.WaitAck(r, time.Now(), lab.Timeouts.FirstWrite)
		return Moves, err
	case Waits:
		return r.nobody(lasts)
	}
	if err := lab.Pause(r, lasts); err != nil {
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

// takeOver waits until the other node is primary in its own eyes, with the
// clients' address: a node that is cut off sees another cluster.
func (r *Run) takeOver() error {
	return lab.Until(r, "take-over by "+r.Standby.Name, lab.Timeouts.Takeover, func(ctx context.Context) (string, bool) {
		st, err := r.Standby.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		return st.String(), st.Primary() == r.Standby.Name && st.VIPs["vip-master"] == r.Standby.Name
	})
}

// nobody looks for a while that the standby is not promoted.
func (r *Run) nobody(lasts time.Duration) (Course, error) {
	looks := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		if st, err := r.Standby.Status(r); err == nil {
			looks++
			if st.Nodes[r.Standby.Name].Role == lab.Promoted {
				return Moves, fmt.Errorf("%s was promoted", r.Standby.Name)
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
	if s.Fenced != "" {
		e.Fenced = r.names(s.Fenced)
	}
	switch {
	case s.Course == Moves:
		e.Restarts = append(e.Restarts, r.Primary.Name)
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

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " / ")
}
