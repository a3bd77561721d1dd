package audit

import "pgrex/test/lab"

// Writes is what the probes have seen so far: who accepted writes, and when.
func (w *Watch) Writes() lab.Audit { return w.probe.Audit() }
