package drill

import (
	"time"

	"pgrex/test/lab"
)

// operatorFaults are lost nodes one after the other, and what people do.
func operatorFaults() []Scenario {
	return []Scenario{
		{
			ID: "F56", Name: "standby lost, then the primary", Course: Waits, Lasts: 25 * time.Second,
			Fault: Text{"the standby loses its power, writes go on, the primary loses its power, the standby comes back alone",
				"Standby の電源断後も書き込みが続き、Primary も電源断、Standby だけが起動"},
			Expect: Text{"the standby is not promoted: it may lack rows", "Standby は昇格しない (データが不足している可能性がある)"},
			Strike: func(r *Run) error {
				if err := r.Standby.Kill(r); err != nil {
					return err
				}
				if err := lab.Pause(r, 15*time.Second); err != nil {
					return err
				}
				if err := r.Primary.Kill(r); err != nil {
					return err
				}
				if err := r.Standby.Boot(r); err != nil {
					return err
				}
				return r.Standby.StartCluster(r)
			},
			Repair: func(r *Run) error {
				if err := r.operate(r.Standby, "pg-rex_stop", "--yes"); err != nil {
					return err
				}
				if err := powered(r, r.Primary); err != nil {
					return err
				}
				if err := r.operate(r.Primary, "pg-rex_master_start", "--remove-lock"); err != nil {
					return err
				}
				return r.operate(r.Standby, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
			},
		},
	}
}
