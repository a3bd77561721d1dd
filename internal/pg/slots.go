package pg

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Slot is one physical replication slot.
type Slot struct {
	Name   string
	Active bool
	// Lost is true when the server has removed WAL that the slot was to keep,
	// or has invalidated it: it holds nothing any more (wal_status, release 13
	// and newer; invalidation_reason, 17 and newer).
	Lost bool
	// Retained is how many bytes of WAL the slot keeps from being removed;
	// 0 when it keeps none.
	Retained int64
}

// Slots lists the physical replication slots. It needs no privilege.
func (s *Session) Slots(ctx context.Context) ([]Slot, error) {
	lost := "false"
	switch release := s.release(); {
	case release >= 17:
		lost = "coalesce(wal_status OPERATOR(pg_catalog.=) 'lost', false) OR invalidation_reason IS NOT NULL"
	case release >= 13:
		lost = "coalesce(wal_status OPERATOR(pg_catalog.=) 'lost', false)"
	}
	res, err := s.query(ctx, "read the replication slots", s.names(`SELECT slot_name, active, `+lost+`,
 coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint
 FROM pg_catalog.pg_replication_slots WHERE slot_type OPERATOR(pg_catalog.=) 'physical' ORDER BY 1`))
	if err != nil {
		return nil, err
	}
	var slots []Slot
	for _, cols := range res[0].Rows {
		r := row{cols: cols}
		slots = append(slots, Slot{Name: r.string(), Active: r.bool(), Lost: r.bool(), Retained: int64(r.int())})
		if r.err != nil {
			return nil, r.err
		}
	}
	return slots, nil
}

// CreateSlot makes a physical slot that keeps WAL from now on, not only from
// its first use: a standby that comes later finds what it needs.
func (s *Session) CreateSlot(ctx context.Context, name string) error {
	_, err := s.query(ctx, "create the replication slot "+name,
		fmt.Sprintf("SELECT pg_catalog.pg_create_physical_replication_slot(%s, true)", quoteLiteral(name)))
	return err
}

// DropSlot removes a slot. One that is in use cannot be dropped.
func (s *Session) DropSlot(ctx context.Context, name string) error {
	_, err := s.query(ctx, "drop the replication slot "+name,
		fmt.Sprintf("SELECT pg_catalog.pg_drop_replication_slot(%s)", quoteLiteral(name)))
	return err
}

// release is the server's major release: 906 for 9.6, then 10 to 18.
func (s *Session) release() int {
	text, _, _ := strings.Cut(s.conn.ParameterStatus("server_version"), " ")
	major, minor, _ := strings.Cut(text, ".")
	n, _ := strconv.Atoi(strings.TrimRight(major, "abcdefghijklmnopqrstuvwxyz"))
	if n >= 10 {
		return n
	}
	minor, _, _ = strings.Cut(minor, ".")
	m, _ := strconv.Atoi(minor)
	return n*100 + m
}

// quoteLiteral quotes a slot name, which holds lower-case letters, digits and
// underscores only, for SQL.
func quoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
