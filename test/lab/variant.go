package lab

import (
	"fmt"
	"strings"
	"time"
)

// Variant is what a cluster's definition has otherwise than the manual's. The
// zero value is the manual's cluster. The text for people, /root/pgrex.crm,
// stays the manual's.
type Variant struct {
	// Async is rep_mode=async: commits wait for nobody.
	Async bool
	// StopEscalate is the time that a fast shutdown gets, on a standby too. 0 is
	// as in the manual: an immediate one on a primary, and 90 s on a standby.
	StopEscalate time.Duration
	// Monitor is the interval of PostgreSQL's monitors, and MonitorTimeout their
	// limit, for tests that would do nothing but wait for them; 0: the manual's.
	Monitor, MonitorTimeout time.Duration
}

// change makes the manual's definition the variant's.
func (v Variant) change(cib string) (string, error) {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%d", int(d.Seconds())) }
	var from, to []string
	if v.Async {
		from, to = append(from, `name="rep_mode" value="sync"`), append(to, `name="rep_mode" value="async"`)
	}
	if v.StopEscalate > 0 {
		from, to = append(from, `name="stop_escalate" value="0"`), append(to, fmt.Sprintf(
			`name="stop_escalate" value="%[1]s"/><nvpair id="pgsql-stop_escalate_in_slave" name="stop_escalate_in_slave" value="%[1]s"`, seconds(v.StopEscalate)))
	}
	if v.Monitor > 0 {
		// Two monitors of one resource may not have the same interval.
		monitor := `<op id="pgsql-monitor-%s" name="monitor" interval="%s" timeout="%s"`
		from = append(from, fmt.Sprintf(monitor, "10s", "10s", "60s"), fmt.Sprintf(monitor, "9s", "9s", "60s"))
		to = append(to, fmt.Sprintf(monitor, "10s", seconds(v.Monitor+time.Second)+"s", seconds(v.MonitorTimeout)+"s"),
			fmt.Sprintf(monitor, "9s", seconds(v.Monitor)+"s", seconds(v.MonitorTimeout)+"s"))
	}
	for i := range from {
		if strings.Count(cib, from[i]) != 1 {
			return "", fmt.Errorf("the cluster's definition does not have %s once", from[i])
		}
		cib = strings.Replace(cib, from[i], to[i], 1)
	}
	return cib, nil
}

// streams says whether a status of a standby means that it is as current as
// the definition asks for.
func (v Variant) streams(status string) bool {
	return status == "HS:sync" || v.Async && status == "HS:async"
}
