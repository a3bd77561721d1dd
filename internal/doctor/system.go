package doctor

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"pgrex/internal/run"
)

// System are the facts about a node beside its PostgreSQL. Maps are by what was
// asked for in [Look].
type System struct {
	Host       Host
	Interfaces Fact[[]Interface]
	Resolved   map[string]Fact[[]netip.Addr] // names of nodes
	Pinged     map[string]Fact[bool]         // whether hosts answer
	Answering  map[string]Fact[[]string]     // hardware addresses of others that have an address
	Connected  map[int]Fact[Reach]           // to ports of the other node
	Listening  Fact[[]netip.AddrPort]
	Login      Fact[string] // at the other node without a question: what is against it, "" for nothing

	Devices map[string]Device // by name
	Places  map[string]Fact[Place]
	Files   map[string]File
	Users   map[string]bool
	// Programs are those that are found in the PATH of the tools.
	Programs map[string]bool

	Corosync  Corosync
	Units     map[string]Fact[string] // the states of units at boot: enabled, disabled, ...
	Pacemaker PacemakerSetup
	PowerKey  Fact[string] // what logind does on it
	Clocks    []string     // programs that keep the clock right
	Memory    Fact[Memory]
	Logs      Logs
	Libraries Fact[Libraries]
	Locales   Fact[[]string] // that databases sort by
}

// Host is what the kernel says of a node.
type Host struct {
	Name, Machine string
	PageSize      int
	Container     bool // the machine around it keeps the clock and has the power key
}

// Interface is a network interface.
type Interface struct {
	Name, Hardware string
	Prefixes       []netip.Prefix
}

// Reach is how a try to connect has ended.
type Reach struct{ Refused, TimedOut bool }

// Ok says that the connection came about.
func (r Reach) Ok() bool { return !r.Refused && !r.TimedOut }

// Look says what to look for on a node, for [Gather].
type Look struct {
	Names     []string // of nodes
	Ping      []string // addresses or names
	VIPs      []VIP
	Devices   []string // disks
	Places    []string // directories whose disks are asked for
	Files     []string
	Users     []string
	Programs  []string // that have to be in the PATH
	Port      int      // of PostgreSQL
	SSH       SSH
	Libraries string // program whose libraries are asked for
}

// VIP is an address that the cluster moves.
type VIP struct {
	Resource  string
	Address   netip.Addr
	Interface string // "" leaves it to the agent
	Bits      string // of the mask, "" leaves it to the agent
}

// SSH is how the tools log in at the other node.
type SSH struct {
	User, Identity, KnownHosts string
	Port                       int
}

// seeker gathers the facts about a node.
type seeker struct {
	in   In
	run  run.Runner
	root string // "" but in tests: where the file system begins
	path []string
}

func gatherSystem(ctx context.Context, in In) System {
	s := seeker{in: in, run: run.Local{}, path: programDirs()}
	return s.gather(ctx)
}

// perProgram is how long one program may take.
const perProgram = 8 * time.Second

func (s seeker) gather(ctx context.Context) System {
	look := s.in.Look
	f := System{
		Host: s.host(), Interfaces: interfaces(), Listening: s.listening(),
		Devices: map[string]Device{}, Places: map[string]Fact[Place]{},
		Files: map[string]File{}, Users: map[string]bool{}, Programs: map[string]bool{},
		Pacemaker: s.pacemakerSetup(ctx), PowerKey: s.powerKey(), Clocks: s.clockPrograms(), Memory: s.memory(), Logs: s.logs(),
		Corosync: s.corosync(ctx), Libraries: s.libraries(ctx), Locales: s.locales(ctx),
	}
	s.probe(ctx, &f)
	for _, name := range look.Devices {
		f.Devices[name] = s.device(name)
	}
	for _, path := range look.Places {
		f.Places[path] = s.place(path)
	}
	for _, path := range look.Files {
		f.Files[path] = s.file(path)
	}
	for _, name := range look.Users {
		f.Users[name] = userExists(name)
	}
	for _, name := range look.Programs {
		f.Programs[name] = s.find(name) != ""
	}
	f.Units = s.units(ctx, "corosync", "pacemaker", "sbd")
	return f
}

// probe asks others over the network, all at the same time: each waits for an
// answer that may never come.
func (s seeker) probe(ctx context.Context, f *System) {
	look := s.in.Look
	f.Resolved, f.Pinged = map[string]Fact[[]netip.Addr]{}, map[string]Fact[bool]{}
	f.Answering, f.Connected = map[string]Fact[[]string]{}, map[int]Fact[Reach]{}
	var mu sync.Mutex
	var all sync.WaitGroup
	start := func(do func() func()) {
		all.Add(1)
		go func() {
			defer all.Done()
			keep := do()
			mu.Lock()
			defer mu.Unlock()
			keep()
		}()
	}
	other, known := s.other(f.Interfaces.Value)
	hosts := look.Ping
	if known {
		hosts = append([]string{other.String()}, hosts...)
		for _, port := range []int{look.SSH.Port, look.Port, pcsdPort} {
			start(func() func() {
				c := connection(ctx, netip.AddrPortFrom(other, uint16(port)))
				return func() { f.Connected[port] = c }
			})
		}
		start(func() func() {
			l := s.login(ctx, other)
			return func() { f.Login = l }
		})
	}
	for _, name := range look.Names {
		start(func() func() {
			r := resolve(ctx, name)
			return func() { f.Resolved[name] = r }
		})
	}
	for _, host := range hosts {
		start(func() func() {
			p := s.ping(ctx, host)
			return func() { f.Pinged[host] = p }
		})
	}
	for _, vip := range look.VIPs {
		start(func() func() {
			a := s.answering(ctx, vip, f.Interfaces.Value)
			return func() { f.Answering[vip.Address.String()] = a }
		})
	}
	all.Wait()
}
