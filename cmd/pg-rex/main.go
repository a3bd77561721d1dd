// Command pg-rex is the commands that an operator types: start, join, stop,
// switch over, clean up, look. It acts by the name it is called with.
package main

import (
	"os"

	"pgrex/internal/operation"
)

// version is set when the program is built (Makefile).
var version = "development"

func main() {
	operation.Version = version
	os.Exit(operation.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
