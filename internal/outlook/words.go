package outlook

import (
	"strconv"
	"time"

	"pgrex/internal/message"
)

// Seconds is a duration as the table writes it: "4.5 s", whole ones without a
// fraction.
func Seconds(d time.Duration) string {
	s := strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64)
	return s + " s"
}

// seconds of a column, where one that never ends has a word of its own.
func seconds(say message.Printer, d time.Duration) string {
	if d == Never {
		return say.Text(message.OUT011)
	}
	return Seconds(d)
}

// Table are the lines of the table that an operator reads: each event with its
// typical and its worst outage, and below it what these are made of.
func Table(say message.Printer, outages []Outage) []string {
	rows := [][]string{{say.Text(message.OUT009), say.Text(message.OUT010)}}
	for _, o := range outages {
		rows = append(rows, []string{seconds(say, o.Typical()), seconds(say, o.Worst()), say.Text(o.Event)})
		for _, a := range o.Addends {
			rows = append(rows, []string{"  " + seconds(say, a.Typical), "  " + seconds(say, a.Worst), "  " + say.Text(a.What, a.Args...)})
		}
	}
	return append([]string{say.Text(message.OUT008)}, message.Align(rows)...)
}
