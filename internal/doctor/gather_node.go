package doctor

import (
	"context"
	"debug/elf"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/pg"
)

// Memory is what the kernel has for a server, in bytes.
type Memory struct {
	Total, CommitLimit int64
	// Overcommit is vm.overcommit_memory; with 2 no more than CommitLimit is given out.
	Overcommit int
	HugePages  int64 // all together
	SharedMax  int64 // kernel.shmmax
}

func (s seeker) memory() Fact[Memory] {
	text, err := os.ReadFile(s.root + "/proc/meminfo")
	if err != nil {
		return fact(Memory{}, err)
	}
	values := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		number, unit, _ := strings.Cut(strings.TrimSpace(value), " ")
		n, _ := strconv.ParseInt(number, 10, 64)
		if unit == "kB" {
			n <<= 10
		}
		values[name] = n
	}
	m := Memory{Total: values["MemTotal"], CommitLimit: values["CommitLimit"], HugePages: values["HugePages_Total"] * values["Hugepagesize"]}
	overcommit, err1 := s.sysctl("vm/overcommit_memory")
	m.SharedMax, err = s.sysctl("kernel/shmmax")
	if err1 != nil {
		err = err1
	}
	m.Overcommit = int(overcommit)
	return fact(m, err)
}

// sysctl is a number of the kernel's, the greatest for one that is greater.
func (s seeker) sysctl(name string) (int64, error) {
	text, err := os.ReadFile(s.root + "/proc/sys/" + name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return int64(min(n, 1<<62)), err
}

// logindDirs are where logind has its configuration beside its main file, what
// counts more last.
var logindDirs = []string{"/usr/lib/systemd/", "/usr/local/lib/systemd/", "/run/systemd/", "/etc/systemd/"}

// powerKey is what logind does when somebody presses the power key, or a BMC does so.
func (s seeker) powerKey() Fact[string] {
	action := "poweroff"
	read := func(path string) bool {
		text, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		if value, given := assignments(string(text))["HandlePowerKey"]; given {
			action = value
		}
		return true
	}
	main := false
	for _, dir := range slices.Backward(logindDirs) {
		if main = main || read(s.root+dir+"logind.conf"); main {
			break
		}
	}
	dropIns := map[string]string{} // by name: of one name the last directory counts
	for _, dir := range logindDirs {
		files, _ := filepath.Glob(s.root + dir + "logind.conf.d/*.conf")
		for _, f := range files {
			dropIns[filepath.Base(f)] = f
		}
	}
	for _, name := range slices.Sorted(maps.Keys(dropIns)) {
		read(dropIns[name])
	}
	if !main && len(dropIns) == 0 && !exists(s.root+"/run/systemd/system") {
		return Missing[string](message.DRU081)
	}
	return Found(action)
}

// Logs are where logs of Pacemaker go on a node.
type Logs struct {
	Dir File
	// Rotated says that logrotate knows the directory.
	Rotated bool
}

// pacemakerLogs is where Pacemaker and its agents write, unless told otherwise.
const pacemakerLogs = "/var/log/pacemaker"

func (s seeker) logs() Logs {
	l := Logs{Dir: s.file(pacemakerLogs)}
	files, _ := filepath.Glob(s.root + "/etc/logrotate.d/*")
	for _, f := range files {
		text, err := os.ReadFile(f)
		l.Rotated = l.Rotated || err == nil && strings.Contains(string(text), pacemakerLogs)
	}
	return l
}

// Libraries are those that decide on the order of texts.
type Libraries struct {
	C   string // release of the C library
	ICU string // name of the library, "" for a server without it
}

// locales are those that the databases of the server use.
func (s seeker) locales(ctx context.Context) Fact[[]string] {
	if !s.in.Database.Known {
		return Fact[[]string]{Why: s.in.Database.Why}
	}
	ctx, cancel := context.WithTimeout(ctx, perProgram)
	defer cancel()
	i, err := pg.Here(ctx, s.in.Database.Value.Settings)
	if err != nil {
		return fact([]string(nil), err)
	}
	session, err := i.Connect(ctx)
	if err != nil {
		return Missing[[]string](message.DRT089)
	}
	defer session.Close()
	return fact(session.Locales(ctx))
}

func (s seeker) libraries(ctx context.Context) Fact[Libraries] {
	server := s.in.Look.Libraries
	if server == "" {
		return Missing[Libraries](message.DRU089)
	}
	f, err := elf.Open(s.root + server)
	if err != nil {
		return fact(Libraries{}, err)
	}
	defer f.Close()
	needed, err := f.ImportedLibraries()
	if err != nil {
		return fact(Libraries{}, err)
	}
	var l Libraries
	for _, name := range needed {
		if strings.HasPrefix(name, "libicui18n") {
			l.ICU = name
		}
	}
	res, err := s.program(ctx, "getconf", "GNU_LIBC_VERSION")
	l.C = strings.TrimSpace(string(res.Stdout))
	return fact(l, err)
}
