package review

import (
	"testing"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

// Whatever a definition says, it is looked at to the end, and the same way
// each time.
func FuzzCheck(f *testing.F) {
	for name := range base {
		f.Add([]byte(readFile(f, name)))
	}
	f.Add([]byte(`<cib><configuration><resources><primitive class="ocf" type="pgsql"><instance_attributes><nvpair name="rep_mode" value="sync"/></instance_attributes></primitive></resources></configuration></cib>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := definition.Read(text)
		if err != nil {
			return
		}
		o := Options{Generation: Pacemaker3}
		all := append(Check(d, o), Beyond(d, o)...)
		again := append(Check(d, o), Beyond(d, o)...)
		if len(all) != len(again) {
			t.Fatalf("%d findings, then %d", len(all), len(again))
		}
		for i := range all {
			a, _, _ := all[i].Texts(message.In("en"))
			if b, _, _ := again[i].Texts(message.In("en")); a != b {
				t.Errorf("%q, then %q", a, b)
			}
		}
	})
}
