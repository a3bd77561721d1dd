package doctor

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pgrex/internal/message"
)

func archiveChecks() []check {
	return []check{{"DR-08", archives}, {"DR-09", restores}, {"DR-44", archiving}}
}

// copyPlace is where a command has the archived files: a directory, and what is
// added to their names.
type copyPlace struct{ dir, suffix string }

// copyPlaces are the places that an archive or restore command names: words with
// %f in them, and the directory that pg-rex archive copies to. A command that
// passes its work on to a script names none.
func copyPlaces(command string) []copyPlace {
	words := strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(" \t'\"<>|&;()", r) })
	var list []copyPlace
	for i, w := range words {
		before, suffix, found := strings.Cut(w, "%f")
		dir, slash := strings.CutSuffix(before, "/")
		if i+1 < len(words) && w == "%p" && ownArchive(words[:i]) {
			dir, suffix, found, slash = words[i+1], "", true, true
		}
		if p := (copyPlace{filepath.Clean(dir), suffix}); found && slash && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// ownArchive says whether words end with the command that archives one file.
func ownArchive(words []string) bool {
	n := len(words)
	return n > 0 && filepath.Base(words[n-1]) == "pg-rex_archive" ||
		n > 1 && filepath.Base(words[n-2]) == "pg-rex" && words[n-1] == "archive"
}

// archives makes sure that WAL is archived where the commands look for it.
func archives(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Settings); missing != nil {
			return missing
		}
		if s.Settings.Value["archive_mode"].Value == "off" {
			return nil // DR-07 says it
		}
		found := archiveCommand(c, s)
		return append(found, archiveDir(c, n, s)...)
	})
}

func archiveCommand(c *Case, s Server) []Finding {
	command := s.Settings.Value["archive_command"].Value
	dir := c.ArchiveDir()
	prescribed := "'/bin/cp %p " + dir + "/%f'"
	add := func(state State, what Phrase, cure []Phrase) []Finding {
		return []Finding{{State: state, Found: what, Expected: say(message.DRX008, "dir", dir), Why: say(message.DRW008), Cure: cure}}
	}
	if command == "" || command == "(disabled)" {
		if s.Settings.Value["archive_library"].Value != "" {
			return nil // where a library writes is its own affair
		}
		return add(Error, s.shown("archive_command"), s.cureSetting("archive_command", prescribed))
	}
	places := copyPlaces(command)
	switch {
	case dir == "" || len(places) == 0 && !strings.Contains(command, dir):
		return []Finding{{State: Unknown, Found: say(message.DRA008, "command", command)}}
	case len(places) > 0 && !slices.ContainsFunc(places, func(p copyPlace) bool { return p.dir == filepath.Clean(dir) }):
		return add(Error, s.shown("archive_command"), s.cureSetting("archive_command", prescribed))
	case filepath.Base(strings.Fields(command)[0]) == "cp" && !strings.ContainsAny(command, "&|;"):
		f := add(Notice, say(message.DRB008), []Phrase{say(message.DRM008)})
		f[0].Expected, f[0].Why = say(message.DRY008), say(message.DRV008)
		return f
	}
	return nil
}

// ArchiveDir is the directory of archived WAL: that of the commands, or of the
// restore_command where they have none; "" when neither says.
func (c *Case) ArchiveDir() string {
	if c.Conf.Known && c.Conf.Value.ArchiveDir != "" {
		return c.Conf.Value.ArchiveDir
	}
	if c.Database.Known {
		if p := copyPlaces(c.Database.Value.Params.RestoreCommand); len(p) > 0 {
			return p[0].dir
		}
	}
	return ""
}

func archiveDir(c *Case, n Node, s Server) []Finding {
	d, looked := s.Directories[dirArchive]
	if !looked {
		return []Finding{notKnown(n.Name, c.Conf.Why)}
	}
	owner := s.User.Value
	mend := literal("install -d -o " + owner.Name + " -g " + owner.Name + " -m 0700 " + d.Path)
	var what Phrase
	switch {
	case d.Error != "":
		return []Finding{notKnown(n.Name, literal(d.Error))}
	case !d.Exists:
		what = say(message.DRC008, "path", d.Path)
	case d.UID != int(owner.UID):
		what = say(message.DRD008, "path", d.Path, "uid", d.UID)
	case !d.Writable:
		what = say(message.DRE008, "path", d.Path, "user", owner.Name)
	default:
		return nil
	}
	return []Finding{{State: Error, Found: what, Expected: say(message.DRX036, "user", owner.Name, "mode", "0700"), Why: say(message.DRW008), Cure: []Phrase{mend}}}
}

// restores compares where files are archived with where they are looked for.
func restores(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Settings, c.Database); missing != nil {
			return missing
		}
		if s.Settings.Value["archive_mode"].Value == "off" {
			return nil // DR-07
		}
		archive, restore := s.Settings.Value["archive_command"].Value, c.Database.Value.Params.RestoreCommand
		from, to := copyPlaces(restore), copyPlaces(archive)
		if archive == "" {
			return nil // DR-08
		}
		if len(from) == 0 || len(to) == 0 {
			return []Finding{notKnown(n.Name, say(message.DRB009, "archive", archive, "restore", restore))}
		}
		if slices.ContainsFunc(to, func(p copyPlace) bool { return slices.Contains(from, p) }) {
			return nil
		}
		last := to[len(to)-1]
		return []Finding{{State: Error, Found: say(message.DRA009, "archive", archive, "restore", restore),
			Expected: say(message.DRX009, "path", filepath.Join(last.dir, "%f"+last.suffix)), Why: say(message.DRW009),
			Cure: []Phrase{c.param("restore_command", "'"+restoreFor(last)+"'")}}}
	})
}

// restoreFor is a restore_command for archived files.
func restoreFor(p copyPlace) string {
	path := filepath.Join(p.dir, "%f"+p.suffix)
	for suffix, program := range map[string]string{".gz": "/bin/gzip -cd", ".bz2": "/bin/bzip2 -cd", ".xz": "/usr/bin/xz -cd", ".zst": "/usr/bin/zstd -cd", ".lz4": "/usr/bin/lz4 -cd"} {
		if p.suffix == suffix {
			return program + " " + path + " > %p"
		}
	}
	return "/bin/cp " + path + " %p"
}

// archiving looks at how archiving went last.
func archiving(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Survey); missing != nil {
			return missing
		}
		a := s.Survey.Value.Archiver
		if !a.Fails() {
			return nil
		}
		return []Finding{{State: Error, Found: say(message.DRA044, "file", a.LastFailed, "time", a.LastFailedTime.Local().Format(time.DateTime)),
			Expected: say(message.DRX044), Why: say(message.DRW044), Cure: []Phrase{say(message.DRM044)}}}
	})
}
