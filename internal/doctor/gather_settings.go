package doctor

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// settings are those in effect: what the server says, except where a setting of
// this session's role or database stands before that of all others.
func (g *gatherer) settings(ctx context.Context) {
	s := g.out
	read, err := g.readSettings(ctx)
	if err != nil {
		s.Settings.Why = literal(err.Error())
	}
	if !s.Survey.Known {
		if err == nil {
			s.Settings = Found(read)
		}
		return
	}
	values := map[string]Setting{}
	for name, v := range s.Survey.Value.Settings {
		set := Setting{Value: v.Value, Where: v.Source, File: v.Source == "configuration file", Pending: v.Pending}
		if v.File != "" {
			set.Where = v.File + ":" + strconv.Itoa(v.Line)
		}
		switch v.Source {
		case "user", "database", "database user", "client", "session", "interactive", "test":
			if r, ok := read[name]; ok {
				set = r
			}
		}
		values[name] = set
	}
	s.Settings = Found(values)
	s.Survey.Value.Settings, s.Survey.Value.Lines = nil, nil // they are said once
}

// readSettings are those that a server started now would have, by the files and
// the defaults of its release.
func (g *gatherer) readSettings(ctx context.Context) (map[string]Setting, error) {
	release, err := g.Version()
	if err == nil && !g.out.Lines.Known {
		_, err = g.ReadConf()
	}
	if err != nil {
		return nil, err
	}
	values := map[string]Setting{}
	for _, name := range pg.KnownSettings() {
		if pg.Has(release, name) {
			values[name] = Setting{Value: pg.DefaultSetting(release, name), Where: "default"}
		}
	}
	g.implied(ctx, values)
	for _, l := range g.out.Lines.Value {
		if _, known := values[l.Name]; !known || l.Error != "" {
			continue
		}
		if v, err := pg.Canonical(l.Name, l.Value); err == nil {
			values[l.Name] = Setting{Value: v, Where: l.At(), File: true}
		}
	}
	set := g.Settings()
	if set.Host != "" && !filepath.IsAbs(set.Host) {
		values["listen_addresses"] = Setting{Value: set.Host, Where: "command line"}
	}
	if values["archive_mode"].Value == "off" {
		v := values["archive_command"]
		v.Value = "(disabled)" // as the server shows it
		values["archive_command"] = v
	}
	return values, nil
}

// implied are defaults that are not the same everywhere.
func (g *gatherer) implied(ctx context.Context, values map[string]Setting) {
	set := g.Settings()
	values["port"] = Setting{Value: strconv.Itoa(set.Port), Where: "environment variable"} // the agent sets PGPORT
	values["data_directory"] = Setting{Value: set.Data, Where: "override"}
	values["hba_file"] = Setting{Value: filepath.Join(set.Data, "pg_hba.conf"), Where: "override"}
	values["ident_file"] = Setting{Value: filepath.Join(set.Data, "pg_ident.conf"), Where: "override"}
	if dirs, err := g.WillUse(ctx, "unix_socket_directories"); err == nil {
		values["unix_socket_directories"] = Setting{Value: dirs, Where: "default"}
	}
}

// rules are those of pg_hba.conf: as the server reads them, or as we do.
func (g *gatherer) rules() {
	s := g.out
	if s.Survey.Known && s.Release.Value != 906 {
		s.HBA = Found(s.Survey.Value.HBA)
		s.Survey.Value.HBA = nil
		return
	}
	if !s.Settings.Known {
		s.HBA.Why = s.Settings.Why
		return
	}
	path := s.Settings.Value["hba_file"].Value
	if !filepath.IsAbs(path) {
		path = g.data(path)
	}
	s.HBA = fact(g.ReadHBA(path))
}

var programVersion = regexp.MustCompile(`\) (\d+(?:\.\d+)*)`)

// programs finds the programs of the server and their releases.
func (g *gatherer) programs(ctx context.Context) {
	g.out.Programs = map[string]Program{}
	for _, name := range []string{"pg_ctl", "postgres"} {
		path, err := g.Program(name)
		g.out.Programs[name] = program(ctx, path, err)
	}
	g.out.Programs["psql"] = program(ctx, g.db.Params.Psql, nil)
}

func program(ctx context.Context, path string, err error) Program {
	p := Program{Path: path}
	if err == nil {
		_, err = os.Stat(path)
	}
	var res run.Result
	if err == nil {
		res, err = run.Local{}.Run(ctx, run.Command{Argv: []string{path, "--version"}})
	}
	if err != nil {
		p.Error = err.Error()
		return p
	}
	if m := programVersion.FindSubmatch(res.Stdout); m != nil {
		p.Version = string(m[1])
	}
	return p
}

// notApplied is what a server says of a line that it cannot take over now: the
// value is wrong, or needs a restart.
const notApplied = "setting could not be applied"

// complaints adds what the server's program has against the files, which we do
// not read as closely. Of a running server it tells what is wrong from what needs
// a restart.
func (g *gatherer) complaints(ctx context.Context) {
	lines := g.out.Lines
	refused := func(l pg.ConfLine) bool { return l.Error == notApplied }
	if !lines.Known || g.out.Survey.Known && !slices.ContainsFunc(lines.Value, refused) {
		return
	}
	found, err := g.ConfErrors(ctx)
	if err != nil {
		return // the programs are a check of their own
	}
	if g.out.Survey.Known {
		if len(found) == 0 {
			for i := range lines.Value {
				if refused(lines.Value[i]) {
					lines.Value[i].Error = ""
				}
			}
		}
		return
	}
	for _, c := range found {
		told := false
		for i, l := range g.out.Lines.Value {
			if l.File == c.File && l.Line == c.Line {
				told = true
				if l.Error == "" {
					g.out.Lines.Value[i].Error = c.Error
				}
			}
		}
		if !told {
			g.out.Lines.Value = append(g.out.Lines.Value, c)
		}
	}
}
