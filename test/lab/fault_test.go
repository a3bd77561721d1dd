package lab

import (
	"strings"
	"testing"
)

// A one-way cut drops in its direction only, for ARP as well.
func TestDropRules(t *testing.T) {
	for kind, want := range map[CutKind]struct{ in, out int }{Silent: {2, 2}, Deaf: {2, 0}, Mute: {0, 2}} {
		rules := dropRules(ICLAN1, kind)
		if devices := strings.Count(rules, `hook egress device "eno1"`); devices != want.out/2 {
			t.Errorf("kind %d: %d chains for what goes out past the others:\n%s", kind, devices, rules)
		}
		if in, out := strings.Count(rules, `iifname "eno1" drop`), strings.Count(rules, `oifname "eno1" drop`); in != want.in || out != want.out {
			t.Errorf("kind %d: %d chains for what comes in and %d for what goes out:\n%s", kind, in, out, rules)
		}
	}
}
