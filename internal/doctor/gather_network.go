package doctor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/message"
	"pgrex/internal/run"
)

// pcsdPort is where pcsd listens.
const pcsdPort = 2224

func interfaces() Fact[[]Interface] {
	list, err := net.Interfaces()
	if err != nil {
		return fact([]Interface(nil), err)
	}
	var all []Interface
	for _, i := range list {
		one := Interface{Name: i.Name, Hardware: i.HardwareAddr.String()}
		addresses, err := i.Addrs()
		if err != nil {
			return fact([]Interface(nil), err)
		}
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				one.Prefixes = append(one.Prefixes, p)
			}
		}
		all = append(all, one)
	}
	return Found(all)
}

// holder is the interface that has an address, "" for none.
func holder(list []Interface, a netip.Addr) string {
	for _, i := range list {
		for _, p := range i.Prefixes {
			if p.Addr() == a {
				return i.Name
			}
		}
	}
	return ""
}

// inNetwork is the interface that has an address in the network of another one.
func inNetwork(list []Interface, a netip.Addr) string {
	for _, i := range list {
		for _, p := range i.Prefixes {
			if p.Contains(a) {
				return i.Name
			}
		}
	}
	return ""
}

// other is the D-LAN address of the other node, as this one sees it.
func (s seeker) other(own []Interface) (netip.Addr, bool) {
	a, b := s.in.Lans.Own, s.in.Lans.Peer
	switch {
	case !a.IsValid() || !b.IsValid():
		return netip.Addr{}, false
	case holder(own, a) != "":
		return b, true
	case holder(own, b) != "":
		return a, true
	}
	return netip.Addr{}, false
}

func resolve(ctx context.Context, name string) Fact[[]netip.Addr] {
	ctx, cancel := context.WithTimeout(ctx, perProgram)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) && unknown.IsNotFound {
		return Found([]netip.Addr{})
	}
	for i := range list {
		list[i] = list[i].Unmap()
	}
	return fact(list, err)
}

// ping says whether a host answers. It does not when there is no way to it
// either.
func (s seeker) ping(ctx context.Context, host string) Fact[bool] {
	_, err := s.program(ctx, "ping", "-n", "-q", "-c", "2", "-i", "0.5", "-W", "2", "--", host)
	if _, ended := run.Status(err); ended {
		return Found(false)
	}
	return fact(true, err)
}

var hardware = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b`)

// answering asks the network who has an address, without taking one oneself.
func (s seeker) answering(ctx context.Context, vip VIP, own []Interface) Fact[[]string] {
	name := vip.Interface
	if name == "" {
		name = inNetwork(own, vip.Address)
	}
	switch {
	case !slices.ContainsFunc(own, func(i Interface) bool { return i.Name == name }):
		return Missing[[]string](message.DRU058, "nic", name)
	case !vip.Address.Is4():
		return Missing[[]string](message.DRT059)
	case s.find("arping") == "":
		return s.neighbour(ctx, vip.Address, name, own)
	}
	res, err := s.program(ctx, "arping", "-D", "-c", "2", "-w", "3", "-I", name, vip.Address.String())
	if status, ended := run.Status(err); err != nil && (!ended || status != 1) {
		return fact([]string(nil), err)
	}
	list := []string{}
	for _, h := range hardware.FindAllString(string(res.Stdout), -1) {
		if h = strings.ToLower(h); h != "ff:ff:ff:ff:ff:ff" {
			list = append(list, h)
		}
	}
	slices.Sort(list)
	return Found(slices.Compact(list))
}

// neighbour lets the kernel ask who has an address, by a ping to it. It sees one
// answer, and asks nobody for an address of its own.
func (s seeker) neighbour(ctx context.Context, a netip.Addr, nic string, own []Interface) Fact[[]string] {
	if holder(own, a) != "" {
		return Found([]string{})
	}
	if p := s.ping(ctx, a.String()); !p.Known {
		return Missing[[]string](message.DRU059)
	}
	text, err := os.ReadFile(s.root + "/proc/net/arp")
	if err != nil {
		return fact([]string(nil), err)
	}
	list := []string{}
	for line := range strings.Lines(string(text)) {
		const complete = 2 // among the flags
		f := strings.Fields(line)
		if len(f) < 6 || f[0] != a.String() || f[5] != nic {
			continue
		}
		if flags, err := strconv.ParseUint(f[2], 0, 32); err == nil && flags&complete != 0 {
			list = append(list, strings.ToLower(f[3]))
		}
	}
	return Found(list)
}

// connection tries to connect, and says nothing when it has.
func connection(ctx context.Context, to netip.AddrPort) Fact[Reach] {
	d := net.Dialer{Timeout: 3 * time.Second}
	c, err := d.DialContext(ctx, "tcp", to.String())
	switch timeout := net.Error(nil); {
	case err == nil:
		return fact(Reach{}, c.Close())
	case errors.Is(err, unix.ECONNREFUSED):
		return Found(Reach{Refused: true})
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.ENETUNREACH):
		return Found(Reach{TimedOut: true})
	default:
		return fact(Reach{}, err)
	}
}

// listening are the addresses that programs wait for TCP connections at.
func (s seeker) listening() Fact[[]netip.AddrPort] {
	var list []netip.AddrPort
	for _, name := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(s.root + "/proc/net/" + name)
		if err != nil && name == "tcp" {
			return fact(list, err)
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 3 && f[3] == "0A" {
				if a, ok := socketAddress(f[1]); ok {
					list = append(list, a)
				}
			}
		}
	}
	return Found(list)
}

// socketAddress reads "0100007F:1538": words of four bytes in the order of the
// machine, and a port.
func socketAddress(text string) (netip.AddrPort, bool) {
	address, port, _ := strings.Cut(text, ":")
	bytes, err1 := hex.DecodeString(address)
	number, err2 := strconv.ParseUint(port, 16, 16)
	if err1 != nil || err2 != nil || len(bytes)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(bytes); i += 4 {
		slices.Reverse(bytes[i : i+4])
	}
	a, ok := netip.AddrFromSlice(bytes)
	return netip.AddrPortFrom(a.Unmap(), uint16(number)), ok
}

// login logs in at the other node as the tools do, without an answer to any
// question and without noting its host key.
func (s seeker) login(ctx context.Context, other netip.Addr) Fact[string] {
	if s.find("ssh") == "" {
		return Missing[string](message.DRU085)
	}
	how := s.in.Look.SSH
	argv := []string{"ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no",
		"-o", "ConnectTimeout=5", "-p", strconv.Itoa(how.Port)}
	if how.Identity != "" {
		argv = append(argv, "-i", how.Identity)
	}
	if how.KnownHosts != "" {
		argv = append(argv, "-o", "UserKnownHostsFile="+how.KnownHosts)
	}
	_, err := s.program(ctx, append(argv, "--", fmt.Sprintf("%s@%s", how.User, other), "true")...)
	const ownFailure = 255
	if status, ended := run.Status(err); ended && status != ownFailure {
		return Found("")
	}
	if exit := (*run.ExitError)(nil); errors.As(err, &exit) {
		return Found(lastLine(exit.Stderr))
	}
	return fact("", err)
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
