package operation

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/doctor"
)

// The report ends with the outages to expect, as text and as JSON, in either
// language; the parts of an outage are all of it.
func TestDoctorEndsWithTheOutages(t *testing.T) {
	for _, language := range []string{"en", "ja"} {
		c := examined(t)
		text := c.play(typed{}, "pg-rex_doctor", "--lang", language)
		d := c.play(typed{}, "pg-rex_doctor", "--json", "--lang", language).document(t)
		if len(d.Outages) != 7 {
			t.Fatalf("%d outages", len(d.Outages))
		}
		rest := text.out
		for _, o := range d.Outages {
			sum := 0.0
			for _, part := range append([]doctorOutage{{What: o.What}}, o.Parts...) {
				_, after, found := strings.Cut(rest, part.What)
				if !found {
					t.Errorf("%s: %q is not in the text, or not in its place", language, part.What)
				}
				rest = after
				if part.Worst != nil {
					sum += *part.Worst
				}
			}
			if o.Worst != nil && math.Abs(*o.Worst-sum) > 0.001 {
				t.Errorf("%s: %v and %v", o.What, *o.Worst, sum)
			}
		}
		if strings.TrimSpace(rest) != "" {
			t.Errorf("something comes after the outages: %q", rest)
		}
	}
}

// Each node is asked for what the definition names, and the clocks are compared.
func TestDoctorLooksForWhatTheDefinitionNames(t *testing.T) {
	c := examined(t)
	var asked []doctor.Look
	for _, n := range []*fakeNode{c.a, c.b} {
		answer(n, "doctor", func(in doctor.In) (doctor.Facts, error) {
			asked = append(asked, in.Look)
			return doctor.Facts{}, nil
		})
	}
	d := c.play(typed{}, "pg-rex_doctor", "--json").document(t)
	if len(asked) != 2 {
		t.Fatalf("%d nodes asked", len(asked))
	}
	for _, look := range asked {
		if !slices.Equal(look.Names, []string{"pgrex01", "pgrex02"}) || !slices.Contains(look.Files, "/usr/lib/ocf/resource.d/linuxhajapan/pgsql") || look.SSH.Port != 22 {
			t.Errorf("%+v", look)
		}
	}
	if !slices.ContainsFunc(d.Findings, func(f doctorFinding) bool { return f.Check == "DR-84" && f.Severity == doctor.Warning && f.Node == "" }) {
		t.Error("clocks that are 5 s apart are not told")
	}
}
