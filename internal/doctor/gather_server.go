package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// serverTime is how long a server may take to answer, connectTime a connection
// to another host.
const (
	serverTime  = 5 * time.Second
	connectTime = 5 * time.Second
)

// gatherer looks at the server of this node.
type gatherer struct {
	*pg.Instance
	in  In
	db  Database
	out *Server
}

func gatherServer(ctx context.Context, in In) Server {
	var s Server
	if !in.Database.Known {
		s.User.Why = in.Database.Why
		return s
	}
	i, err := pg.Here(ctx, in.Database.Value.Settings)
	if err != nil {
		s.User.Why = literal(err.Error())
		return s
	}
	u := i.Settings().User
	if me := os.Geteuid(); me != 0 && me != int(u.UID) {
		s.User = Missing[pg.User](message.DRU006)
		return s
	}
	s.User = Found(u)
	g := gatherer{Instance: i, in: in, db: in.Database.Value, out: &s}
	g.files()
	g.programs(ctx)
	g.processes()
	g.survey(ctx)
	g.complaints(ctx)
	g.settings(ctx)
	g.rules()
	g.control()
	g.directories()
	g.password()
	s.Units = units(ctx, run.Local{})
	g.runtime()
	g.libraries()
	g.connections(ctx)
	return s
}

// data is a path in the data directory.
func (g *gatherer) data(name string) string { return filepath.Join(g.Settings().Data, name) }

// exists says whether something is there, as pgdba sees it.
func (g *gatherer) exists(path string) (bool, error) {
	err := pg.As(g.Settings().User, func() error { _, err := os.Stat(path); return err })
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// files reads the configuration files. On Debian that of a cluster which the
// definition does not name is read too: what is wrong is then one finding, and
// not that nothing is known.
func (g *gatherer) files() {
	s := g.out
	s.Release = fact(g.Version())
	s.RecoveryConf = fact(g.exists(g.data("recovery.conf")))
	s.StandbySignal = fact(g.exists(g.data("standby.signal")))
	set := g.Settings()
	s.Config.Path = set.Config
	s.Config.Exists, _ = g.exists(set.Config)
	s.Config.Debian = debianCluster(debianRoot(), set.Data)
	if d := s.Config.Debian; d != nil && !s.Config.Exists {
		s.Config.Path, set.Config = d.Config, d.Config
		g.Instance = pg.New(set, run.Local{})
	}
	s.Lines = fact(g.ReadConf())
	s.Written = fact(g.ReadRecovery())
}

func (g *gatherer) processes() {
	p, err := g.Processes()
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		g.out.Processes.Why, g.out.Running.Why = literal(err.Error()), literal(err.Error())
		return
	}
	alive := p.PIDFile != 0 && !errors.Is(syscall.Kill(p.PIDFile, 0), syscall.ESRCH)
	g.out.Processes = Found(Processes{p, alive})
	g.out.Running = Found(p.Postmaster != 0)
}

// survey asks the server, which has to be the one of the data directory.
func (g *gatherer) survey(ctx context.Context) {
	s := g.out
	if s.Running.Known && !s.Running.Value {
		s.Survey, s.Login = Missing[pg.Survey](message.DRU001), Missing[Login](message.DRU001)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, serverTime)
	defer cancel()
	session, err := g.Connect(ctx)
	if err != nil {
		s.Survey.Why = literal(err.Error())
		s.Login = Found(Login{Error: err.Error(), Refused: errors.Is(err, pg.ErrAuth)})
		return
	}
	defer session.Close()
	if pid := session.ServerPID(); pid != 0 && s.Processes.Known && pid != s.Processes.Value.Postmaster {
		s.Survey = Missing[pg.Survey](message.DRU009, "pid", pid)
		s.Login = Missing[Login](message.DRU009, "pid", pid)
		return
	}
	s.Login = Found(Login{})
	s.Survey = fact(session.Survey(ctx, g.db.Params.RepUser))
	if s.Survey.Known {
		s.Lines = Found(withIncludes(s.Survey.Value.Lines, s.Lines.Value))
	}
}

// withIncludes puts the include lines, which the server does not show, among
// its lines.
func withIncludes(server, read []pg.ConfLine) []pg.ConfLine {
	type place struct {
		file string
		line int
	}
	told := map[place]pg.ConfLine{}
	for _, l := range server {
		told[place{l.File, l.Line}] = l
	}
	var all []pg.ConfLine
	seen := map[place]bool{}
	for _, l := range read {
		at := place{l.File, l.Line}
		if t, ok := told[at]; ok && !l.Include() {
			l = t
		}
		seen[at] = true
		all = append(all, l)
	}
	for _, l := range server {
		if !seen[place{l.File, l.Line}] { // a file that we do not read as the server does
			all = append(all, l)
		}
	}
	return all
}

func (g *gatherer) control() {
	s := g.out
	c, err := g.Control()
	s.Control = fact(c, err)
	if err != nil {
		s.Ancestry.Why = s.Control.Why
	} else {
		t := max(c.Timeline, c.MinRecoveryTimeline)
		h, err := g.History(t)
		s.Ancestry = fact(h.Ancestry(t), err)
	}
	lock, exists, err := g.ReadLock()
	if err != nil && !exists {
		s.Lock.Why = literal(err.Error())
		return
	}
	s.Lock = Found(Lock{Path: g.LockFile(), Exists: exists, Timeline: lock.Timeline, Noted: len(lock.Covered) > 0})
}

// libraries lists what can be preloaded.
func (g *gatherer) libraries() {
	bin := filepath.Dir(g.out.Programs["postgres"].Path)
	var err error = fs.ErrNotExist
	for _, dir := range []string{"lib", "lib/postgresql", "lib64/pgsql", "lib64/postgresql"} {
		var entries []os.DirEntry
		dir = filepath.Join(filepath.Dir(bin), dir)
		if _, err = os.Stat(filepath.Join(dir, "plpgsql.so")); err != nil {
			continue
		}
		if entries, err = os.ReadDir(dir); err == nil {
			names := []string{}
			for _, e := range entries {
				names = append(names, strings.TrimSuffix(e.Name(), ".so"))
			}
			g.out.Libraries = Found(names)
			return
		}
	}
	g.out.Libraries.Why = literal("no library directory beside " + bin + ": " + err.Error())
}

// connections tries to open replication connections, to vip-rep where another
// node holds it, and to the peer.
func (g *gatherer) connections(ctx context.Context) {
	s := g.out
	s.Addresses = fact(conf.OwnPrefixes())
	if !g.in.Connect {
		return
	}
	targets := []netip.Addr{g.in.Lans.Peer}
	if !g.in.Own {
		targets[0] = g.in.Lans.Own
	}
	if vip, err := netip.ParseAddr(g.db.Params.MasterIP); err == nil {
		targets = append(targets, vip)
	}
	found := []Connection{}
	for _, to := range targets {
		if !to.IsValid() || isOwn(s.Addresses.Value, to) {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, connectTime)
		_, err := g.AskPeer(ctx, to.String(), g.db.Params.RepUser, g.db.Params.PrimaryConninfoOpt)
		cancel()
		c := Connection{To: to.String()}
		if err != nil {
			c.Error, c.Refused = g.db.Params.Redact(err.Error()), errors.Is(err, pg.ErrAuth)
		}
		found = append(found, c)
	}
	s.Connections = Found(found)
}

func isOwn(own []netip.Prefix, a netip.Addr) bool {
	for _, p := range own {
		if p.Addr() == a {
			return true
		}
	}
	return false
}
