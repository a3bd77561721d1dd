package operation

import (
	"context"
	"strings"
	"time"

	"pgrex/internal/console"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// logged runs programs on a node and notes them in the log, with what came of
// it. Arguments hold no secrets: what is secret goes through files and pipes.
type logged struct {
	con *console.Console
	n   node.Node
}

// Run implements [run.Runner].
func (l logged) Run(ctx context.Context, c run.Command) (run.Result, error) {
	begun := time.Now()
	res, err := node.Runner(l.n).Run(ctx, c)
	if err == nil && looks(c.Argv) {
		return res, nil // several in a second while something is waited for
	}
	end := "ok"
	if err != nil {
		end = err.Error()
	}
	l.con.Detail("%s: %s: %s (%d ms)", l.n.Name(), strings.Join(c.Argv, " "), end, time.Since(begun).Milliseconds())
	return res, err
}

// looks says that a program only reads the cluster's state.
func looks(argv []string) bool {
	return argv[0] == "crm_mon" || argv[0] == "cibadmin" && len(argv) > 1 && argv[1] == "-Q"
}
