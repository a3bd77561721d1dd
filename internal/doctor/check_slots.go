package doctor

import (
	"strconv"

	"pgrex/internal/message"
	"pgrex/internal/pg"
)

func slotChecks() []check { return []check{{"DR-20", slots}} }

// slots looks at what keeps WAL for standbys.
func slots(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Settings, s.Release, c.Database); missing != nil {
			return missing
		}
		var found []Finding
		if c.Database.Value.Params.SlotName != "" {
			found = slotSettings(s)
		}
		if !s.Survey.Known {
			return append(found, notKnown(n.Name, s.Survey.Why))
		}
		wal := s.Directories[dirWAL]
		for _, slot := range s.Survey.Value.Slots {
			if slot.Active || slot.Lost {
				continue
			}
			f := Finding{State: Warning, Found: say(message.DRA020, "slot", slot.Name, "size", mebibytes(slot.Retained)), Expected: say(message.DRX020),
				Why: say(message.DRW020), Cure: []Phrase{literal(s.psql("SELECT pg_drop_replication_slot('" + slot.Name + "')"))}}
			switch {
			case wal.Exists && slot.Retained > wal.Free/2:
				f.State = Error
			case c.Database.Value.Params.SlotName != "":
				continue // the standby may be away for a while
			}
			found = append(found, f)
		}
		return found
	})
}

// slotSettings are the settings that slots need.
func slotSettings(s Server) []Finding {
	var found []Finding
	add := func(name, expected, line string) {
		found = append(found, Finding{State: Warning, Found: s.shown(name), Expected: literal(name + ": " + expected), Why: say(message.DRV020), Cure: s.cureSetting(name, line)})
	}
	if n, _ := strconv.Atoi(s.Settings.Value["max_replication_slots"].Value); n < 2 {
		add("max_replication_slots", ">= 2", "10")
	}
	if name := "max_slot_wal_keep_size"; pg.Has(s.Release.Value, name) && s.Settings.Value[name].Value == "-1" {
		limit := s.Directories[dirWAL].Free / 2
		add(name, "> 0", strconv.FormatInt(max(limit>>20, 512), 10)+"MB")
	}
	return found
}

func mebibytes(n int64) string { return strconv.FormatInt(n>>20, 10) + " MiB" }
