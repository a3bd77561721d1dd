// Package agent carries out the actions that Pacemaker asks for.
//
// Each action is one file and reads from top to bottom: where are we, is
// there anything to do, may it be done, do it, record it. What to change about
// the cluster is decided by package replication and carried out by apply.go;
// the server is handled by package pg, Pacemaker's tools by package crm, and
// what Pacemaker promises and expects by package ocf. [Main] is the only place
// that turns an error into an exit status and prints the exit reason.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/resource"
	"pgrex/internal/run"
)

// Agent is one invocation.
type Agent struct {
	call     ocf.Call
	params   ocf.Params
	pg       *pg.Instance
	crm      *crm.Client
	log      *logrus.Logger
	node     string // the cluster's name of this node
	usable   bool   // the configuration is; otherwise only the server is looked after
	nameless bool   // the name service does not know pgdba

	watcher      *pg.Watcher       // held, see holdWatch; nil without one
	standbys     map[string]string // addresses of those of a primary that is being demoted
	met          *[]int            // processes of a primary that send to standbys, nil while nobody has looked
	secrets      []string          // variables that hideSecrets has taken away
	state        *crm.State        // read once per action, see cluster
	noting       sync.Mutex        // of what changes state while programs run side by side
	promoteAsked bool              // the server has been told to leave recovery
}

// action is one of the actions that look at the server.
type action struct {
	run func(*Agent, context.Context) (ocf.Code, error)
	// Actions that take something away or only look must work with a broken
	// configuration: a refused stop gets the node fenced.
	lenient bool
	// promotable actions exist only in a promotable clone.
	promotable bool
	// endless actions have no deadline: they end with what they wait for.
	endless bool
	// alone: the watcher looks at nothing meanwhile.
	alone bool
}

var actions = map[string]action{
	"start":        {run: (*Agent).start},
	"stop":         {run: (*Agent).stop, lenient: true},
	"status":       {run: (*Agent).status, lenient: true},
	"monitor":      {run: (*Agent).monitor, lenient: true, alone: true},
	"promote":      {run: (*Agent).promote, promotable: true, alone: true},
	"demote":       {run: (*Agent).demote, lenient: true, promotable: true},
	"notify":       {run: (*Agent).notify, lenient: true, alone: true},
	"validate-all": {run: (*Agent).validateAll},
	"reload-agent": {run: (*Agent).reloadAgent},
	watchAction:    {run: (*Agent).watch, endless: true},
}

// SetRuntime fits Go's runtime to a call that lives for milliseconds and needs
// a few megabytes: collecting what it no longer uses, and waking further
// threads, would cost more than they save. A program calls it first.
func SetRuntime() {
	debug.SetGCPercent(400)
	runtime.GOMAXPROCS(1)
}

// Main answers one call of Pacemaker, ocf-tester or a person and returns the
// exit status of the process.
func Main(args []string, env ocf.Env, stdin *os.File, stdout, stderr io.Writer) ocf.Code {
	if code, done := answerAlone(args, env, stdout, stderr); done {
		return code
	}
	call, err := ocf.ParseCall(args, env)
	if errors.Is(err, ocf.ErrUsage) {
		fmt.Fprint(stdout, ocf.Usage())
		hint(stdout, env, call, message.HelpHint)
	}
	if err != nil {
		ocf.PrintReason(stderr, env, err.Error())
		return ocf.CodeOf(err)
	}
	do, known := actions[call.Action]
	if !known {
		fmt.Fprint(stdout, ocf.Usage())
		hint(stdout, env, call, message.UnknownWord, call.Action, actionNames())
		ocf.PrintReason(stderr, env, fmt.Sprintf("unknown action %q", call.Action))
		return ocf.ErrUnimplemented
	}
	log := ocf.NewLogger(env, call, stdin, stderr)
	code, err := performOrGiveUp(call, do, env, log)
	if err == nil {
		return code
	}
	code = harmless(call, code)
	if code == ocf.Success {
		log.Error(err)
		return code
	}
	_, reason := ocf.FirstReason(err)
	log.Error(reason)
	ocf.PrintReason(stderr, env, reason)
	return code
}

// harmless is the status that an action may answer with in place of code. Of a
// notification Pacemaker ignores the answer. A reload takes nothing over that
// the next start would not look at again; after one that failed, the cluster
// would stop the database over a mistyped parameter, on all nodes where the
// status is "not configured".
func harmless(call ocf.Call, code ocf.Code) ocf.Code {
	if call.Action == "notify" || call.Action == "reload-agent" && !call.ByHand {
		return ocf.Success
	}
	return code
}

// answerAlone answers what needs no privilege, configuration or cluster.
func answerAlone(args []string, env ocf.Env, stdout, stderr io.Writer) (ocf.Code, bool) {
	if len(args) == 0 {
		return 0, false
	}
	switch args[0] {
	case "usage":
		fmt.Fprint(stdout, ocf.Usage())
	case "help", "-h", "--help":
		fmt.Fprint(stdout, help(message.For(env.Get)))
	case "explain":
		return explain(args[1:], env, stdout, stderr), true
	case "meta-data":
		if err := ocf.WriteMetadata(stdout, env); err != nil {
			return ocf.ErrGeneric, true
		}
	case "methods":
		fmt.Fprintln(stdout, strings.Join(ocf.Methods(), "\n"))
	default:
		return 0, false
	}
	return ocf.Success, true
}

// hint adds for a person, in the person's language, what is no affair of Pacemaker's.
func hint(w io.Writer, env ocf.Env, call ocf.Call, key message.Key, args ...any) {
	if call.ByHand {
		fmt.Fprintln(w, "\n"+message.For(env.Get).Say(key, args...))
	}
}

// performOrGiveUp ends in time even where no deadline reaches: a file on a dead
// disk is read for as long as the kernel likes.
func performOrGiveUp(call ocf.Call, do action, env ocf.Env, log *logrus.Logger) (ocf.Code, error) {
	if do.endless {
		return perform(call, do, env, log)
	}
	type outcome struct {
		code ocf.Code
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		code, err := perform(call, do, env, log)
		done <- outcome{code, err}
	}()
	timeout, margin := times(call)
	select {
	case o := <-done:
		return o.code, o.err
	case <-time.After(timeout - margin*9/10):
		return ocf.ErrGeneric, fmt.Errorf("%s hangs and the time for it (timeout %v) is over: look for a disk or file system that does not answer", call.Action, timeout)
	}
}

// perform sets the agent up and runs the action within its time.
func perform(call ocf.Call, do action, env ocf.Env, log *logrus.Logger) (ocf.Code, error) {
	if do.promotable && !call.Promotable {
		return ocf.ErrUnimplemented, fmt.Errorf("%s needs a promotable clone", call.Action)
	}
	params, err := ocf.ParseParams(env)
	if do.promotable && err == nil && !params.RepMode.Replicated() {
		return ocf.ErrConfigured, fmt.Errorf("%s needs rep_mode async or sync, it is %s", call.Action, params.RepMode)
	}
	log.AddHook(params.RedactHook())
	secrets := hideSecrets()
	err = errors.Join(err, params.Check(call))
	if err != nil && !do.lenient {
		code, _ := ocf.FirstReason(err)
		return code, err
	}
	usable := err == nil
	if !usable {
		log.Warnf("going on with a configuration that is not usable: %v", oneLine(err))
	}
	ctx, cancel := do.deadline(call)
	defer cancel()

	runner := run.Local{}
	a := &Agent{call: call, params: params, log: log, usable: usable, secrets: secrets,
		crm: &crm.Client{Run: runner, WriteTimeout: params.CrmAttrTimeout, FeatureSet: call.FeatureSet}}
	user, userErr := pg.LookupUser(ctx, runner, params.PgDBA)
	if userErr != nil && !do.lenient {
		return ocf.ErrInstalled, ocf.Errorf(ocf.ErrInstalled, "pgdba=%s: %w", params.PgDBA, userErr)
	}
	if a.nameless = userErr != nil; a.nameless {
		log.Warnf("going on as the owner of %s: %v", params.PgData, oneLine(userErr))
		if user, err = pg.Owner(params.PgDBA, params.PgData); err != nil {
			log.Warn(oneLine(err))
		}
	}
	if uid := os.Geteuid(); uid != 0 && (userErr != nil || uid != int(user.UID)) {
		return ocf.ErrGeneric, ocf.Errorf(ocf.ErrGeneric, "must run as root or as %s", params.PgDBA)
	}
	a.pg = pg.New(resource.Settings(params, user), runner)
	if a.namesNode() {
		if a.node, err = a.crm.LocalNode(ctx, call.OnNode); err != nil {
			return ocf.ErrGeneric, err
		}
	}
	if do.alone {
		a.holdWatch()
	}
	defer a.letGo()
	code, err := do.run(a, ctx)
	if err != nil {
		err = errors.New(params.Redact(oneLine(err)))
		if code == ocf.Success {
			code = ocf.ErrGeneric
		}
	}
	return code, err
}

// namesNode says whether the action speaks of this node to anybody: to the
// cluster in attributes, or to a primary as application_name.
func (a *Agent) namesNode() bool {
	silent := a.call.Action == "validate-all" || a.call.Action == "status"
	return !silent && (a.params.RepMode != ocf.RepNone || a.params.CheckWalReceiver)
}

// hideSecrets takes the passwords that Pacemaker has put into our environment
// out of it: what we start inherits it, and the server would keep them there
// for everybody who may run code in it. It returns them for the watcher.
func hideSecrets() (taken []string) {
	for _, p := range ocf.Table("") {
		name := "OCF_RESKEY_" + p.Name
		if value, set := os.LookupEnv(name); p.Secret && set {
			taken = append(taken, name+"="+value)
			_ = os.Unsetenv(name)
		}
	}
	return taken
}

// defaultTimeout is the time of an action that was started by hand.
const defaultTimeout = 60 * time.Second

// times are how long the action may take and how long before that it ends by
// itself: Pacemaker kills without warning, and then nobody learns why.
func times(call ocf.Call) (timeout, margin time.Duration) {
	timeout = call.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	margin = 1200 * time.Millisecond
	if timeout < 2*margin {
		margin = timeout / 2
	}
	return timeout, margin
}

func (do action) deadline(call ocf.Call) (context.Context, context.CancelFunc) {
	if do.endless {
		return context.WithCancel(context.Background())
	}
	timeout, margin := times(call)
	return context.WithTimeoutCause(context.Background(), timeout-margin,
		fmt.Errorf("the time for %s (timeout %v) is nearly over", call.Action, timeout))
}

// attr is the name of one of the agent's node attributes.
func (a *Agent) attr(suffix string) string { return a.call.Resource + "-" + suffix }

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// until polls cond, which is what an action waits for, every interval until it
// is true, fails, or ctx ends; then it says what was waited for.
func until(ctx context.Context, what string, interval time.Duration, cond func() (bool, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		ok, err := cond()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting for %s: %w", what, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}
