// Command pgsql-ra is the OCF resource agent ocf:linuxhajapan:pgsql: it runs
// PostgreSQL with synchronous replication under Pacemaker.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"pgrex/internal/agent"
	"pgrex/internal/ocf"
)

// version is set when the program is built (Makefile).
var version = "development"

func main() {
	// A call lives for milliseconds and needs a few megabytes: to collect what
	// it no longer uses would cost more than it saves.
	debug.SetGCPercent(400)
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println("pgsql-ra", version)
		return
	}
	os.Exit(int(agent.Main(os.Args[1:], ocf.OSEnv(), os.Stdin, os.Stdout, os.Stderr)))
}
