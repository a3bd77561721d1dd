// Command pgsql-ra is the OCF resource agent ocf:linuxhajapan:pgsql: it runs
// PostgreSQL with synchronous replication under Pacemaker.
package main

import (
	"fmt"
	"os"

	"pgrex/internal/agent"
	"pgrex/internal/ocf"
)

// version is set when the program is built (Makefile).
var version = "development"

func main() {
	agent.SetRuntime()
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println("pgsql-ra", version)
		return
	}
	os.Exit(int(agent.Main(os.Args[1:], ocf.OSEnv(), os.Stdin, os.Stdout, os.Stderr)))
}
