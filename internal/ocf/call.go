package ocf

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrUsage is the cause when the agent was called without an action: the
// caller then prints [Usage].
var ErrUsage = errors.New("no action given")

// Call is one invocation as Pacemaker (or a person) made it.
type Call struct {
	Action   string
	Instance string // OCF_RESOURCE_INSTANCE; "R:0" for an instance of a globally unique clone
	Resource string // the instance name up to the first colon; attributes are named after it
	ByHand   bool   // OCF_RA_VERSION_MAJOR is absent: no resource manager has called

	Interval time.Duration // 0 for everything that is not a recurring monitor
	Timeout  time.Duration // 0 when absent; Pacemaker kills the agent at its end without a warning
	OnNode   string        // the cluster's name of this node; empty before Pacemaker 1.1.17 and under crm_resource --force-*

	FeatureSet string // that of the DC; always set by the cluster
	CheckLevel int    // depth asked for; what it means is up to the action

	Promotable bool
	InClone    bool // CRM_meta_clone is set: scheduled by the cluster as an instance of a clone

	// NotifyEnabled is the meta-attribute notify, NotifyKnown whether it was
	// passed at all: crm_resource --force-* passes only what the user has set.
	NotifyEnabled bool
	NotifyKnown   bool
	Notify        Notify

	Debug bool
}

// Probe says whether the call asks for the state of a resource that need not
// be active here. Pacemaker leaves the interval out when it is 0.
func (c Call) Probe() bool {
	return (c.Action == "monitor" || c.Action == "status") && c.Interval == 0
}

// ParseCall reads an invocation. args are the arguments without the program's
// name; only the first counts, as OCF 1.1 wants it. Its errors: ErrGeneric with
// [ErrUsage] inside for a missing action, and ErrArgs for a missing instance name.
func ParseCall(args []string, env Env) (Call, error) {
	c := Call{
		Interval:   milliseconds(env.metaValue("interval")),
		Timeout:    milliseconds(env.metaValue("timeout")),
		OnNode:     env.metaValue("on_node"),
		FeatureSet: env.Get("OCF_RESKEY_crm_feature_set"),
		CheckLevel: checkLevel(env),
		Promotable: promotable(env),
		Notify:     parseNotify(env),
		Debug:      debug(env),
	}
	if len(args) > 0 {
		c.Action = args[0]
	}
	_, c.InClone = env.meta("clone")
	notify, known := env.meta("notify")
	c.NotifyEnabled, c.NotifyKnown = IsTrue(notify), known
	_, managed := env.Lookup("OCF_RA_VERSION_MAJOR")
	c.ByHand = !managed
	c.Instance = instance(env, c)
	c.Resource, _, _ = strings.Cut(resource(env, c), ":")
	return c, c.complete()
}

func (c Call) complete() error {
	switch {
	case c.Action == "":
		return &Error{ErrGeneric, ErrUsage}
	case c.Instance == "" && !c.describes():
		return Errorf(ErrArgs, "OCF_RESOURCE_INSTANCE is empty: cannot tell which resource is meant")
	}
	return nil
}

// describes says whether the action is about the agent and not about a
// resource. Tools ask for these without naming one.
func (c Call) describes() bool {
	switch c.Action {
	case "meta-data", "methods", "usage", "help":
		return true
	}
	return false
}

func instance(env Env, c Call) string {
	name := env.Get("OCF_RESOURCE_INSTANCE")
	if name == "" && c.ByHand {
		return "default" // the name that the OCF shell functions use
	}
	return name
}

// resource is the primitive. crm_resource --force-* and pcs debug-* give the
// clone as the instance when the user has named the clone; of which primitive
// the attributes are stands beside it. The cluster itself passes no id.
func resource(env Env, c Call) string {
	if id := env.metaValue("id"); id != "" {
		return id
	}
	return c.Instance
}

// promotable takes the signs in the order of their age. The scheduler sets
// only the counts; crm_resource --force-* and pcs debug-* set only the flag.
func promotable(env Env) bool {
	return IsTrue(env.metaValue("promotable")) ||
		number(env.metaValue("promoted_max")) > 0 ||
		number(env.metaValue("master_max")) > 0
}

// checkLevel reads the one parameter of an operation that Pacemaker passes
// without the usual prefix; some tools set it with the prefix.
func checkLevel(env Env) int {
	if level, ok := env.Lookup("OCF_CHECK_LEVEL"); ok {
		return number(level)
	}
	return number(env.Get("OCF_RESKEY_OCF_CHECK_LEVEL"))
}

// debug says whether debug messages are wanted. Corosync's debug switch comes
// as HA_debug, that of the service configuration as PCMK_debug; trace_ra is
// what users set on the resource when a shell agent puzzles them.
func debug(env Env) bool {
	for _, name := range []string{"HA_debug", "PCMK_debug"} {
		switch strings.ToLower(env.Get(name)) {
		case "", "0", "no", "off", "false":
		default:
			return true
		}
	}
	return IsTrue(env.Get("OCF_RESKEY_trace_ra")) || IsTrue(env.Get("OCF_TRACE_RA"))
}

// number is a whole number that only a program sets; anything else is 0.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return n
}

func milliseconds(s string) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
}
