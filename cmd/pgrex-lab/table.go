package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	layout "pgrex/internal/message"
	"pgrex/test/lab"
)

// align prints rows with their columns below each other.
func (a *app) align(rows [][]string) {
	for _, line := range layout.Align(rows) {
		fmt.Fprintln(a.out, line)
	}
}

// table shows a status as lines: one per node, one per failed action.
func (a *app) table(s lab.Status) []string {
	rows := [][]string{{
		a.say(msgColNode), a.say(msgColPower), a.say(msgColCluster), a.say(msgColRole), "pgsql-status",
		a.say(msgColData), a.say(msgColScore), a.say(msgColLock), a.say(msgColVIP),
	}}
	for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
		rows = append(rows, a.row(s, name))
	}
	lines := layout.Align(rows)
	for _, f := range s.Failed {
		lines = append(lines, a.say(msgFailedAction, f.Operation, f.Node, f.Status, f.Reason))
	}
	return lines
}

func (a *app) row(s lab.Status, name string) []string {
	n := s.Nodes[name]
	power, online, lock := a.say(msgOff), a.say(msgOffline), "-"
	if n.PoweredOn {
		power = a.say(msgOn)
	}
	if n.Online {
		online = a.say(msgOnline)
	}
	if n.Locked {
		lock = a.say(msgYes)
	}
	var vips []string
	for _, vip := range slices.Sorted(maps.Keys(s.VIPs)) {
		if s.VIPs[vip] == name {
			vips = append(vips, vip)
		}
	}
	return []string{
		name, power, online, string(n.Role), orDash(n.Attributes["pgsql-status"]),
		orDash(n.Attributes["pgsql-data-status"]), orDash(n.Attributes["master-pgsql"]), lock, orDash(strings.Join(vips, " ")),
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
