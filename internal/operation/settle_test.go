package operation

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"pgrex/internal/console"
	"pgrex/internal/crm"
)

func TestDampened(t *testing.T) {
	ping := func(dampen string) crm.Definition {
		d := crm.Definition{Type: "ping", Params: map[string]string{"name": "gw"}}
		if dampen != "" {
			d.Params["dampen"] = dampen
		}
		return d
	}
	for _, c := range []struct {
		name string
		all  []crm.Definition
		want map[string]time.Duration
	}{
		{"nothing", nil, map[string]time.Duration{}},
		{"no monitor", []crm.Definition{{Type: "IPaddr2"}}, map[string]time.Duration{}},
		{"ping as it is", []crm.Definition{{Type: "IPaddr2"}, {Type: "ping"}}, map[string]time.Duration{"pingd": 5 * time.Second}},
		{"a number is seconds", []crm.Definition{ping("12")}, map[string]time.Duration{"gw": 12 * time.Second}},
		{"a unit", []crm.Definition{ping("500ms")}, map[string]time.Duration{"gw": 500 * time.Millisecond}},
		{"several", []crm.Definition{ping(""), ping("1s"), {Type: "diskd", Params: map[string]string{"name": "disk", "dampen": "20s"}}},
			map[string]time.Duration{"gw": 5 * time.Second, "disk": 20 * time.Second}},
		{"no time", []crm.Definition{ping("soon")}, map[string]time.Duration{}},
	} {
		if got := dampened(c.all); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAgeOfTheStack(t *testing.T) {
	const now = 100 * time.Second
	for stamp, want := range map[string]time.Duration{"97000000\n": 3 * time.Second, "0\n": time.Hour} {
		if got, err := ageOf(stamp, now); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", stamp, got, err, want)
		}
	}
	if _, err := ageOf("", now); err == nil {
		t.Error("no answer is taken for one")
	}
}

func TestHeldOnlyOf(t *testing.T) {
	o := crm.Overview{Nodes: []crm.NodeStatus{
		{Name: "node01", Online: true, Attrs: map[string]string{"gw": "100"}},
		{Name: "node02", Online: true},
		{Name: "node03"},
	}}
	for _, c := range []struct {
		held map[string]string
		of   string
		want bool
	}{
		{map[string]string{"node01": "100", "node02": "100"}, "node02", true},
		{map[string]string{"node01": "100"}, "node02", true},
		{map[string]string{"node01": "0", "node02": "100"}, "node02", false},
		{map[string]string{"node02": "100"}, "node02", false},
		{map[string]string{"node01": "100", "node02": "100"}, "node03", false},
		{map[string]string{"node01": "100", "node03": "100"}, "node01", true}, // it is not online: its time will come
	} {
		if got := heldOnlyOf("gw", c.held, o, c.of); got != c.want {
			t.Errorf("%v, of %s: %v", c.held, c.of, got)
		}
	}
}

// dampens gives node b an attribute daemon that has these values of the gateway's
// attribute, and says which of its calls write.
func dampens(c *fakeCluster, status int, values map[string]string) (all []crm.Definition, wrote func() int) {
	n := 0
	c.b.programs["attrd_updater"] = func(argv []string) (string, int) {
		if slices.Contains(argv, "-R") {
			n++
			return "", status
		}
		text := ""
		for node, value := range values {
			text += fmt.Sprintf("name=%q host=%q value=%q\n", "gw", node, value)
		}
		return text, status
	}
	return []crm.Definition{{Type: "ping", Params: map[string]string{"name": "gw", "dampen": "1s"}}}, func() int { return n }
}

// Of a node whose cluster has just been stopped, the others write down at once
// that it is gone; where they cannot, it waits. One that has been down for long
// does not ask.
func TestStandbyStartLetsTheClusterSettle(t *testing.T) {
	const recent = 1800 * time.Millisecond
	for _, tt := range []struct {
		name        string
		age         time.Duration
		held        string // of the primary; the CIB has 100
		status      int    // of attrd_updater
		least, most time.Duration
		writes      int
	}{
		{"just now", recent, "100", 0, 0, 150 * time.Millisecond, 1},
		{"something of the primary is held as well", recent, "0", 0, 150 * time.Millisecond, time.Second, 0},
		{"attrd does not answer", recent, "100", 102, 150 * time.Millisecond, time.Second, 0},
		{"long ago", time.Minute, "100", 0, 0, 150 * time.Millisecond, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := healthyCluster(t)
			c.b.transient["gw"] = "100"
			all, wrote := dampens(c, tt.status, map[string]string{c.b.host: tt.held})
			s := &session{con: console.New(console.Options{Out: io.Discard, Err: io.Discard, Now: time.Now})}
			answer(c.a, "stack-age", func(struct{}) (time.Duration, error) { return tt.age, nil })
			begun := time.Now()
			if err := s.letSettle(t.Context(), c.a, c.b, all); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took < tt.least || took > tt.most || wrote() != tt.writes {
				t.Errorf("it took %v and wrote %d times", took, wrote())
			}
		})
	}
}

// What the gateway check says of a node that comes is written at once, and once.
func TestArrives(t *testing.T) {
	c := healthyCluster(t)
	s := &session{con: console.New(console.Options{Out: io.Discard, Err: io.Discard, Now: time.Now})}
	for _, tt := range []struct {
		name      string
		own, held string // of the node that comes, in the CIB and with the daemon
		writes    int
	}{{"not asked yet", "", "", 1}, {"held", "", "100", 1}, {"written", "100", "100", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			values := map[string]string{c.b.host: "100"}
			if tt.held != "" {
				values[c.a.host] = tt.held
			}
			c.b.transient["gw"] = "100"
			maps.DeleteFunc(c.a.transient, func(k, _ string) bool { return k == "gw" })
			if tt.own != "" {
				c.a.transient["gw"] = tt.own
			}
			all, wrote := dampens(c, 0, values)
			o, err := s.crm(c.b).Overview(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.arrives(t.Context(), c.b, c.a.host, o, all)
			if wrote() != tt.writes {
				t.Errorf("written %d times", wrote())
			}
		})
	}
}
