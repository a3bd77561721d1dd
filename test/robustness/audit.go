package robustness

import (
	"context"

	"pgrex/test/lab"
)

// auditor looks at the invariants all the time.
type auditor interface {
	// Stop ends the looking and says what was wrong, and how often it was looked,
	// by invariant.
	Stop() (finds []string, looks map[string]int)
}

type noAudit struct{}

func (noAudit) Stop() ([]string, map[string]int) { return nil, nil }

func startAudit(context.Context, *lab.Lab) (auditor, error) { return noAudit{}, nil }
