package drill

import "time"

// Quick is the scenario for a cluster of [lab.Variant.Quick]: what is looked at is
// looked at for a third as long, and for several monitors at least.
func (s Scenario) Quick() Scenario {
	s.Lasts = max(s.Lasts/3, 10*time.Second)
	return s
}
