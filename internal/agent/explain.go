package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/resource"
	"pgrex/internal/run"
)

// explain is for people: it observes what a monitor observes, with the same
// code, asks package replication for the same decision, and prints both. What
// it starts goes through a [rehearsal], so that nothing is written.
//
// The frame is in the operator's language. Changes are translated by their
// kind; the reason that each carries stays in English, in parentheses, because
// it is a sentence of the log and has to be found there.

// explainTime bounds all of explain, serverPatience its wait for a server that
// is starting up: a person is waiting, and a look is wanted, no verdict.
const (
	explainTime    = 30 * time.Second
	serverPatience = 3 * time.Second
)

// explainOptions are the command line of explain.
type explainOptions struct {
	resource, node string
	json, help     bool
}

// usageError is a wrong command line, or one that leaves a choice open.
type usageError struct{ text, cure string }

func (e *usageError) Error() string { return e.text }

func parseExplain(args []string, say message.Printer) (explainOptions, error) {
	var o explainOptions
	wrong := func(key message.Key, arg string) error {
		return &usageError{text: say.Say(key, arg), cure: say.Say(message.ExplainUsage)}
	}
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		switch {
		case args[i] == "--json":
			o.json = true
		case args[i] == "-h", args[i] == "--help":
			o.help = true
		case name == "--node":
			if !hasValue && i+1 < len(args) {
				i++
				value = args[i]
			}
			if value == "" {
				return o, wrong(message.ExplainNeedsValue, name)
			}
			o.node = value
		case strings.HasPrefix(args[i], "-"):
			return o, wrong(message.ExplainUnknownOption, args[i])
		case o.resource != "":
			return o, wrong(message.ExplainOneResource, args[i])
		default:
			o.resource = args[i]
		}
	}
	return o, nil
}

// explain answers with the exit statuses of a program for people: Success when
// everything could be seen, ErrGeneric when facts are missing, ErrArgs for
// wrong usage.
func explain(args []string, env ocf.Env, stdout, stderr io.Writer) ocf.Code {
	say := message.For(env.Get)
	opts, err := parseExplain(args, say)
	if opts.help {
		fmt.Fprint(stdout, help(say))
		return ocf.Success
	}
	if err != nil {
		return complain(stderr, err)
	}
	frame := say
	if opts.json {
		frame = message.Printer{} // programs read the same in every language
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), explainTime, fmt.Errorf("explain gives up after %v", explainTime))
	defer cancel()
	e := &explainer{opts: opts, say: frame, rehearsal: &rehearsal{real: run.Local{}},
		found: findings{Problems: []string{}, Standbys: []standbyFacts{}, Notes: []string{}, Missing: []missingFact{}}}
	if err := e.explore(ctx, env); err != nil {
		return complain(stderr, err)
	}
	e.redact()
	if opts.json {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		err = enc.Encode(e.found)
	} else {
		_, err = io.WriteString(stdout, e.text())
	}
	if err != nil || len(e.found.Missing) > 0 {
		return ocf.ErrGeneric
	}
	return ocf.Success
}

func complain(stderr io.Writer, err error) ocf.Code {
	fmt.Fprintf(stderr, "pgsql-ra: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		if usage.cure != "" {
			fmt.Fprintln(stderr, "  → "+usage.cure)
		}
		return ocf.ErrArgs
	}
	return ocf.ErrGeneric
}

// rehearsal is a runner that lets programs read, and notes attribute writes
// without doing them. Everything else is refused: explain has no business with it.
type rehearsal struct {
	real   run.Runner
	writes []string // command lines, since they were last taken
}

func (r *rehearsal) Run(ctx context.Context, c run.Command) (run.Result, error) {
	switch {
	case c.Argv[0] == "crm_attribute":
		r.writes = append(r.writes, shown(c.Argv))
		return run.Result{}, nil
	case slices.Contains([]string{"crm_mon", "crm_node", "getent"}, c.Argv[0]),
		c.Argv[0] == "cibadmin" && len(c.Argv) > 1 && c.Argv[1] == "-Q":
		return r.real.Run(ctx, c)
	}
	return run.Result{}, fmt.Errorf("explain does not run %s: it changes nothing", c.Argv[0])
}

func (r *rehearsal) take() []string {
	writes := r.writes
	r.writes = nil
	return writes
}

// shown is a command line that can be read back: words with blanks or signs
// of a shell are quoted.
func shown(argv []string) string {
	var words []string
	for _, w := range argv {
		if w == "" || strings.ContainsAny(w, " |'\"$;&*()<>\\\t\n") {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// explainer finds out, step by step; what it has found is one value, of which
// both the text and the JSON are made.
type explainer struct {
	opts      explainOptions
	say       message.Printer
	rehearsal *rehearsal
	agent     *Agent
	found     findings
}

// missing notes a fact that could not be had.
func (e *explainer) missing(fact message.Key, why error, cure string) {
	e.found.Missing = append(e.found.Missing, missingFact{Fact: e.say.Say(fact), Why: oneLine(why), Cure: cure})
}

func (e *explainer) explore(ctx context.Context, env ocf.Env) error {
	hideSecrets()
	client := &crm.Client{Run: e.rehearsal}
	def, source, err := e.definition(ctx, client, env)
	if err != nil {
		return err
	}
	if def == nil && !givesParams(env) {
		return nil // whatever is missing has been noted
	}
	merged := withDefinition(env, def, e.instance(env, def))
	call, err := ocf.ParseCall([]string{"monitor"}, merged)
	if err != nil {
		return err
	}
	params, paramErr := ocf.ParseParams(merged)
	checkErr := errors.Join(paramErr, params.Check(call))
	e.agent = &Agent{call: call, params: params, crm: client, usable: checkErr == nil, log: e.logger()}
	e.describe(env, def, source)
	e.problems(checkErr)
	if e.opts.node != "" && len(params.NodeList) > 0 && !ocf.Contains(params.NodeList, e.opts.node) {
		return &usageError{text: e.say.Say(message.NodeNotListed, e.opts.node, strings.Join(params.NodeList, " "))}
	}
	if e.agent.node, err = client.LocalNode(ctx, call.OnNode); err != nil {
		e.missing(message.FactNode, err, "")
	}
	e.found.Node = e.agent.node
	mayLook := e.setUpServer(ctx)
	if params.RepMode != ocf.RepNone || params.CheckWalReceiver {
		e.lookAtCluster(ctx)
	}
	if mayLook {
		e.problems(e.agent.checkSystem())
		e.lookAtFiles()
		e.foresee(ctx)
	}
	return nil
}

// logger collects what the code that is shared with monitor warns of.
func (e *explainer) logger() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	log.AddHook(noteHook{&e.found.Notes})
	return log
}

type noteHook struct{ notes *[]string }

func (noteHook) Levels() []logrus.Level { return []logrus.Level{logrus.ErrorLevel, logrus.WarnLevel} }

func (h noteHook) Fire(entry *logrus.Entry) error {
	*h.notes = append(*h.notes, strings.Join(strings.Fields(entry.Message), " "))
	return nil
}

// definition finds the resource in the CIB: that of the cluster, or where the
// cluster does not run the file it left. Without any it answers nil, which is
// enough when the environment gives the parameters.
func (e *explainer) definition(ctx context.Context, client *crm.Client, env ocf.Env) (*crm.Definition, message.Key, error) {
	source := message.FromDefinition
	list, err := client.Definitions(ctx, "")
	if err != nil {
		if _, statErr := os.Stat(crm.CIBFile); statErr == nil {
			source = message.FromFile
			var fileErr error
			if list, fileErr = client.Definitions(ctx, crm.CIBFile); fileErr == nil {
				err = nil
			} else {
				err = errors.Join(err, fileErr)
			}
		}
	}
	if err != nil {
		if !givesParams(env) {
			e.missing(message.FactDefinition, err, e.say.Say(message.CureCluster))
		}
		return nil, source, nil
	}
	def, err := e.choose(list, env)
	return def, source, err
}

// providers are the names that this agent goes by, and the shell agent's,
// whose parameters are the same.
var providers = []string{"linuxhajapan", "linuxhajp", "heartbeat"}

func (e *explainer) choose(list []crm.Definition, env ocf.Env) (*crm.Definition, error) {
	name := e.opts.resource
	if name == "" {
		name, _, _ = strings.Cut(env.Get("OCF_RESOURCE_INSTANCE"), ":")
	}
	var ours []*crm.Definition
	var names []string
	for i, d := range list {
		if d.Type == "pgsql" && slices.Contains(providers, d.Provider) {
			ours = append(ours, &list[i])
			names = append(names, d.Resource)
		}
	}
	for _, d := range ours {
		if name != "" && (d.Resource == name || d.Clone == name) {
			return d, nil
		}
	}
	cure := e.say.Say(message.CureDefine)
	if len(ours) > 0 {
		cure = e.say.Say(message.CureName, strings.Join(names, " | "))
	}
	switch {
	case name != "" && givesParams(env):
		return nil, nil
	case name != "":
		for _, d := range list {
			if d.Resource == name {
				return nil, &usageError{e.say.Say(message.NotThisAgent, name, d.Provider, d.Type), cure}
			}
		}
		return nil, &usageError{e.say.Say(message.NoSuchResource, name), cure}
	case len(ours) == 1:
		return ours[0], nil
	case len(ours) > 1:
		return nil, &usageError{e.say.Say(message.SeveralResources, strings.Join(names, ", ")), cure}
	}
	if !givesParams(env) {
		e.missing(message.FactDefinition, errors.New(e.say.Say(message.NoResource)), cure)
	}
	return nil, nil
}

// instance is the name that the agent's attributes are made of.
func (e *explainer) instance(env ocf.Env, def *crm.Definition) string {
	switch {
	case def != nil:
		return def.Resource
	case e.opts.resource != "":
		return e.opts.resource
	case env.Get("OCF_RESOURCE_INSTANCE") != "":
		return env.Get("OCF_RESOURCE_INSTANCE")
	}
	return "default"
}

func givesParams(env ocf.Env) bool {
	return slices.ContainsFunc(ocf.Table(""), func(p ocf.Param) bool { return fromEnv(env, p.Name) })
}

func fromEnv(env ocf.Env, name string) bool {
	_, ok := env.Lookup("OCF_RESKEY_" + name)
	return ok
}

// withDefinition is the environment in which Pacemaker would start the
// recurring monitor. What the environment has already stays.
func withDefinition(env ocf.Env, def *crm.Definition, instance string) ocf.Env {
	merged := ocf.Env{"OCF_RESKEY_CRM_meta_interval": "10000"}
	if def != nil {
		maps.Copy(merged, resource.Env(*def))
		if def.Clone != "" {
			// Pacemaker takes a meta-attribute that is not set for false.
			merged["OCF_RESKEY_CRM_meta_clone"] = "0"
			merged["OCF_RESKEY_CRM_meta_notify"] = "false"
			merged["OCF_RESKEY_CRM_meta_promotable"] = fmt.Sprint(def.Promotable)
			if notify, ok := def.Meta["notify"]; ok {
				merged["OCF_RESKEY_CRM_meta_notify"] = notify
			}
		}
	}
	maps.Copy(merged, env)
	merged["OCF_RESOURCE_INSTANCE"] = instance
	return merged
}

// problems adds what is wrong with the configuration, each by itself.
func (e *explainer) problems(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // only what was joined is taken apart
		for _, each := range joined.Unwrap() {
			e.problems(each)
		}
		return
	}
	if err != nil && !slices.Contains(e.found.Problems, oneLine(err)) {
		e.found.Problems = append(e.found.Problems, oneLine(err))
	}
}

// setUpServer makes the instance of PostgreSQL, and says whether we are
// somebody who may look at it.
func (e *explainer) setUpServer(ctx context.Context) bool {
	a := e.agent
	user, err := pg.LookupUser(ctx, e.rehearsal, a.params.PgDBA)
	if err != nil {
		e.problems(fmt.Errorf("pgdba=%s: %w", a.params.PgDBA, err))
	}
	a.pg = pg.New(resource.Settings(a.params, user), e.rehearsal)
	uid := os.Geteuid()
	if uid != 0 && (err != nil || uid != int(user.UID)) {
		e.missing(message.FactPrivilege, fmt.Errorf("must run as root or as %s", a.params.PgDBA), e.say.Say(message.CureRoot, a.params.PgDBA))
		return false
	}
	return true
}
