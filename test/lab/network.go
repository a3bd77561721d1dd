package lab

import (
	"context"
	"fmt"
	"strings"
)

// buildNetwork makes the switch with a bridge per LAN, and the client. All
// interfaces are made inside the namespaces; none ever exists on the machine.
func buildNetwork(ctx context.Context) error {
	for _, ns := range []string{switchNS, clientNS} {
		if _, err := run(ctx, "ip", "netns", "add", ns); err != nil {
			return fmt.Errorf("cannot make network namespace %s: %w", ns, err)
		}
	}
	lines := []string{"link set lo up"}
	for _, lan := range LANs() {
		lines = append(lines,
			// Without an address of its own a bridge takes its lowest port's: with a
			// node coming or going the gateway would change its address.
			fmt.Sprintf("link add %s address %s type bridge forward_delay 0 mcast_snooping 0", lan, HostMAC(lan)),
			fmt.Sprintf("link set %s up", lan))
	}
	lines = append(lines,
		fmt.Sprintf("address add %s/24 dev %s", Gateway, SLAN),
		fmt.Sprintf("link add client-%s type veth peer name eth0 netns %s", SLAN, clientNS),
		fmt.Sprintf("link set client-%s master %s up", SLAN, SLAN))
	if err := ipBatch(ctx, switchNS, lines); err != nil {
		return err
	}
	return ipBatch(ctx, clientNS, []string{
		"link set lo up",
		fmt.Sprintf("address add %s/24 dev eth0", clientIP),
		"link set eth0 up",
	})
}

// plug makes the node's network namespace and joins it to the four LANs.
func (n *Node) plug(ctx context.Context) error {
	if _, err := run(ctx, "ip", "netns", "add", n.netns()); err != nil {
		return fmt.Errorf("cannot make network namespace of %s: %w", n.Name, err)
	}
	var ports []string
	inside := []string{"link set lo up"}
	for _, lan := range LANs() {
		ports = append(ports,
			fmt.Sprintf("link add %s type veth peer name %s address %s netns %s", n.port(lan), lan.Device(), n.mac(lan), n.netns()),
			fmt.Sprintf("link set %s master %s up", n.port(lan), lan))
		inside = append(inside,
			fmt.Sprintf("address add %s/24 dev %s", n.Address(lan), lan.Device()),
			fmt.Sprintf("link set %s up", lan.Device()))
	}
	inside = append(inside, fmt.Sprintf("route add default via %s", Gateway))
	if err := ipBatch(ctx, switchNS, ports); err != nil {
		return err
	}
	return ipBatch(ctx, n.netns(), inside)
}

// AddHost makes another host on a LAN that has an address: the switch itself,
// whose hardware address it is seen with. The gateway is one on the S-LAN.
func (l *Lab) AddHost(ctx context.Context, lan LAN, address string) error {
	return ipBatch(ctx, switchNS, []string{fmt.Sprintf("address replace %s/24 dev %s", address, lan)})
}

// RemoveHost takes away what AddHost has made.
func (l *Lab) RemoveHost(ctx context.Context, lan LAN, address string) error {
	return ipBatch(ctx, switchNS, []string{fmt.Sprintf("address del %s/24 dev %s", address, lan)})
}

// HostMAC is the hardware address of such a host.
func HostMAC(lan LAN) string { return fmt.Sprintf("02:00:5e:00:%02x:fe", lan.number()) }

// unplug takes the node off all LANs at once by removing its ports on the switch.
func (n *Node) unplug(ctx context.Context) error {
	var lines []string
	for _, lan := range LANs() {
		lines = append(lines, fmt.Sprintf("link set %s down", n.port(lan)))
	}
	return ipBatch(ctx, switchNS, lines)
}

func ipBatch(ctx context.Context, ns string, lines []string) error {
	_, err := runInput(ctx, strings.Join(lines, "\n")+"\n", "ip", "-n", ns, "-batch", "-")
	if err != nil {
		return fmt.Errorf("cannot set up network in %s: %w", ns, err)
	}
	return nil
}
