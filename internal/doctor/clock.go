package doctor

import (
	"context"
	"time"

	"pgrex/internal/node"
)

// Clock is how far the clock of another node is ahead of this one's.
type Clock struct {
	Ahead time.Duration
	// Unsure is how much it may be more or less: the question took twice as long.
	Unsure time.Duration
}

// tellTime is the clock of a node.
var tellTime = node.Define("doctor-clock", func(context.Context, struct{}) (time.Time, error) { return time.Now(), nil })

// MeasureClock compares the clock of a node with now.
func MeasureClock(ctx context.Context, n node.Node, now func() time.Time) Fact[Clock] {
	asked := now()
	there, err := tellTime.On(ctx, n, struct{}{})
	answered := now()
	half := answered.Sub(asked) / 2
	return fact(Clock{Ahead: there.Sub(asked.Add(half)), Unsure: half}, err)
}
