//go:build long

package faults

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"pgrex/test/drill"
)

var (
	twoAsync   = kind{nodes: 2, async: true}
	threeAsync = kind{nodes: 3, async: true}
)

// The faults that every kind of cluster has to survive, on those kinds that the
// catalogue does not name: server and node killed, replication network cut,
// server and standby frozen.
//
// Conformance: 121 (lab)
func TestEveryKind(t *testing.T) {
	for _, k := range []kind{twoAsync, threeAsync, threeSync} {
		t.Run(strings.ReplaceAll(k.String(), " ", "-"), func(t *testing.T) {
			playAll(t, k, "F01", "F09", "F34", "F06", "F08")
		})
	}
}

// Load alone moves nothing and fails no monitor: ten clients of pgbench for each
// processor, for ten minutes, with the monitors of the manual.
func TestLoad(t *testing.T) {
	if !*long {
		t.Skip("-long")
	}
	site, ctx := begin(t, kind{nodes: 2, manual: true})
	playOn(t, ctx, site, drill.Load(10*runtime.NumCPU(), 0, 10*time.Minute))
}
