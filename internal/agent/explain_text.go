package agent

import (
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/ocf"
)

// text is what has been found, for a person.
func (e *explainer) text() string {
	p := &page{say: e.say.Say}
	if r := e.found.Resource; r != nil {
		p.resource(r, e.found.Node)
		p.list(e.say.Say(message.TitleProblems), e.found.Problems)
		if len(e.found.Problems) == 0 {
			p.line(e.say.Say(message.NoProblem))
		}
	}
	if e.found.Server != nil {
		p.server(e.found.Server)
		if e.found.Server.State == "primary" {
			p.standbys(e.found.Standbys)
		}
	}
	if e.found.Cluster != nil {
		p.cluster(e.found.Cluster)
	}
	if e.found.Decision != nil {
		p.decision(e.found.Decision)
	}
	p.list(e.say.Say(message.TitleNotes), e.found.Notes)
	p.missing(e.found.Missing)
	return strings.TrimLeft(p.b.String(), "\n")
}

// page is a text in the making.
type page struct {
	say func(message.Key, ...any) string
	b   strings.Builder
}

func (p *page) line(s string) { p.b.WriteString(s + "\n") }

func (p *page) title(s string) { p.line("\n" + s) }

func (p *page) table(rows [][]string) {
	for _, line := range message.Align(rows) {
		p.line("  " + line)
	}
}

// list is a title with lines below it, or nothing.
func (p *page) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.title(title)
	for _, l := range lines {
		p.line("  - " + l)
	}
}

func (p *page) resource(r *resourceFacts, node string) {
	if r.Type == "" {
		p.title(p.say(message.TitleBare, r.Name, node))
	} else {
		p.title(p.say(message.TitleResource, r.Name, r.Provider, r.Type, orDash(r.Clone), node))
	}
	rows := [][]string{}
	fromEnv := 0
	for _, f := range r.Parameters {
		rows = append(rows, []string{f.Name, f.Value, f.Source})
		if f.fromEnv {
			fromEnv++
		}
	}
	p.title(p.say(message.TitleParameters, len(rows)-fromEnv, fromEnv))
	p.table(rows)
	if len(r.Operations) > 0 {
		p.line(p.say(message.TitleOperations, strings.Join(r.Operations, "; ")))
	}
}

func (p *page) server(f *serverFacts) {
	p.title(p.say(message.TitleServer))
	rows := [][]string{}
	row := func(title message.Key, text string) { rows = append(rows, []string{p.say(title), text}) }
	switch f.State {
	case "primary":
		row(message.RowServer, p.say(message.ServerPrimary, f.Version, f.Postmaster))
		row(message.RowPosition, p.say(message.Position, f.Timeline, f.Current))
	case "standby":
		row(message.RowServer, p.say(message.ServerStandby, f.Version, f.Postmaster))
		row(message.RowPosition, p.say(message.StandbyPosition, f.Timeline, f.Received, f.Replayed))
		row(message.RowReceiver, orDash(f.Receiver))
	case "stopped":
		row(message.RowServer, p.say(message.ServerStopped))
	default:
		row(message.RowServer, p.say(message.ServerUnclear, f.Problem))
	}
	if c := f.Control; c != nil {
		row(message.RowControl, p.say(message.Control, c.State, c.Timeline, c.Checkpoint))
	}
	inFile := p.say(message.NoFile)
	if f.FileExists {
		inFile = p.names(strings.Join(f.FileNames, ", "))
	}
	if f.SyncNames != nil {
		row(message.RowSyncNames, p.say(message.SyncNames, inFile, p.names(*f.SyncNames)))
	} else {
		row(message.RowSyncNames, p.say(message.SyncNamesFileOnly, inFile))
	}
	row(message.RowLock, p.lock(f.Lock))
	p.table(rows)
}

func (p *page) names(s string) string {
	if s == "" {
		return p.say(message.Nobody)
	}
	return s
}

func (p *page) lock(l lockFacts) string {
	switch {
	case l.Problem != "":
		return l.Problem
	case !l.Exists:
		return p.say(message.LockNone, l.Path)
	case l.Node == "":
		return p.say(message.LockEmpty, l.Path)
	}
	return p.say(message.LockContent, l.Path, l.Node, l.Timeline, l.Position, l.Time)
}

func (p *page) standbys(list []standbyFacts) {
	p.title(p.say(message.TitleStandbys))
	if len(list) == 0 {
		p.line("  " + p.say(message.NoStandbys))
		return
	}
	rows := [][]string{{p.say(message.ColName), p.say(message.ColAddress), p.say(message.ColState), p.say(message.ColSync),
		p.say(message.ColSent), p.say(message.ColFlush), p.say(message.ColReplay), p.say(message.ColRemark)}}
	for _, s := range list {
		remark := ""
		switch {
		case !s.Visible:
			remark = p.say(message.RemarkHidden)
		case !s.Physical:
			remark = p.say(message.RemarkNotPhysical)
		}
		rows = append(rows, []string{s.Name, orDash(s.Address), orDash(s.State), orDash(s.Sync), s.Sent, s.Flush, s.Replay, remark})
	}
	if !anyRemark(rows[1:]) {
		for i := range rows {
			rows[i] = rows[i][:len(rows[i])-1]
		}
	}
	p.table(rows)
}

func anyRemark(rows [][]string) bool {
	for _, row := range rows {
		if row[len(row)-1] != "" {
			return true
		}
	}
	return false
}

func (p *page) cluster(c *clusterFacts) {
	quorum := p.yesNo(c.Quorum)
	if !c.Quorum && c.IgnoresQuorum {
		quorum = p.say(message.QuorumIgnored)
	}
	p.title(p.say(message.TitleCluster, quorum, p.yesNo(c.Fencing)))
	rows := [][]string{{p.say(message.ColNode), p.say(message.ColCluster), p.say(message.ColRole), p.say(message.ColStatus),
		p.say(message.ColData), p.say(message.ColScore), "master-baseline", "xlog-loc"}}
	for _, n := range c.Nodes {
		rows = append(rows, []string{n.Name, p.membership(n), p.role(n.Role), orDash(n.Status),
			orDash(n.DataStatus), orDash(n.Score), orDash(n.Baseline), orDash(n.XlogLoc)})
	}
	p.table(rows)
}

func (p *page) yesNo(b bool) string {
	if b {
		return p.say(message.Yes)
	}
	return p.say(message.No)
}

func (p *page) membership(n nodeFacts) string {
	state := message.Offline
	switch {
	case !n.Known:
		return p.say(message.NotInCluster)
	case n.Joining:
		state = message.Joining
	case n.Online:
		state = message.Online
	}
	if n.Unclean {
		return p.say(state) + ", " + p.say(message.Unclean)
	}
	return p.say(state)
}

func (p *page) role(role string) string {
	switch role {
	case "Promoted":
		return p.say(message.Promoted)
	case "Unpromoted":
		return p.say(message.Unpromoted)
	}
	return orDash(role)
}

func (p *page) decision(d *decisionFacts) {
	p.title(p.say(message.TitleDecision))
	for _, c := range d.Changes {
		p.line("  - " + c.Text)
		for _, w := range c.Writes {
			p.line("      " + w)
		}
	}
	if d.Nothing != "" {
		p.line("  - " + p.say(message.DoNothing, d.Nothing))
	}
	for _, w := range d.Writes {
		p.line("  - " + p.say(message.Writes, w))
	}
	if d.Then != "" {
		p.line("  " + d.Then)
	}
	switch {
	case d.Code == nil:
		p.line("  " + p.say(message.AnswersUnknown))
	case d.Reason != "":
		p.line("  " + p.say(message.AnswersBecause, *d.Code, p.verdict(*d.Code), d.Reason))
	default:
		p.line("  " + p.say(message.Answers, *d.Code, p.verdict(*d.Code)))
	}
	if d.Remark != "" {
		p.line("  " + d.Remark)
	}
}

// verdict words what monitor answers; success of a monitor says what runs.
func (p *page) verdict(code int) string {
	if ocf.Code(code) == ocf.Success {
		return p.say(message.RunsUnpromoted)
	}
	return p.say(codeTexts[ocf.Code(code)])
}

func (p *page) missing(list []missingFact) {
	if len(list) == 0 {
		return
	}
	p.title(p.say(message.TitleMissing))
	for _, m := range list {
		p.line("  - " + m.Fact + ": " + m.Why)
		if m.Cure != "" {
			p.line("      → " + m.Cure)
		}
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// codeTexts are the exit statuses in the operator's language.
var codeTexts = map[ocf.Code]message.Key{
	ocf.Success: message.CodeSuccess, ocf.ErrGeneric: message.CodeGeneric, ocf.ErrArgs: message.CodeArgs,
	ocf.ErrUnimplemented: message.CodeUnimplemented, ocf.ErrPerm: message.CodePerm, ocf.ErrInstalled: message.CodeInstalled,
	ocf.ErrConfigured: message.CodeConfigured, ocf.NotRunning: message.CodeNotRunning,
	ocf.RunningPromoted: message.CodePromoted, ocf.FailedPromoted: message.CodeFailedPromoted,
}

// actionTexts are the actions in the order of the help.
var actionTexts = []struct {
	name string
	text message.Key
}{
	{"start", message.ActionStart}, {"stop", message.ActionStop}, {"status", message.ActionStatus},
	{"monitor", message.ActionMonitor}, {"promote", message.ActionPromote}, {"demote", message.ActionDemote},
	{"notify", message.ActionNotify}, {"reload-agent", message.ActionReload}, {"validate-all", message.ActionValidateAll},
	{watchAction, message.ActionWatch}, {"meta-data", message.ActionMetaData}, {"methods", message.ActionMethods}, {"usage", message.ActionUsage},
}

// help is the text for a person; the action usage has the one for tools.
func help(say message.Printer) string {
	var acts, codes [][]string
	for _, a := range actionTexts {
		acts = append(acts, []string{"  " + a.name, say.Say(a.text)})
	}
	for code := ocf.Success; code <= ocf.FailedPromoted; code++ {
		codes = append(codes, []string{"  " + strconv.Itoa(int(code)), say.Say(codeTexts[code])})
	}
	return say.Say(message.Help, strings.Join(message.Align(acts), "\n"), strings.Join(message.Align(codes), "\n"))
}

// actionNames lists the actions for somebody who has tried another word.
func actionNames() string {
	var names []string
	for _, a := range actionTexts {
		names = append(names, a.name)
	}
	return strings.Join(names, ", ")
}
