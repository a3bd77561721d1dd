package drill

import (
	"slices"
	"strings"

	"pgrex/test/lab"
)

const postmaster = "$(head -n 1 " + lab.PGData + "/postmaster.pid)"

// in runs shell text in a node: faults are made as a person makes them.
func in(n *lab.Node, r *Run, text string) error {
	_, err := n.Run(r, "sh", "-c", strings.ReplaceAll(text, agentFile, r.AgentFile()))
	return err
}

// rejoin brings a node back as a standby with the product's commands, whatever
// state it is in. They know two nodes in mode sync; elsewhere it is rebuilt.
func rejoin(n *lab.Node) func(*Run) error {
	return func(r *Run) error {
		if len(r.Nodes()) > 2 || r.Async() {
			return rebuilt(func(*Run) *lab.Node { return n })(r)
		}
		if err := n.SwitchOn(r); err != nil {
			return err
		}
		if err := r.operate(n, "pg-rex_stop", "--yes", "-f"); err != nil {
			return err
		}
		return r.operate(n, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
	}
}

func oldPrimaryBack(r *Run) error { return rejoin(r.Primary)(r) }
func standbyBack(r *Run) error    { return rejoin(r.Standby)(r) }

// cutAll cuts LANs of a node.
func cutAll(n func(*Run) *lab.Node, kind lab.CutKind, lans ...lab.LAN) func(*Run) error {
	return func(r *Run) error {
		for _, lan := range lans {
			if err := r.Cut(r, lan, n(r), kind); err != nil {
				return err
			}
		}
		return nil
	}
}

func healAll(r *Run) error { return r.HealAll(r) }

func primary(r *Run) *lab.Node { return r.Primary }
func standby(r *Run) *lab.Node { return r.Standby }

// process kills, stops or continues a process of a node's server by what it calls itself.
func process(n func(*Run) *lab.Node, signal, title string) func(*Run) error {
	return func(r *Run) error { return in(n(r), r, "pkill -"+signal+" -U postgres -f '^postgres: .*"+title+"'") }
}

// Scenarios are those rows of the catalogue that are played, in its order.
func Scenarios() []Scenario {
	all := slices.Concat(serverFaults(), diskFaults(), networkFaults(), clusterFaults(), fencingFaults(), operatorFaults(), threeNodeFaults())
	slices.SortStableFunc(all, func(a, b Scenario) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// NotPlayed are the other rows of the catalogue.
func NotPlayed() []Elsewhere {
	return []Elsewhere{
		{
			ID: "F65", Test: "TestImportsPointOneWay",
			Reason: Text{"a clock jump: a container has no clock of its own; the decisions are not allowed one at all",
				"時刻の飛び: コンテナは独自の時計を持たない (判断を行うパッケージは時計の使用自体を禁止)"},
		},
		{
			ID: "F52", Test: "TestSwitchoverKilled, TestSessionLost (test/tools, make tools)",
			Reason: Text{"played in two phases; the tests kill it in each, and go on with it or give it up", "訓練は 2 段階のみ。各段階での強制終了と、再開・取り消しはテストで確認する"},
		},
		{
			ID: "F53", Test: "TestBaseBackupKilled (test/tools), TestBaseBackupInterrupted, TestRewindThatIsInterrupted (internal/rebuild), TestInterruptedCopy (internal/archive)",
			Reason: Text{"played in the base backup and while the standby is awaited; the rest is shown with servers alone", "訓練はベースバックアップ中と起動待ちのみ。残りはサーバ単体のテストで確認する"},
		},
		{
			ID: "F74", Test: "TestSwitchoversUnderLoad -long (test/faults), TestSwitchovers -long (test/tools)",
			Reason: Text{"played with six switchovers; the tests make a hundred", "訓練は 6 回。100 回の切り替えはテストで行う"},
		},
	}
}
