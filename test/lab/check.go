package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Verdict is what a Check found on the present primary.
type Verdict struct {
	Primary string
	Acked   int     // rows that were acknowledged
	Lost    []int64 // of these, rows that are missing
	Unknown int     // rows of unknown fate
	Kept    int     // of these, rows that are there
}

// Check compares what a Writer was told with what the present primary holds.
func (l *Lab) Check(ctx context.Context, h History) (Verdict, error) {
	s, err := l.Status(ctx)
	if err != nil {
		return Verdict{}, err
	}
	primary, err := l.Node(s.Primary())
	if err != nil {
		return Verdict{}, fmt.Errorf("cannot check the rows: no primary: %s", s)
	}
	there, err := readRows(ctx, primary.Address(SLAN), h.Run)
	if err != nil {
		return Verdict{}, fmt.Errorf("cannot read the rows of %s: %w", primary.Name, err)
	}
	v := h.compare(there)
	v.Primary = primary.Name
	return v, nil
}

// CheckNode compares with what one node holds, standby or primary.
func (l *Lab) CheckNode(ctx context.Context, n *Node, h History) (Verdict, error) {
	there, err := readRows(ctx, n.Address(SLAN), h.Run)
	if err != nil {
		return Verdict{}, fmt.Errorf("cannot read the rows of %s: %w", n.Name, err)
	}
	return h.compare(there), nil
}

func (h History) compare(there map[int64]bool) Verdict {
	v := Verdict{Acked: len(h.Acked), Unknown: len(h.Unknown)}
	for _, a := range h.Acked {
		if !there[a.N] {
			v.Lost = append(v.Lost, a.N)
		}
	}
	for _, a := range h.Unknown {
		if there[a.N] {
			v.Kept++
		}
	}
	return v
}

func readRows(ctx context.Context, address, run string) (map[int64]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := connect(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT n FROM written WHERE run = $1", run)
	if err != nil {
		return nil, err
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	there := make(map[int64]bool, len(numbers))
	for _, n := range numbers {
		there[n] = true
	}
	return there, nil
}
