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

// slotsQuery: restart_lsn has its name in every release that has slots.
func slotsQuery(release int) string {
	lost := "false"
	switch {
	case since(release, 17):
		lost = "coalesce(wal_status OPERATOR(pg_catalog.=) 'lost', false) OR invalidation_reason IS NOT NULL"
	case since(release, 13):
		lost = "coalesce(wal_status OPERATOR(pg_catalog.=) 'lost', false)"
	}
	return names(release, `SELECT slot_name, active, `+lost+`,
 coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint
 FROM pg_catalog.pg_replication_slots WHERE slot_type OPERATOR(pg_catalog.=) 'physical' ORDER BY 1`)
}

// Slots lists the physical replication slots. It needs no privilege.
func (s *Session) Slots(ctx context.Context) ([]Slot, error) {
	res, err := s.query(ctx, "read the replication slots", slotsQuery(s.release))
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

// releaseOf is the major release, as of [Instance.Version], of a server that
// names its version so: "9.6.24", "15.8 (Debian 15.8-0+deb12u1)", "18beta1".
func releaseOf(serverVersion string) int {
	text, _, _ := strings.Cut(serverVersion, " ")
	major, minor, _ := strings.Cut(text, ".")
	if k := strings.IndexFunc(major, func(r rune) bool { return r < '0' || r > '9' }); k >= 0 {
		major = major[:k]
	}
	n, _ := strconv.Atoi(major)
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
