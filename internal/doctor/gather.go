package doctor

import (
	"context"
	"os"

	"pgrex/internal/conf"
	"pgrex/internal/node"
)

// In says what to look for on a node.
type In struct {
	Database Fact[Database]
	Archive  string    // directory of archived WAL
	Lans     conf.Lans // as the node sees them that asks
	// Own is the node that asks.
	Own bool
	// Connect says that connections to other hosts are to be tried.
	Connect bool
	// Look says what to look for beside PostgreSQL.
	Look Look
}

// Gather finds out on a node what can be found out there, and changes nothing.
// What could not be found out is a fact that is not known, and no error.
var Gather = node.Define("doctor", func(ctx context.Context, in In) (Facts, error) {
	return Facts{Root: os.Geteuid() == 0, Server: gatherServer(ctx, in), System: gatherSystem(ctx, in)}, nil
})
