package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/message"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// findings is everything that explain tells. Its JSON is read by programs:
// names and values do not depend on the language.
type findings struct {
	Node     string         `json:"node"`
	Resource *resourceFacts `json:"resource"`
	Problems []string       `json:"problems"`
	Server   *serverFacts   `json:"server"`
	Standbys []standbyFacts `json:"standbys"`
	Cluster  *clusterFacts  `json:"cluster"`
	Decision *decisionFacts `json:"decision"`
	Notes    []string       `json:"log"`
	Missing  []missingFact  `json:"missing"`
}

type missingFact struct {
	Fact string `json:"fact"`
	Why  string `json:"why"`
	Cure string `json:"cure,omitempty"`
}

type resourceFacts struct {
	Name       string       `json:"name"`
	Provider   string       `json:"provider"`
	Type       string       `json:"type"`
	Clone      string       `json:"clone"`
	Parameters []paramFacts `json:"parameters"` // that are set
	Operations []string     `json:"operations"`
}

type paramFacts struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Source  string `json:"source"`
	fromEnv bool
}

type serverFacts struct {
	State      string        `json:"state"` // primary, standby, stopped, unknown
	Problem    string        `json:"problem,omitempty"`
	Postmaster int           `json:"postmaster,omitempty"`
	Version    string        `json:"version,omitempty"`
	Timeline   uint32        `json:"timeline,omitempty"`
	Current    string        `json:"current,omitempty"`
	Received   string        `json:"received,omitempty"`
	Replayed   string        `json:"replayed,omitempty"`
	Receiver   string        `json:"receiver,omitempty"`
	SyncNames  *string       `json:"synchronous_standby_names,omitempty"`
	FileNames  []string      `json:"file_names"`
	FileExists bool          `json:"file_exists"`
	Control    *controlFacts `json:"control_file,omitempty"`
	Lock       lockFacts     `json:"lock"`
}

type controlFacts struct {
	State       string `json:"state"`
	SystemID    uint64 `json:"system_id"`
	Timeline    uint32 `json:"timeline"`
	Checkpoint  string `json:"checkpoint"`
	MinRecovery string `json:"min_recovery,omitempty"`
}

type lockFacts struct {
	Path     string `json:"path"`
	Exists   bool   `json:"exists"`
	Node     string `json:"node,omitempty"`
	Timeline uint32 `json:"timeline,omitempty"`
	Position string `json:"position,omitempty"`
	Time     string `json:"time,omitempty"`
	Problem  string `json:"problem,omitempty"`
}

type standbyFacts struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	User     string `json:"user"`
	State    string `json:"state"`
	Sync     string `json:"sync_state"`
	Sent     string `json:"sent"`
	Flush    string `json:"flushed"`
	Replay   string `json:"replayed"`
	Physical bool   `json:"physical"`
	Visible  bool   `json:"visible"`
}

type clusterFacts struct {
	Quorum        bool        `json:"quorum"`
	IgnoresQuorum bool        `json:"ignores_quorum"`
	Fencing       bool        `json:"fencing"`
	Nodes         []nodeFacts `json:"nodes"`
}

type nodeFacts struct {
	Name       string `json:"name"`
	Known      bool   `json:"known"`
	Online     bool   `json:"online"`
	Joining    bool   `json:"joining"`
	Unclean    bool   `json:"unclean"`
	Role       string `json:"role"`
	Status     string `json:"status"`
	DataStatus string `json:"data_status"`
	Score      string `json:"score"`
	Baseline   string `json:"master_baseline"`
	XlogLoc    string `json:"xlog_loc"`
}

// describe tells which resource it is and what is set on it.
func (e *explainer) describe(env ocf.Env, def *crm.Definition, source message.Key) {
	r := &resourceFacts{Name: e.agent.call.Resource}
	e.found.Resource = r
	var defined map[string]string
	if def != nil {
		r.Provider, r.Type, r.Clone, defined = def.Provider, def.Type, def.Clone, def.Params
		for _, o := range def.Operations {
			r.Operations = append(r.Operations, strings.Join(slices.DeleteFunc(
				[]string{o.Name, o.Role, o.Interval, prefixed("timeout=", o.Timeout), prefixed("on-fail=", o.OnFail)},
				func(s string) bool { return s == "" }), " "))
		}
		if len(def.Skipped) > 0 {
			e.missing(message.FactRules, errors.New(strings.Join(def.Skipped, ", ")), e.say.Say(message.CureRules, def.Resource))
		}
	}
	known := map[string]bool{}
	for _, p := range ocf.Table("") {
		known[p.Name] = true
		value, ok := defined[p.Name]
		fact := paramFacts{Name: p.Name, Value: value, Source: e.say.Say(source)}
		if fromEnv(env, p.Name) {
			ok, fact = true, paramFacts{Name: p.Name, Value: env.Get("OCF_RESKEY_" + p.Name), Source: e.say.Say(message.FromEnvironment), fromEnv: true}
		}
		if p.Secret && p.Name != "primary_conninfo_opt" && fact.Value != "" {
			fact.Value = "***"
		}
		if ok {
			r.Parameters = append(r.Parameters, fact)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(defined)) {
		if !known[name] {
			e.found.Problems = append(e.found.Problems, e.say.Say(message.UnknownParameter, name))
		}
	}
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// lookAtFiles reads what is there whether the server runs or not.
func (e *explainer) lookAtFiles() {
	a := e.agent
	f := &serverFacts{State: "unknown", Lock: lockFacts{Path: a.pg.LockFile()}}
	e.found.Server = f
	if c, err := a.pg.Control(); err != nil {
		e.missing(message.FactFiles, err, "")
	} else {
		f.Control = &controlFacts{State: c.State.String(), SystemID: c.SystemID,
			Timeline: uint32(c.Timeline), Checkpoint: c.Checkpoint.String()}
		if c.MinRecovery != 0 {
			f.Control.MinRecovery = c.MinRecovery.String()
		}
	}
	var err error
	if a.params.RepMode == ocf.RepSync {
		if f.FileNames, f.FileExists, err = a.pg.ReadSyncNames(); err != nil {
			e.missing(message.FactFiles, err, "")
		}
	}
	lock, exists, err := a.pg.ReadLock()
	if err != nil {
		f.Lock.Problem = oneLine(err)
		e.missing(message.FactFiles, err, "")
	}
	f.Lock.Exists = exists
	if lock.Timeline != 0 {
		f.Lock.Node, f.Lock.Timeline, f.Lock.Position = lock.Node, uint32(lock.Timeline), lock.Position.String()
		f.Lock.Time = lock.Time.Format(time.RFC3339)
	}
}

// showServer takes over what the server says of itself and of its standbys.
func (e *explainer) showServer(server pg.ServerState, senders []pg.Sender) {
	f := e.found.Server
	f.State, f.Version, f.Timeline = "primary", releaseOf(server.VersionNum), uint32(server.Timeline)
	f.SyncNames = &server.SyncNames
	if server.InRecovery {
		f.State, f.Received, f.Replayed, f.Receiver = "standby", server.Receive.String(), server.Replay.String(), server.ReceiverStatus
	} else {
		f.Current = server.Current.String()
	}
	for _, row := range senders {
		if e.shows(row.Name) {
			e.found.Standbys = append(e.found.Standbys, standbyFacts{Name: row.Name, Address: row.ClientAddr, User: row.User,
				State: row.State, Sync: row.SyncState, Sent: row.Sent.String(), Flush: row.Flush.String(), Replay: row.Replay.String(),
				Physical: row.Physical, Visible: row.Visible})
		}
	}
}

// releaseOf is server_version_num as people write it.
func releaseOf(num int) string {
	if num < 100000 {
		return fmt.Sprintf("%d.%d.%d", num/10000, num/100%100, num%100)
	}
	return fmt.Sprintf("%d.%d", num/10000, num%10000)
}

func (e *explainer) lookAtCluster(ctx context.Context) {
	a := e.agent
	s, err := a.cluster(ctx)
	if err != nil {
		e.missing(message.FactCluster, err, e.say.Say(message.CureCluster))
		return
	}
	c := &clusterFacts{Quorum: s.Quorate, IgnoresQuorum: s.IgnoresQuorum, Fencing: s.Fencing}
	e.found.Cluster = c
	for _, n := range a.nodes(s) {
		if !e.shows(n.Name) {
			continue
		}
		member, _ := s.Node(n.Name)
		f := nodeFacts{Name: n.Name, Known: n.Known, Online: n.Online, Joining: member.Pending, Unclean: n.Unclean,
			Role: roleOn(s, a.call.Resource, n.Name), Status: string(n.Status), DataStatus: string(n.DataStatus),
			Baseline: n.Baseline, XlogLoc: n.XlogLoc}
		if n.HasScore {
			f.Score = n.Score.String()
		}
		c.Nodes = append(c.Nodes, f)
	}
}

func roleOn(s *crm.State, resource, node string) string {
	for _, i := range s.Instances {
		if i.Resource == resource && strings.EqualFold(i.Node, node) {
			return i.Role
		}
	}
	return ""
}

// shows says whether a node is among those that were asked for.
func (e *explainer) shows(node string) bool {
	return e.opts.node == "" || strings.EqualFold(e.opts.node, node)
}

// redact takes the passwords out of everything that has been found.
func (e *explainer) redact() {
	redact := ocf.Params{}.Redact
	if e.agent != nil {
		redact = e.agent.params.Redact
	}
	eachText(reflect.ValueOf(&e.found), redact)
}

// eachText puts every text that v holds through fn. That nothing is left out
// when a fact is added later is worth the reflection.
func eachText(v reflect.Value, fn func(string) string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachText(v.Elem(), fn)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			eachText(v.Field(i), fn)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachText(v.Index(i), fn)
		}
	case reflect.String:
		v.SetString(fn(v.String()))
	}
}
