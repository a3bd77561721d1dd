package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Config says what Up is to build.
type Config struct {
	// Nodes is the number of nodes, at least 2; 0 means 2.
	Nodes int
	// Agent is the path of the pgsql-ra binary to install in every node; empty
	// means the shell agent ocf:heartbeat:pgsql, for comparison.
	Agent string
	// PGBin is the folder of PostgreSQL's programs; empty means the newest below
	// /usr/lib/postgresql.
	PGBin string
	// Suite is the release of Debian that the nodes run, one of Suites; empty
	// means what the machine itself runs.
	Suite string
	// Variant is what the cluster's definition has otherwise than the manual's.
	Variant Variant
	// Bare is a lab of nodes without a database and without a definition: what
	// somebody has who begins with the manual.
	Bare bool
	// Power is the path of the lab's program, which is needed for a cluster with
	// fencing (Variant.Fencing): fence agent in the nodes, and the process
	// behind it.
	Power string
	// KeepFailed leaves a lab that did not come up for inspection.
	KeepFailed bool
	// Report is told of every step when it begins and when it ends; may be nil.
	Report func(Step)
}

// StepID names a step of the way up.
type StepID string

// The steps, in the order in which Up takes them.
const (
	StepRemains    StepID = "remains"    // a lab removed whose owner was killed
	StepSuite      StepID = "suite"      // root file system of the suite built, where it was not there yet
	StepNodes      StepID = "nodes"      // networks made, nodes prepared and booted
	StepInitPG     StepID = "initdb"     // the first database made on node01
	StepDefinition StepID = "definition" // the cluster's definition put in place
	StepPrimary    StepID = "primary"    // node01 started and promoted
	StepBackup     StepID = "backup"     // base backup taken on the standby
	StepStandby    StepID = "standby"    // standby started and synchronous
)

// Step is one step of the way up, reported when it begins and again when it ends.
type Step struct {
	ID    StepID
	Node  string // empty where all nodes take part
	Suite string // StepSuite: which
	Done  bool
	Took  time.Duration
	Err   error
	// Mended says that the shell agent's library was corrected in the nodes (StepNodes).
	Mended bool
}

// Lab is a running lab.
type Lab struct {
	state  state
	nodes  []*Node
	report func(Step)
	bare   bool
	mended string // the shell agent's library as it should be; empty: as it is
}

// Up builds a cluster with a primary on the first node and synchronous standbys
// on the others. When it fails or its context ends, everything is removed again.
// The lab is this process's until Down or Keep.
func Up(ctx context.Context, cfg Config) (*Lab, error) {
	l, err := begin(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	if err := l.build(ctx); err != nil {
		if cfg.KeepFailed {
			return nil, errors.Join(err, l.Keep())
		}
		// The clean-up must go through although ctx may be over.
		return nil, errors.Join(err, Down(context.WithoutCancel(ctx)))
	}
	return l, nil
}

// begin claims the machine for this lab.
func begin(ctx context.Context, cfg *Config) (*Lab, error) {
	if cfg.Nodes == 0 {
		cfg.Nodes = 2
	}
	if cfg.Nodes < 2 || cfg.Nodes > 9 {
		return nil, fmt.Errorf("cannot make a lab of %d nodes: 2 to 9 are possible", cfg.Nodes)
	}
	if cfg.Suite != "" { // a wrong name is told first, whatever the machine lacks
		if _, err := newSuite(cfg.Suite); err != nil {
			return nil, err
		}
	}
	if err := preflight(); err != nil {
		return nil, err
	}
	below := machine
	if cfg.Suite != "" {
		if s, err := loadState(); err == nil && (s.Kept || owns()) { // better said before a build than after it
			return nil, ErrRunning
		}
		var err error
		if below, err = suiteBase(ctx, cfg.Suite, cfg.Report); err != nil {
			return nil, err
		}
	}
	if err := below.preflight(cfg.Suite); err != nil {
		return nil, err
	}
	if cfg.PGBin == "" {
		cfg.PGBin = below.pgBin()
	}
	if cfg.Agent != "" {
		path, err := filepath.Abs(cfg.Agent)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("cannot find the agent: %w", err)
		}
		cfg.Agent = path
	}
	if cfg.Power != "" {
		path, err := filepath.Abs(cfg.Power)
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot find the program that switches the power: %w", err)
		}
		cfg.Power = path
	} else if cfg.Variant.Fencing {
		return nil, errors.New("a cluster with fencing needs the program that switches the power")
	}
	l := newLab(state{Nodes: cfg.Nodes, Agent: cfg.Agent, Power: cfg.Power, PGBin: cfg.PGBin, Base: below, Variant: cfg.Variant, Started: time.Now()})
	l.report, l.bare = cfg.Report, cfg.Bare
	if err := claim(ctx, l.state, cfg.Report); err != nil {
		return nil, err
	}
	return l, nil
}

// Open attaches to the lab that another process has started.
func Open() (*Lab, error) {
	if os.Geteuid() != 0 {
		return nil, ErrNotRoot
	}
	s, err := loadState()
	if err != nil {
		return nil, err
	}
	return newLab(s), nil
}

func newLab(s state) *Lab {
	l := &Lab{state: s}
	for i := 1; i <= s.Nodes; i++ {
		l.nodes = append(l.nodes, &Node{Name: nodeName(i), Index: i, base: s.Base, power: s.Power != "", checksDisk: s.Variant.Fencing})
	}
	return l
}

// build takes all steps of Up.
func (l *Lab) build(ctx context.Context) error {
	if err := l.BootNodes(ctx); err != nil {
		return err
	}
	if l.bare {
		return nil
	}
	if err := l.InitPrimary(ctx); err != nil {
		return err
	}
	if err := l.LoadDefinition(ctx); err != nil {
		return err
	}
	if err := l.StartPrimary(ctx); err != nil {
		return err
	}
	for _, n := range l.nodes[1:] {
		if err := l.JoinStandby(ctx, n); err != nil {
			return err
		}
	}
	if err := l.onceWhole(ctx); err != nil {
		return err
	}
	l.state.Ready = true
	return l.state.save()
}

// onceWhole sets what would be in the way of a first node that starts alone.
// Three nodes and more stop where they are the minority; two ignore the loss of
// quorum, as the manual's do. With fencing, a node that was never seen is fenced.
func (l *Lab) onceWhole(ctx context.Context) error {
	var errs []error
	if len(l.nodes) > 2 {
		_, err := l.nodes[0].Run(ctx, "crm_attribute", "--name", "no-quorum-policy", "--update", "stop")
		errs = append(errs, err)
	}
	if l.state.Variant.Fencing {
		_, err := l.nodes[0].Run(ctx, "crm_attribute", "--name", "startup-fencing", "--delete")
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// BootNodes makes the networks and boots all nodes, without a cluster.
func (l *Lab) BootNodes(ctx context.Context) error {
	return l.step(Step{ID: StepNodes}, func() error {
		keys, err := newSecrets(ctx)
		if err != nil {
			return err
		}
		if l.state.Agent == "" && !l.state.Variant.PAF {
			if l.mended, err = l.state.Base.mendedShellFunctions(); err != nil {
				return err
			}
		}
		if err := buildNetwork(ctx); err != nil {
			return err
		}
		if l.state.Power != "" {
			if err := l.startPower(ctx); err != nil {
				return err
			}
		}
		return inParallel(l.nodes, func(n *Node) error {
			if err := l.prepare(n, keys); err != nil {
				return err
			}
			return n.Boot(ctx)
		})
	})
}

// step reports the begin and the end of one step.
func (l *Lab) step(s Step, do func() error) error {
	return step(l.report, s, func(s *Step) error {
		err := do()
		s.Mended = s.ID == StepNodes && l.mended != ""
		return err
	})
}

// step also lets do complete what is reported at the end.
func step(report func(Step), s Step, do func(*Step) error) error {
	if report == nil {
		report = func(Step) {}
	}
	report(s)
	begin := time.Now()
	s.Err = do(&s)
	s.Done, s.Took = true, time.Since(begin)
	report(s)
	return s.Err
}

// Report sets who is told of the steps of a lab that was opened.
func (l *Lab) Report(f func(Step)) { l.report = f }

// Nodes lists the nodes in order.
func (l *Lab) Nodes() []*Node { return l.nodes }

// Node finds a node by name.
func (l *Lab) Node(name string) (*Node, error) {
	for _, n := range l.nodes {
		if n.Name == name {
			return n, nil
		}
	}
	unknown := &UnknownError{What: "node", Name: name}
	for _, n := range l.nodes {
		unknown.Known = append(unknown.Known, n.Name)
	}
	return nil, unknown
}

// Ready says whether Up has come to its end: a lab that is still on its way up,
// or was killed on it, is not ready.
func (l *Lab) Ready() bool { return l.state.Ready }

// Async says whether nobody waits for a standby (rep_mode async).
func (l *Lab) Async() bool { return l.state.Variant.Async }

// AgentFile is the program that the cluster calls in the nodes.
func (l *Lab) AgentFile() string {
	if l.state.Variant.PAF {
		return pafAgent
	}
	return "/usr/lib/ocf/resource.d/" + l.definition().Provider + "/pgsql"
}

// PGBin is the folder of PostgreSQL's programs in the nodes.
func (l *Lab) PGBin() string { return l.state.PGBin }
