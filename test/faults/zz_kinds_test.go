package faults

import "testing"

// The faults that only fencing decides.
func TestDrillsFencing(t *testing.T) { playAll(t, twoFenced, telling[twoFenced]...) }

// The faults that only a majority decides.
//
// Conformance: 121, 122, 124 (lab)
func TestDrillsThreeNodes(t *testing.T) { playAll(t, threeSync, telling[threeSync]...) }
