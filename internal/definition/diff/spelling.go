package diff

import (
	"regexp"
	"slices"
	"strings"
)

var seconds = regexp.MustCompile(`^([0-9]+)(s|sec)?$`)

// times are attributes whose values are times.
var times = []string{"interval", "timeout", "start-delay", "failure-timeout", "stonith-timeout", "priority-fencing-delay", "dc-deadtime",
	"cluster-recheck-interval", "cluster-delay", "election-timeout", "shutdown-escalation", "stonith-watchdog-timeout"}

// booleans are attributes whose values are booleans.
var booleans = []string{"symmetrical", "stonith-enabled", "startup-fencing", "maintenance-mode", "maintenance", "notify", "promotable",
	"interleave", "ordered", "globally-unique", "is-managed", "symmetric-cluster", "allow-unhealthy-nodes", "enabled", "standby",
	"stop-all-resources", "concurrent-fencing", "start-failure-is-fatal", "enable-startup-probes"}

// scores are attributes whose values are scores.
var scores = []string{"resource-stickiness", "migration-threshold", "priority", "score"}

// plain is one of several spellings of a value.
func plain(name, text string) string {
	switch {
	case slices.Contains(times, name):
		if m := seconds.FindStringSubmatch(text); m != nil {
			return m[1] + "s"
		}
	case slices.Contains(booleans, name), name == "":
		switch strings.ToLower(text) {
		case "true", "yes", "on", "y", "1":
			return "true"
		case "false", "no", "off", "n", "0":
			return "false"
		}
	case slices.Contains(scores, name):
		return score(text)
	case name == "role", name == "target-role", name == "rsc-role", name == "with-rsc-role":
		if len(text) > 0 {
			return strings.ToUpper(text[:1]) + strings.ToLower(text[1:])
		}
	}
	return text
}

func score(text string) string {
	switch strings.ToUpper(text) {
	case "INF", "INFINITY", "+INF", "+INFINITY":
		return "INFINITY"
	case "-INF", "-INFINITY":
		return "-INFINITY"
	}
	return strings.TrimPrefix(text, "+")
}
