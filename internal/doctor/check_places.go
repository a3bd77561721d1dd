package doctor

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

func placeChecks() []check {
	return []check{{"DR-36", directories}, {"DR-37", space}, {"DR-38", autoStart}, {"DR-39", processes}, {"DR-42", lock}, {"DR-46", runtimeDirs}}
}

// mode is a mode as chmod takes it.
func mode(m uint32) string { return fmt.Sprintf("%04o", m) }

// built says that a node has data.
func (s Server) built() bool { return s.Directories[dirData].Exists }

// directories looks at owners, modes and links, and at whether both nodes are
// laid out alike. The archive is a check of its own.
func directories(c *Case) []Finding {
	found := eachServer(c, func(n Node, s Server) []Finding { return ownDirectories(c, n, s) })
	if len(c.Nodes) < 2 {
		return found
	}
	return append(found, bothServers(c, sameLayout)...)
}

func ownDirectories(c *Case, n Node, s Server) []Finding {
	if s.Directories == nil {
		return []Finding{notKnown(n.Name, Phrase{})}
	}
	var found []Finding
	owner := s.User.Value
	add := func(what, cure Phrase, allowed string) {
		found = append(found, Finding{State: Error, Found: what, Expected: say(message.DRX036, "user", owner.Name, "mode", allowed), Why: say(message.DRW036), Cure: []Phrase{cure}})
	}
	if d := s.Directories[dirData]; !d.Exists && d.Error == "" {
		return []Finding{{State: Notice, Found: say(message.DRA036, "path", d.Path), Expected: say(message.DRY036), Why: say(message.DRV036), Cure: []Phrase{say(message.DRM036)}}}
	}
	for _, kind := range []string{dirData, dirWAL, dirTmp} {
		d := s.Directories[kind]
		allowed := []string{"0700"}
		if kind == dirData && pg.Since(s.Release.Value, 11) {
			allowed = append(allowed, "0750") // initdb --allow-group-access
		}
		switch {
		case d.Error != "":
			found = append(found, notKnown(n.Name, literal(d.Error)))
		case !d.Exists && kind == dirTmp: // the agent makes it
		case !d.Exists:
			add(say(message.DRB036, "path", d.Path, "target", d.Real), say(message.DRN036, "path", d.Path), allowed[0])
		case d.UID != int(owner.UID):
			add(say(message.DRC036, "path", d.Real, "uid", d.UID), literal("chown "+owner.Name+": "+d.Real), allowed[0])
		case !slices.Contains(allowed, mode(d.Mode)) && (kind == dirData || d.Mode&0o022 != 0):
			add(say(message.DRD036, "path", d.Real, "mode", mode(d.Mode)), literal("chmod 0700 "+d.Real), allowed[0])
		}
		if host := mentions(d.Source, c.peersOf(n)); host != "" && c.Database.Known {
			add(say(message.DRE036, "path", d.Path, "source", d.Source), say(message.DRO036, "path", d.Path), allowed[0])
		}
	}
	return found
}

// sameLayout compares paths and the ids of pgdba.
func sameLayout(a, b Node) []Finding {
	sa, sb := server(a), server(b)
	var found []Finding
	add := func(what, cure Phrase) {
		found = append(found, Finding{State: Error, Found: what, Expected: say(message.DRZ036), Why: say(message.DRT036), Cure: []Phrase{cure}})
	}
	ua, ub := sa.User.Value, sb.User.Value
	if ua.UID != ub.UID || ua.GID != ub.GID {
		add(say(message.DRF036, "user", ua.Name, "a", fmt.Sprintf("%d:%d", ua.UID, ua.GID), "node", a.Name, "b", fmt.Sprintf("%d:%d", ub.UID, ub.GID), "other", b.Name), say(message.DRP036))
	}
	if !sa.built() || !sb.built() {
		return found
	}
	for _, kind := range []string{dirData, dirWAL} {
		da, db := sa.Directories[kind], sb.Directories[kind]
		if da.Exists && db.Exists && da.Real != db.Real {
			add(say(message.DRG036, "path", da.Path, "a", da.Real, "node", a.Name, "b", db.Real, "other", b.Name), say(message.DRQ036, "path", da.Path))
		}
	}
	return found
}

// space looks at the file systems, each once.
func space(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		var found []Finding
		seen := map[uint64]bool{}
		for _, kind := range []string{dirData, dirWAL, dirArchive} {
			d := s.Directories[kind]
			if !d.Exists || d.Total == 0 || seen[d.Device] {
				continue
			}
			seen[d.Device] = true
			const low, least = 20, 5
			percent := d.Free * 100 / d.Total
			if percent >= low {
				continue
			}
			state := Warning
			if percent < least {
				state = Error
			}
			cure := say(message.DRM037, "path", d.Real)
			if kind == dirArchive {
				cure = literal("pg-rex_archivefile_delete")
			}
			found = append(found, Finding{State: state, Found: say(message.DRA037, "path", d.Real, "percent", percent, "size", mebibytes(d.Free)),
				Expected: say(message.DRX037), Why: say(message.DRW037), Cure: []Phrase{cure}})
		}
		if len(seen) == 0 {
			return []Finding{notKnown(n.Name, Phrase{})}
		}
		return found
	})
}

// autoStart makes sure that nobody but Pacemaker starts this server.
func autoStart(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Units, c.Database); missing != nil {
			return missing
		}
		var found []Finding
		add := func(what Phrase, cure ...Phrase) {
			found = append(found, Finding{State: Critical, Found: what, Expected: say(message.DRX038), Why: say(message.DRW038), Cure: cure})
		}
		debian := s.Config.Debian
		for _, u := range s.Units.Value {
			if strings.Contains(u.Name, "@.") || u.Data != "" && filepath.Clean(u.Data) != filepath.Clean(c.Database.Value.Params.PgData) {
				continue // a template, or somebody else's server
			}
			instance := strings.Contains(u.Name, "@")
			if instance && (debian == nil || debian.Unit != u.Name) {
				continue
			}
			switch {
			case u.Wrapper:
				if debian != nil && debian.Start == "auto" && u.starts() {
					path := filepath.Join(filepath.Dir(debian.Config), "start.conf")
					add(say(message.DRC038, "path", path), literal("echo manual > "+path))
				}
			case u.Active == "active":
				add(say(message.DRB038, "unit", u.Name), literal("systemctl disable "+u.Name), say(message.DRM038, "unit", u.Name))
			case u.starts():
				add(say(message.DRA038, "unit", u.Name), literal("systemctl disable "+u.Name))
			}
		}
		return found
	})
}

// starts says that systemd starts the unit with the system.
func (u Unit) starts() bool { return u.Enabled == "enabled" || u.Enabled == "enabled-runtime" }

// processes looks for a second server, and for what would keep the next one from
// starting.
func processes(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Processes); missing != nil {
			return missing
		}
		p := s.Processes.Value
		data := s.Directories[dirData].Path
		var found []Finding
		add := func(what Phrase, cure Phrase) {
			found = append(found, Finding{State: Error, Found: what, Expected: say(message.DRX039), Why: say(message.DRW039), Cure: []Phrase{cure}})
		}
		if len(p.Others) > 0 {
			pids := strings.Trim(fmt.Sprint(p.Others), "[]")
			add(say(message.DRA039, "data", data, "pids", pids), literal("ps -o pid,ppid,lstart,args -p "+strings.ReplaceAll(pids, " ", ",")))
		}
		path := filepath.Join(data, "postmaster.pid")
		if p.PIDFile != 0 && p.Postmaster == 0 && len(p.Others) == 0 && p.PIDFileAlive {
			add(say(message.DRB039, "path", path, "pid", p.PIDFile), literal("rm "+path))
		}
		return found
	})
}

// lock looks at the lock of the agent: whether the next start would be refused.
func lock(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Lock); missing != nil {
			return missing
		}
		l := s.Lock.Value
		if !l.Exists {
			return nil
		}
		primary := s.Survey.Known && !s.Survey.Value.InRecovery
		if primary {
			return nil // that is how it is while a primary runs
		}
		f := Finding{State: Error, Found: say(message.DRA042, "path", l.Path), Expected: say(message.DRX042), Why: say(message.DRW042), Cure: []Phrase{say(message.DRM042, "path", l.Path)}}
		switch {
		case s.Running.Known && s.Running.Value && !s.Survey.Known:
			f.State = Notice
		case s.Running.Known && !s.Running.Value && s.neverPromoted():
			f.State, f.Found = Notice, say(message.DRB042, "path", l.Path)
		}
		return []Finding{f}
	})
}

// neverPromoted is what the agent takes for proof that the promotion never began
// which the lock was made for.
func (s Server) neverPromoted() bool {
	l := s.Lock.Value
	if l.Timeline == 0 || l.Noted || !s.Control.Known {
		return false
	}
	c := s.Control.Value
	inRecovery := c.State == pg.DBShutDownInRecovery || c.State == pg.DBInArchiveRecovery
	return inRecovery && max(c.Timeline, c.MinRecoveryTimeline) == wal.Timeline(l.Timeline)
}

// runtimeDirs makes sure that the directories are there that the server needs
// outside of its data, after a reboot too.
func runtimeDirs(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Runtime); missing != nil {
			return missing
		}
		owner := s.User.Value.Name
		var found []Finding
		for _, d := range s.Runtime.Value {
			line := "d " + d.Path + " 2775 " + owner + " " + owner + " - -"
			f := Finding{State: Error, Expected: say(message.DRX046), Why: say(message.DRW046),
				Cure: []Phrase{say(message.DRM046, "line", line, "file", "/etc/tmpfiles.d/pg-rex.conf"), literal("systemd-tmpfiles --create /etc/tmpfiles.d/pg-rex.conf")}}
			switch {
			case !d.Exists:
				f.Found = say(message.DRA046, "path", d.Path, "name", d.Setting)
			case d.Volatile && !d.Made:
				f.Found = say(message.DRB046, "path", d.Path, "name", d.Setting)
			default:
				continue
			}
			found = append(found, f)
		}
		return found
	})
}
