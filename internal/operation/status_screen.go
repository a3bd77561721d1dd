package operation

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"pgrex/internal/console"
	"pgrex/internal/message"
)

// stateWords are the states of a report for people.
var stateWords = map[string]both{
	"online": {"online", "オンライン"}, "offline": {"offline", "オフライン"}, "stopped": {"stopped", "停止"},
	"unknown": {"unknown", "不明"}, "unclean": {"UNCLEAN", "UNCLEAN"}, "pending": {"joining", "参加処理中"},
	"shutdown": {"leaving", "離脱処理中"}, "standby": {"standby mode", "スタンバイモード"},
	"standby_onfail": {"standby mode", "スタンバイモード"}, "maintenance": {"maintenance", "メンテナンス中"},
	"starting": {"starting", "起動処理中"}, "stopping": {"stopping", "停止処理中"}, "promoting": {"promoting", "昇格処理中"},
	"demoting": {"demoting", "降格処理中"}, "migrating": {"migrating", "移動中"},
	"failed": {"failed", "故障"}, "blocked": {"failed and blocked", "故障（ブロック状態）"}, "disabled": {"disabled", "無効"},
	"sync": {"synchronous", "同期"}, "async": {"asynchronous", "非同期"}, "potential": {"potential", "同期候補"},
	"quorum": {"quorum", "クォーラム同期"}, "connected": {"connecting", "接続処理中"}, "alone": {"not connected", "未接続"},
}

func (s *session) state(name string) string {
	if w, ok := stateWords[name]; ok {
		return w.in(s.con.Say())
	}
	return name
}

// screen is a report as text.
func (s *session) screen(r Report) []string {
	say := s.con.Say()
	word := func(en, ja string) string { return both{en, ja}.in(say) }
	if len(r.Nodes) == 0 {
		return []string{r.Summary, "  " + r.Time.Local().Format(time.DateTime)}
	}
	lines := []string{r.Summary, "  " + s.source(r), ""}
	section := func(title string, rows [][]string) {
		lines = append(lines, title)
		for _, l := range message.Align(rows) {
			lines = append(lines, "  "+l)
		}
		lines = append(lines, "")
	}

	rows := [][]string{{word("node", "ノード"), word("cluster", "クラスタ"), "PostgreSQL", "status", "data-status", word("lock file", "起動禁止フラグ")}}
	for _, n := range r.Nodes {
		name := n.Name
		if n.Own {
			name += " *"
		}
		rows = append(rows, []string{name, s.state(n.Cluster), s.databaseWord(n), dash(n.Status), dash(n.DataStatus), s.lockWord(n)})
	}
	section(word("Nodes (*: this node)", "ノード（*: 自ノード）"), rows)

	if len(r.Addresses) > 0 {
		rows = nil
		for _, a := range r.Addresses {
			where := dash(a.Node)
			if !a.Known {
				where = s.state(unknown)
			}
			rows = append(rows, []string{a.ID, dash(a.Address), where})
		}
		section(word("Virtual IPs", "仮想 IP"), rows)
	}

	rows = nil
	if len(r.Replication) > 0 {
		rows = [][]string{{word("from", "送信元"), word("to", "送信先"), word("state", "状態"), word("sync", "同期"), word("behind", "遅延（量）"), word("delay", "遅延（時間）")}}
		for _, l := range r.Replication {
			rows = append(rows, []string{l.From, l.To, l.State, s.state(l.Sync), s.behind(l), s.delay(l)})
		}
	} else {
		rows = [][]string{{s.noReplication(r)}}
	}
	section(word("Replication", "レプリケーション"), rows)

	if len(r.Problems) == 0 {
		return lines[:len(lines)-1]
	}
	lines = append(lines, word("Attention", "対処が必要な項目"))
	for i, p := range r.Problems {
		mark := map[Severity]string{Danger: word("DANGER: ", "【危険】"), Note: word("note: ", "（参考）")}[p.Severity]
		lines = append(lines, fmt.Sprintf("  %d. %s%s", i+1, mark, p.Text))
		for _, c := range p.Commands {
			lines = append(lines, "     "+s.typed(c))
		}
	}
	return lines
}

func (s *session) typed(c Typed) string {
	line := "# " + c.Command
	if c.Node != "" {
		line = c.Node + line
	}
	if c.Instead {
		line += both{"   (or this)", "   （または）"}.in(s.con.Say())
	}
	return line
}

// source is where and when the report is from, with what holds for the whole cluster.
func (s *session) source(r Report) string {
	say := s.con.Say()
	word := func(en, ja string) string { return both{en, ja}.in(say) }
	when := r.Time.Local().Format(time.DateTime)
	if !r.Cluster.Known {
		return when + word("  from the saved definition only: no cluster answers", "  停止中のクラスタの保存情報による表示")
	}
	onOff := func(on bool) string {
		if on {
			return word("on", "有効")
		}
		return word("OFF", "無効")
	}
	parts := []string{word("seen by ", "取得元: ") + r.Source, "Pacemaker " + strings.SplitN(r.Cluster.Version, "-", 2)[0],
		"STONITH " + onOff(r.Cluster.Fencing)}
	if r.Cluster.Maintenance {
		parts = append(parts, word("MAINTENANCE MODE", "メンテナンスモード"))
	}
	if !r.Cluster.Quorate {
		parts = append(parts, word("NO QUORUM", "クォーラムなし"))
	}
	return when + "  " + strings.Join(parts, word(", ", "、"))
}

func (s *session) databaseWord(n NodeReport) string {
	switch n.Database {
	case "primary":
		return s.words().Primary
	case "standby":
		return s.words().Standby + both{" (" + s.state(n.Sync) + ")", "（" + s.state(n.Sync) + "）"}.in(s.con.Say())
	}
	return s.state(n.Database)
}

func (s *session) lockWord(n NodeReport) string {
	say := s.con.Say()
	switch {
	case n.LockFile == nil:
		return s.state(unknown)
	case !*n.LockFile:
		return both{"none", "なし"}.in(say)
	case n.Database == "primary":
		return both{"present (normal)", "あり（正常）"}.in(say)
	case n.Database != "stopped" && n.Database != unknown:
		return both{"present", "あり"}.in(say)
	}
	return both{"LEFT", "残存"}.in(say)
}

func (s *session) noReplication(r Report) string {
	if r.Verdict == down {
		return both{"none", "なし"}.in(s.con.Say())
	}
	for _, n := range r.Nodes {
		if n.Database == "primary" && n.asked {
			return both{"no " + s.words().Standby + " is connected", s.words().Standby + " は接続していません"}.in(s.con.Say())
		}
	}
	return both{"not known: only the " + s.words().Primary + " can tell, as root",
		"不明（" + s.words().Primary + " のノードで root が実行すると表示されます）"}.in(s.con.Say())
}

func (s *session) behind(l ReplicationReport) string {
	if l.Bytes == nil {
		return s.state(unknown)
	}
	return size(*l.Bytes)
}

func (s *session) delay(l ReplicationReport) string {
	if l.Seconds == nil {
		return s.state(unknown)
	}
	return fmt.Sprintf(both{"%.1f s", "%.1f 秒"}.in(s.con.Say()), *l.Seconds)
}

func size(bytes int64) string { return console.Bytes(bytes) }

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// oneLine is an error without line breaks.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// terminalSize is that of the terminal that is written to, 0 when it is none.
func terminalSize(w io.Writer) (columns, rows int) {
	if f, ok := w.(*os.File); ok {
		if c, r, err := term.GetSize(int(f.Fd())); err == nil {
			return c, r
		}
	}
	return 0, 0
}

// fit makes lines fit a screen: long ones go on in the next line, and what is
// below the end is left out. A size of 0 is one that is not known.
func fit(lines []string, columns, rows int) []string {
	var out []string
	for _, l := range lines {
		out = append(out, wrap(l, columns)...)
	}
	if rows > 0 && len(out) > rows {
		out = append(out[:rows-1], "...")
	}
	return out
}

// wrap breaks a line at blanks, or within a text that has none, as Japanese
// has. What goes on is as far to the right as the beginning.
func wrap(line string, columns int) []string {
	indent := strings.Repeat(" ", len(line)-len(strings.TrimLeft(line, " ")))
	if len(indent) >= columns || message.Width(line) <= columns {
		return []string{line}
	}
	width, blank := 0, 0
	for at, c := range line {
		if c == ' ' && at > len(indent) {
			blank = at
		}
		if width += message.Width(string(c)); width <= columns {
			continue
		}
		if blank <= len(indent)+1 || message.Width(line[:blank]) < columns/2 {
			blank = at
		}
		break
	}
	if blank <= len(indent) {
		return []string{line}
	}
	return append([]string{strings.TrimRight(line[:blank], " ")}, wrap(indent+strings.TrimLeft(line[blank:], " "), columns)...)
}
