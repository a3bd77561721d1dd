// Command pgsql-ra is the OCF resource agent ocf:linuxhajapan:pgsql: it runs
// PostgreSQL with synchronous replication under Pacemaker.
package main

import (
	"os"

	"pgrex/internal/agent"
	"pgrex/internal/ocf"
)

func main() {
	os.Exit(int(agent.Main(os.Args[1:], ocf.OSEnv(), os.Stdin, os.Stdout, os.Stderr)))
}
