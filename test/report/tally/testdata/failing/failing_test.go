// Package failing has a test of each end, for the test of package tally.
package failing

import (
	"os"
	"testing"
)

func TestPasses(t *testing.T) { t.Log("nobody wants to know") }

func TestFails(t *testing.T) { t.Error(os.Getenv("TALLY_SAYS")) }

func TestIsSkipped(t *testing.T) { t.Skip("on purpose") }
