//go:build long

package faults

import (
	"strings"
	"testing"
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
