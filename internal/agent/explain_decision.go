package agent

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/replication"
)

type decisionFacts struct {
	Changes []changeFacts `json:"changes"`
	// Nothing says why there are no changes.
	Nothing string `json:"nothing,omitempty"`
	// Then is what the same monitor does once the server has followed.
	Then     string   `json:"then,omitempty"`
	Writes   []string `json:"other_writes,omitempty"`
	Code     *int     `json:"exit_status"` // nil when it cannot be told
	CodeName string   `json:"exit_status_name,omitempty"`
	Reason   string   `json:"exit_reason,omitempty"`
	Remark   string   `json:"remark,omitempty"`
}

type changeFacts struct {
	Kind   string   `json:"kind"`
	Text   string   `json:"text"`
	Reason string   `json:"reason"`
	Writes []string `json:"writes"`
}

// foresee goes the way of monitor and stops short of each effect.
func (e *explainer) foresee(ctx context.Context) {
	a, f := e.agent, e.found.Server
	d := &decisionFacts{Changes: []changeFacts{}}
	e.found.Decision = d
	stopped, err := a.serverStopped(ctx)
	if p, perr := a.pg.Processes(); perr == nil {
		f.Postmaster = p.Postmaster
	}
	if err != nil {
		e.broken(err)
		return
	}
	if stopped {
		f.State = "stopped"
		d.Nothing = e.say.Say(message.WhyStopped)
		e.answer(ocf.NotRunning, nil)
		e.rehearse(a.showDown(ctx))
		return
	}
	query, cancel := context.WithTimeoutCause(ctx, serverPatience,
		fmt.Errorf("explain waits %v, a monitor two thirds of its timeout", serverPatience))
	defer cancel()
	session, err := a.connectForMonitor(query)
	switch {
	case errors.Is(err, pg.ErrTooMany):
		code, reason := a.busyVerdict(err)
		e.unanswered(code, reason, err)
		return
	case errors.Is(err, errServerDied):
		code, reason := a.diedMeanwhile(ctx)
		e.unanswered(code, reason, err)
		return
	case err != nil:
		e.broken(fmt.Errorf("PostgreSQL runs but does not serve: %w", err))
		return
	}
	defer session.Close()
	server, senders, err := session.Observe(query)
	if err != nil && server.VersionNum == 0 {
		e.broken(fmt.Errorf("PostgreSQL does not answer: %w", err))
		return
	}
	e.showServer(server, senders)
	if err != nil {
		e.missing(message.FactServer, err, "")
		d.Nothing = e.say.Say(message.WhyNoServer)
		e.answer(a.roleCode(server), nil)
		return
	}
	if !a.replicated() || !server.InRecovery && a.params.MonitorSQL != ocf.DefaultMonitorSQL {
		d.Remark = e.say.Say(message.IfMonitorSQL)
	}
	e.answer(a.roleCode(server), nil)
	e.decide(ctx, session, server, senders)
	e.rehearse(a.showReceiver(ctx, server))
}

// decide asks package replication what the monitor of this server would do.
func (e *explainer) decide(ctx context.Context, session *pg.Session, server pg.ServerState, senders []pg.Sender) {
	a, d := e.agent, e.found.Decision
	switch {
	case !a.replicated():
		d.Nothing = e.say.Say(message.WhyNotReplicated)
		return
	case !a.usable:
		d.Nothing = e.say.Say(message.WhyUnusable)
		return
	case server.InRecovery && a.fed(server, senders):
		d.Nothing = e.say.Say(message.WhyFed)
		return
	}
	s, err := a.cluster(ctx)
	if err != nil { // noted when it was looked at
		d.Nothing = e.say.Say(message.WhyNoCluster)
		return
	}
	var changes []replication.Change
	nothing := message.WhySettled
	var args []any
	if server.InRecovery {
		o, err := a.standbyObservation(s, server)
		if err != nil {
			e.missing(message.FactFiles, err, "")
			d.Nothing = e.say.Say(message.WhyNoServer)
			return
		}
		if o.PrimaryExists() {
			changes, nothing = replication.FollowPrimary(o), message.WhyFollowing
			args = append(args, promotedNode(o.Nodes))
		} else {
			changes = replication.Elect(o)
		}
	} else {
		o, err := a.observation(s, server, senders)
		if err == nil {
			err = a.findStalled(ctx, session, &o, server, senders)
			for i, row := range o.Senders { // nothing is waited for, and nobody told
				o.Senders[i].Flushed = flushed(senders, row, server)
			}
		}
		if err != nil {
			e.missing(message.FactServer, err, "")
			d.Nothing = e.say.Say(message.WhyNoServer)
			return
		}
		changes = replication.Control(o)
	}
	e.tell(ctx, changes)
	if len(changes) == 0 {
		d.Nothing = e.say.Say(nothing, args...)
	} else if len(d.Changes) == 0 {
		d.Nothing = e.say.Say(message.WhyOtherNodes, e.opts.node)
	}
}

func promotedNode(nodes []replication.Node) string {
	for _, n := range nodes {
		if n.Promoted {
			return n.Name
		}
	}
	return ""
}

// tell translates the changes that concern the nodes asked for.
func (e *explainer) tell(ctx context.Context, changes []replication.Change) {
	d := e.found.Decision
	for _, c := range changes {
		if e.opts.node != "" && !slices.ContainsFunc(concerned(c), e.shows) {
			continue
		}
		text, why := e.translate(c)
		d.Changes = append(d.Changes, changeFacts{
			Kind: reflect.TypeOf(c).Name(), Text: text, Reason: why, Writes: e.writes(ctx, c)})
	}
	if gainsName(changes) && len(d.Changes) > 0 {
		for _, c := range changes {
			if names, ok := c.(replication.SetSyncNames); ok {
				d.Then = e.say.Say(message.ThenRights, strings.Join(names.New, ", "))
			}
		}
	}
}

// concerned are the nodes that a change is about; this one where it names none.
func concerned(c replication.Change) []string {
	switch c := c.(type) {
	case replication.SetStatus:
		return []string{c.Node}
	case replication.SetDataStatus:
		return []string{c.Node}
	case replication.SetScore:
		return []string{c.Node}
	case replication.SetXlogLoc:
		return []string{c.Node}
	case replication.SetBaseline:
		return []string{c.Node}
	case replication.Abstain:
		return []string{c.Node}
	case replication.ConfirmUnusable:
		return c.Nodes
	case replication.Hold:
		return c.Names
	case replication.SetSyncNames:
		return append(slices.Clone(c.Old), c.New...)
	}
	return nil
}

// translate words a change by its kind. The reason stays as it is in the log.
func (e *explainer) translate(c replication.Change) (text, why string) {
	say := e.say.Say
	switch c := c.(type) {
	case replication.SetStatus:
		return say(message.ChangeStatus, c.Node, e.orUnset(string(c.Old)), e.orUnset(string(c.New)), c.Why), c.Why
	case replication.SetDataStatus:
		return say(message.ChangeDataStatus, c.Node, e.orUnset(string(c.Old)), e.orUnset(string(c.New)), c.Why), c.Why
	case replication.SetScore:
		old := ""
		if c.HadOld {
			old = c.Old.String()
		}
		return say(message.ChangeScore, c.Node, e.orUnset(old), c.New.String(), c.Why), c.Why
	case replication.SetXlogLoc:
		return say(message.ChangeXlogLoc, c.Node, e.orUnset(c.Old), e.orUnset(c.New), c.Why), c.Why
	case replication.SetBaseline:
		return say(message.ChangeBaseline, c.Node, e.orUnset(c.Old), e.orUnset(c.New), c.Why), c.Why
	case replication.ConfirmUnusable:
		return say(message.ChangeConfirm, strings.Join(c.Nodes, ", "), c.Why), c.Why
	case replication.SetSyncNames:
		return say(message.ChangeSyncNames, e.orNobody(c.Old), e.orNobody(c.New), c.Why), c.Why
	case replication.Hold:
		return say(message.ChangeHold, e.orNobody(c.Names), c.Why), c.Why
	case replication.Abstain:
		return say(message.ChangeAbstain, c.Node, c.Why), c.Why
	case replication.RecordVote:
		return say(message.ChangeVote, c.Index+1, strings.ReplaceAll(strings.TrimSpace(c.Text), "\n", ", ")), ""
	case replication.ForgetVotes:
		return say(message.ChangeForgetVotes, c.Why), c.Why
	}
	return c.String(), "" // of a promotion or a demotion, which a monitor never does
}

func (e *explainer) orUnset(s string) string {
	if s == "" {
		return e.say.Say(message.Unset)
	}
	return s
}

func (e *explainer) orNobody(names []string) string {
	if len(names) == 0 {
		return e.say.Say(message.Nobody)
	}
	return strings.Join(names, ", ")
}

// writes is what carrying a change out would write. Attributes are rehearsed
// with the code that writes them; files are named.
func (e *explainer) writes(ctx context.Context, c replication.Change) []string {
	a := e.agent
	switch c := c.(type) {
	case replication.SetStatus, replication.SetDataStatus, replication.SetScore, replication.SetXlogLoc, replication.SetBaseline:
		if err := a.applyOne(ctx, nil, c); err != nil {
			a.log.Warn(err)
		}
		return e.rehearsal.take()
	case replication.SetSyncNames:
		value := e.orNobody(c.New)
		if v, err := a.pg.Version(); err == nil {
			if text, err := pg.FormatSyncNames(c.New, len(a.params.ExternalStandbys) > 0, v); err == nil {
				value = pg.QuoteConf(text)
			}
		}
		return []string{e.say.Say(message.WritesSyncNames, a.pg.SyncFile(), value)}
	case replication.RecordVote:
		return []string{fmt.Sprintf("%s/xlog_note.%d", a.params.TmpDir, c.Index)}
	}
	return nil
}

// rehearse takes over what an effect of monitor's beside the decision would have written.
func (e *explainer) rehearse(err error) {
	d := e.found.Decision
	d.Writes = append(d.Writes, e.rehearsal.take()...)
	if err != nil {
		e.agent.log.Warn(oneLine(err))
	}
}

func (e *explainer) answer(code ocf.Code, reason error) {
	d, n := e.found.Decision, int(code)
	d.Code, d.CodeName = &n, code.String()
	if reason != nil {
		d.Reason = oneLine(reason)
	}
}

// unanswered is the verdict on a server that could not be asked, and why not.
func (e *explainer) unanswered(code ocf.Code, reason, cause error) {
	e.found.Decision.Nothing = e.say.Say(message.WhyNoServer)
	e.found.Server.Problem = oneLine(cause)
	e.missing(message.FactServer, cause, "")
	e.answer(code, reason)
}

// broken is the verdict on a server that runs, or may run, and cannot be used.
func (e *explainer) broken(err error) { e.unanswered(e.agent.failed(), err, err) }
