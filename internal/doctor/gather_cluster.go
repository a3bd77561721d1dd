package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgrex/internal/conf"
	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/run"
)

// Corosync is what a node has of it.
type Corosync struct {
	Running bool
	Version string // "3.1.7", "" when it is not known
	Conf    Fact[CorosyncConf]
	Key     File
	// Links and Quorum are known while it runs.
	Links  Fact[[]Link]
	Quorum Fact[Quorum]
	// Token and Consensus are those in force while it runs, else those of the
	// file; 0 for what it leaves out.
	Token, Consensus time.Duration
}

// CorosyncConf is corosync.conf.
type CorosyncConf struct {
	Sum string
	// Settings are its settings by the names of their sections,
	// "totem/token"; of those in several the last counts.
	Settings map[string]string
	Rings    []conf.CorosyncNode
}

// Link is a link of Corosync to the other nodes.
type Link struct {
	ID, Address string
	Down        []string // what it says of what is wrong
}

// Quorum is what Corosync says of it.
type Quorum struct {
	Quorate      bool
	Nodes, Votes int // in this partition
	Expected     int // votes
}

func (s seeker) corosync(ctx context.Context) Corosync {
	c := Corosync{Version: s.version(ctx, "corosync", "-v"), Key: s.file(corosyncKey), Conf: s.corosyncConf()}
	c.Token, c.Consensus = milliseconds(c.Conf.Value.Settings["totem/token"]), milliseconds(c.Conf.Value.Settings["totem/consensus"])
	stack, err := node.Stack.On(ctx, node.Local{}, struct{}{})
	c.Running = slices.ContainsFunc(stack, func(p node.Process) bool { return p.Name == "corosync" })
	if !c.Running {
		c.Links, c.Quorum = Missing[[]Link](message.DRU069), Missing[Quorum](message.DRU069)
		if err != nil {
			c.Links, c.Quorum = fact([]Link(nil), err), fact(Quorum{}, err)
		}
		return c
	}
	// The exit statuses say how it is, and differ between releases.
	links, _ := s.program(ctx, "corosync-cfgtool", "-s")
	c.Links = parseLinks(string(links.Stdout))
	quorum, _ := s.program(ctx, "corosync-quorumtool", "-s")
	c.Quorum = parseQuorum(string(quorum.Stdout))
	for key, value := range map[string]*time.Duration{"token": &c.Token, "consensus": &c.Consensus} {
		res, err := s.program(ctx, "corosync-cmapctl", "-g", "runtime.config.totem."+key)
		if _, text, found := strings.Cut(string(res.Stdout), "="); err == nil && found {
			*value = milliseconds(text)
		}
	}
	return c
}

// CorosyncLinks are the links of this node's Corosync, as far as it says.
func CorosyncLinks(ctx context.Context, r run.Runner) []Link {
	ctx, cancel := context.WithTimeout(ctx, perProgram)
	defer cancel()
	// Its exit status says how they are, and differs between releases.
	res, _ := r.Run(ctx, run.Command{Argv: []string{"corosync-cfgtool", "-s"}})
	return parseLinks(string(res.Stdout)).Value
}

// version is the first that a program says of itself.
func (s seeker) version(ctx context.Context, argv ...string) string {
	res, err := s.program(ctx, argv...)
	if err != nil {
		return ""
	}
	return regexp.MustCompile(`\d+(?:\.\d+)+`).FindString(string(res.Stdout))
}

func milliseconds(text string) time.Duration {
	n, _ := strconv.Atoi(strings.TrimSpace(text))
	return time.Duration(n) * time.Millisecond
}

func (s seeker) corosyncConf() Fact[CorosyncConf] {
	path := s.root + conf.CorosyncPath
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Missing[CorosyncConf](message.DRU082, "path", conf.CorosyncPath)
	}
	if err != nil {
		return fact(CorosyncConf{}, err)
	}
	return Found(CorosyncConf{Sum: sum(path), Settings: corosyncSettings(string(text)), Rings: conf.CorosyncRings(text).Nodes})
}

// corosyncSettings reads a file of sections in braces with "key: value" lines.
func corosyncSettings(text string) map[string]string {
	settings := map[string]string{}
	var in []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		section, _, opens := strings.Cut(line, "{")
		key, value, pair := strings.Cut(line, ":")
		switch {
		case line == "" || line[0] == '#':
		case opens:
			in = append(in, strings.TrimSpace(section))
		case line[0] == '}':
			in = in[:max(0, len(in)-1)]
		case pair:
			settings[strings.Join(append(in, strings.TrimSpace(key)), "/")] = strings.TrimSpace(value)
		}
	}
	return settings
}

var linkBegins = regexp.MustCompile(`^(?:LINK|RING) ID (\d+)`)

// parseLinks reads corosync-cfgtool -s: of Corosync 2 "status = ring 0 active
// with no faults", of 3.0 "link connected:0" and of newer ones "disconnected",
// a line for each node.
func parseLinks(text string) Fact[[]Link] {
	var links []Link
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := linkBegins.FindStringSubmatch(line); m != nil {
			links = append(links, Link{ID: m[1]})
			continue
		}
		if len(links) == 0 {
			continue
		}
		l := &links[len(links)-1]
		key, value, _ := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case key == "addr" || key == "id":
			l.Address = value
		case key == "status" && value != "" && strings.Contains(value, "FAULTY"),
			strings.Contains(line, "disconnected"), strings.Contains(line, "connected:0"):
			l.Down = append(l.Down, strings.Join(strings.Fields(line), " "))
		}
	}
	if len(links) == 0 {
		return Missing[[]Link](message.DRT069, "program", "corosync-cfgtool -s")
	}
	return Found(links)
}

// parseQuorum reads corosync-quorumtool -s.
func parseQuorum(text string) Fact[Quorum] {
	var q Quorum
	seen := false
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		n, _ := strconv.Atoi(value)
		switch strings.TrimSpace(key) {
		case "Quorate":
			q.Quorate, seen = value == "Yes", true
		case "Nodes":
			q.Nodes = n
		case "Expected votes":
			q.Expected = n
		case "Total votes":
			q.Votes = n
		}
	}
	if !seen {
		return Missing[Quorum](message.DRT069, "program", "corosync-quorumtool -s")
	}
	return Found(q)
}

// PacemakerSetup is how Pacemaker is set up on a node.
type PacemakerSetup struct {
	Version string // of the installed one, "2.1.5", "" when it is not known
	// File is where its environment is, Environment what is in it.
	File        string
	Environment Fact[map[string]string]
	Watchdog    Watchdog
}

// Watchdog is that of sbd.
type Watchdog struct {
	Device  string
	Present bool
}

// environmentDirs are where services have their environment: the RHEL family,
// the Debian family.
var environmentDirs = []string{"/etc/sysconfig/", "/etc/default/"}

func (s seeker) pacemakerSetup(ctx context.Context) PacemakerSetup {
	p := PacemakerSetup{Version: s.version(ctx, "pacemakerd", "--version")}
	p.File, p.Environment = s.environment("pacemaker")
	_, sbd := s.environment("sbd")
	w := Watchdog{Device: "/dev/watchdog"}
	if device := sbd.Value["SBD_WATCHDOG_DEV"]; device != "" {
		w.Device = device
	}
	st, err := os.Stat(s.root + w.Device)
	w.Present = err == nil && st.Mode()&os.ModeCharDevice != 0
	p.Watchdog = w
	return p
}

// environment reads the environment that a service is started with.
func (s seeker) environment(service string) (file string, values Fact[map[string]string]) {
	for _, dir := range environmentDirs {
		text, err := os.ReadFile(s.root + dir + service)
		if err == nil {
			return dir + service, Found(assignments(string(text)))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return dir + service, fact(map[string]string(nil), err)
		}
	}
	file = environmentDirs[0] + service
	if exists(s.root + "/etc/debian_version") {
		file = environmentDirs[1] + service
	}
	return file, Found(map[string]string{})
}

// assignments reads NAME=VALUE lines as systemd and shells do; the last one of
// a name counts.
func assignments(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export "))
		name, value, pair := strings.Cut(line, "=")
		if !pair || strings.HasPrefix(line, "#") {
			continue
		}
		value, _, _ = strings.Cut(value, " #")
		values[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(value), `"'`)
	}
	return values
}
