package operation

import (
	"io"
	"testing"
	"time"

	"pgrex/internal/console"
	"pgrex/internal/crm"
)

func TestDampening(t *testing.T) {
	ping := func(dampen string) crm.Definition {
		d := crm.Definition{Type: "ping", Params: map[string]string{}}
		if dampen != "" {
			d.Params["dampen"] = dampen
		}
		return d
	}
	for _, c := range []struct {
		name string
		all  []crm.Definition
		want time.Duration
	}{
		{"nothing", nil, 0},
		{"no monitor", []crm.Definition{{Type: "IPaddr2"}}, 0},
		{"ping as it is", []crm.Definition{{Type: "IPaddr2"}, ping("")}, 5 * time.Second},
		{"a number is seconds", []crm.Definition{ping("12")}, 12 * time.Second},
		{"a unit", []crm.Definition{ping("500ms")}, 500 * time.Millisecond},
		{"the longest", []crm.Definition{ping(""), {Type: "diskd", Params: map[string]string{"dampen": "20s"}}}, 20 * time.Second},
		{"no time", []crm.Definition{ping("soon")}, 0},
	} {
		if got := dampening(c.all); got != c.want {
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

// A node whose cluster has just been stopped comes back when the others have
// noticed; one that has been down for long does at once.
func TestStandbyStartLetsTheClusterSettle(t *testing.T) {
	c := startable(t)
	s := &session{con: console.New(console.Options{Out: io.Discard, Err: io.Discard, Now: time.Now})}
	all := []crm.Definition{{Type: "ping", Params: map[string]string{"dampen": "1s"}}}
	for _, tt := range []struct {
		age         time.Duration
		least, most time.Duration
	}{{1800 * time.Millisecond, 150 * time.Millisecond, time.Second}, {time.Minute, 0, 100 * time.Millisecond}} {
		answer(c.a, "stack-age", func(struct{}) (time.Duration, error) { return tt.age, nil })
		begun := time.Now()
		if err := s.letSettle(t.Context(), c.a, all); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took < tt.least || took > tt.most {
			t.Errorf("down for %v: it took %v", tt.age, took)
		}
	}
}
