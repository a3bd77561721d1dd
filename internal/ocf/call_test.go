package ocf

import (
	"errors"
	"testing"
	"time"
)

const meta = "OCF_RESKEY_CRM_meta_"

func TestParseCall(t *testing.T) {
	env := Env{
		"OCF_RA_VERSION_MAJOR": "1", "OCF_RESOURCE_INSTANCE": "pgsql:0", "OCF_CHECK_LEVEL": "10",
		"OCF_RESKEY_crm_feature_set": "3.19.0", meta + "interval": "9000", meta + "timeout": "60000",
		meta + "on_node": "node1", meta + "clone": "0", meta + "notify": "true", meta + "master_max": "1",
	}
	c, err := ParseCall([]string{"monitor", "ignored"}, env)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s is wrong in %+v", what, c)
		}
	}
	check("Action", c.Action == "monitor")
	check("Instance", c.Instance == "pgsql:0" && c.Resource == "pgsql")
	check("ByHand", !c.ByHand)
	check("Interval", c.Interval == 9*time.Second)
	check("Timeout", c.Timeout == time.Minute)
	check("OnNode", c.OnNode == "node1")
	check("FeatureSet", c.FeatureSet == "3.19.0")
	check("CheckLevel", c.CheckLevel == 10)
	check("Promotable", c.Promotable)
	check("InClone", c.InClone)
	check("notify", c.NotifyEnabled && c.NotifyKnown)
	check("Debug", !c.Debug)
	check("Probe", !c.Probe())
}

func TestParseCallInstance(t *testing.T) {
	tests := []struct {
		name   string
		action string
		env    Env
		want   string
		code   Code
	}{
		{"by hand", "start", Env{}, "default", Success},
		{"by hand with a name", "start", Env{"OCF_RESOURCE_INSTANCE": "pgsql"}, "pgsql", Success},
		{"Pacemaker without a name", "start", Env{"OCF_RA_VERSION_MAJOR": "1"}, "", ErrArgs},
		{"Pacemaker with an empty name", "stop", Env{"OCF_RA_VERSION_MAJOR": "1", "OCF_RESOURCE_INSTANCE": ""}, "", ErrArgs},
		{"meta-data needs no name", "meta-data", Env{"OCF_RA_VERSION_MAJOR": "1"}, "", Success},
		{"no action", "", Env{}, "default", ErrGeneric},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var args []string
			if tt.action != "" {
				args = []string{tt.action}
			}
			c, err := ParseCall(args, tt.env)
			if c.Instance != tt.want || CodeOf(err) != tt.code {
				t.Errorf("got %q, %v", c.Instance, err)
			}
			if errors.Is(err, ErrUsage) != (tt.action == "") {
				t.Errorf("usage error: %v", err)
			}
		})
	}
}

// Conformance: 33 (unit)
func TestProbe(t *testing.T) {
	tests := []struct {
		name, action string
		env          Env
		want         bool
	}{
		{"interval absent", "monitor", Env{}, true},
		{"interval empty", "monitor", Env{meta + "interval": ""}, true},
		{"interval 0", "monitor", Env{meta + "interval": "0"}, true},
		{"interval 1000", "monitor", Env{meta + "interval": "1000"}, false},
		{"status", "status", Env{}, true},
		{"start", "start", Env{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := ParseCall([]string{tt.action}, tt.env)
			if c.Probe() != tt.want {
				t.Errorf("got %v", c.Probe())
			}
		})
	}
}

func TestPromotable(t *testing.T) {
	tests := []struct {
		name string
		env  Env
		want bool
	}{
		{"nothing", Env{}, false},
		{"promotable", Env{meta + "promotable": "true"}, true},
		{"promotable, other case", Env{meta + "promotable": "TRUE"}, true},
		{"not promotable", Env{meta + "promotable": "false"}, false},
		{"master_max", Env{meta + "master_max": "1"}, true},
		{"promoted_max", Env{meta + "promoted_max": "2"}, true},
		{"max of 0", Env{meta + "promoted_max": "0", meta + "master_max": "0"}, false},
		{"no number", Env{meta + "master_max": "x"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if c, _ := ParseCall([]string{"start"}, tt.env); c.Promotable != tt.want {
				t.Errorf("got %v", c.Promotable)
			}
		})
	}
}

// Conformance: 15 (unit)
func TestDebugAndCheckLevel(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		want        bool
	}{
		{"HA_debug", "1", true}, {"HA_debug", "0", false}, {"HA_debug", "", false},
		{"PCMK_debug", "yes", true}, {"PCMK_debug", "no", false}, {"PCMK_debug", "pacemaker-execd", true},
		{"OCF_RESKEY_trace_ra", "1", true}, {"OCF_RESKEY_trace_ra", "0", false},
	} {
		if c, _ := ParseCall([]string{"start"}, Env{tt.name: tt.value}); c.Debug != tt.want {
			t.Errorf("%s=%q: got %v", tt.name, tt.value, c.Debug)
		}
	}
	for value, want := range map[string]int{"10": 10, "": 0, "x": 0} {
		for _, name := range []string{"OCF_CHECK_LEVEL", "OCF_RESKEY_OCF_CHECK_LEVEL"} {
			if c, _ := ParseCall([]string{"monitor"}, Env{name: value}); c.CheckLevel != want {
				t.Errorf("%s=%q: got %d", name, value, c.CheckLevel)
			}
		}
	}
}

func TestMillisecondsNeverOverflow(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"-1": 0, "1.5": 0, " 20 ": 20 * time.Millisecond, "99999999999999999999": 0,
	} {
		if got := milliseconds(value); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
	if got := milliseconds("9223372036854775807"); got <= 0 {
		t.Errorf("largest: got %v", got)
	}
}
