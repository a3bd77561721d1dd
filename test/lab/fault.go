package lab

import (
	"context"
	"fmt"
	"strings"
)

// CutKind is how a node loses a network.
type CutKind int

const (
	// LinkDown takes the carrier away on the switch: the node sees it.
	LinkDown CutKind = iota
	// Silent drops all packets of the interface inside the node: nothing tells
	// the node, and its own addresses still look healthy to it.
	Silent
	// Deaf drops what the node would receive and lets through what it sends;
	// Mute is the other way round.
	Deaf
	Mute
)

// Cut takes a node off a network.
func (l *Lab) Cut(ctx context.Context, lan LAN, n *Node, kind CutKind) error {
	if kind == LinkDown {
		return ipBatch(ctx, switchNS, []string{fmt.Sprintf("link set %s down", n.port(lan))})
	}
	_, err := runInput(ctx, dropRules(lan, kind), "ip", "netns", "exec", n.netns(), "nft", "-f", "-")
	if err != nil {
		return fmt.Errorf("cannot drop packets of %s on %s: %w", n.Name, lan, err)
	}
	return nil
}

// Heal undoes every kind of Cut; healing what is whole is no error.
func (l *Lab) Heal(ctx context.Context, lan LAN, n *Node) error {
	if err := ipBatch(ctx, switchNS, []string{fmt.Sprintf("link set %s up", n.port(lan))}); err != nil {
		return err
	}
	_, err := runInput(ctx, removeRules(lan), "ip", "netns", "exec", n.netns(), "nft", "-f", "-")
	if err != nil {
		return fmt.Errorf("cannot let packets of %s on %s through again: %w", n.Name, lan, err)
	}
	return nil
}

// HealAll heals every network of every node that runs.
func (l *Lab) HealAll(ctx context.Context) error {
	for _, n := range l.nodes {
		if !n.Running() {
			continue
		}
		for _, lan := range LANs() {
			if err := l.Heal(ctx, lan, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// ARP has a table of its own: the inet family does not see it, and a node that
// still answers ARP would keep a floating address that the peer has taken over.
// Neither sees what is sent on a packet socket, as IPaddr2 announces an address:
// the switch would believe a node that is cut off. Only the device's own table
// does (Linux 5.16).
func dropRules(lan LAN, kind CutKind) string {
	var chains []string
	if kind != Mute {
		chains = append(chains, fmt.Sprintf("chain in { type filter hook input priority -300; iifname %q drop; }", lan.Device()))
	}
	if kind != Deaf {
		chains = append(chains, fmt.Sprintf("chain out { type filter hook output priority -300; oifname %q drop; }", lan.Device()))
	}
	var b strings.Builder
	b.WriteString(removeRules(lan))
	for _, family := range []string{"inet", "arp"} {
		fmt.Fprintf(&b, "table %s %s {\n\t%s\n}\n", family, ruleTable(lan), strings.Join(chains, "\n\t"))
	}
	if kind != Deaf {
		fmt.Fprintf(&b, "table netdev %s {\n\tchain out { type filter hook egress device %q priority 0; policy drop; }\n}\n", ruleTable(lan), lan.Device())
	}
	return b.String()
}

// removeRules adds before it deletes, because nft refuses to delete what is not there.
func removeRules(lan LAN) string {
	var b strings.Builder
	for _, family := range []string{"inet", "arp", "netdev"} {
		fmt.Fprintf(&b, "add table %s %s\ndelete table %s %s\n", family, ruleTable(lan), family, ruleTable(lan))
	}
	return b.String()
}

func ruleTable(lan LAN) string { return "pgrex_" + strings.ReplaceAll(string(lan), "-", "_") }
