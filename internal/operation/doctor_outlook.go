package operation

import (
	"fmt"
	"strings"
	"time"

	"pgrex/internal/doctor"
	"pgrex/internal/outlook"
)

// showOutages prints the outages to be expected, as the end of the report. Its
// lines are not folded: the numbers come first.
func (e *examiner) showOutages(c *doctor.Case) error {
	outages := doctor.Outages(c)
	if e.json || len(outages) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(e.streams.Out, "\n"+strings.Join(outlook.Table(e.con.Say(), outages), "\n"))
	return err
}

// doctorOutage is an event, or a part of its outage, for programs. Times are in
// seconds; one that never ends has none.
type doctorOutage struct {
	What    string         `json:"what"`
	Typical *float64       `json:"typical_s"`
	Worst   *float64       `json:"worst_s"`
	Parts   []doctorOutage `json:"parts,omitempty"`
}

func (e *examiner) outages(c *doctor.Case) []doctorOutage {
	say := e.con.Say()
	var all []doctorOutage
	for _, o := range doctor.Outages(c) {
		out := doctorOutage{say.Text(o.Event), finite(o.Typical()), finite(o.Worst()), nil}
		for _, a := range o.Addends {
			out.Parts = append(out.Parts, doctorOutage{say.Text(a.What, a.Args...), finite(a.Typical), finite(a.Worst), nil})
		}
		all = append(all, out)
	}
	return all
}

func finite(d time.Duration) *float64 {
	if d == outlook.Never {
		return nil
	}
	s := d.Seconds()
	return &s
}
