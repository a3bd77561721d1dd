package doctor

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/review"
)

// Where agents are, of the Open Cluster Framework and of fencing.
const (
	ocfDir     = "/usr/lib/ocf/resource.d/"
	fenceDir   = "/usr/sbin/"
	stonithDir = "/usr/lib/stonith/plugins/"
)

// Files of Corosync, the same on every system.
const corosyncKey = "/etc/corosync/authkey"

// toolPrograms are those that the operation commands start, beside those of
// PostgreSQL, which are looked for in its own directory. Ours need neither
// rsync nor crmsh nor pcs.
var toolPrograms = []string{
	"crm_mon", "crm_resource", "crm_attribute", "crm_node", "crm_verify", "cibadmin", "corosync-cmapctl", "systemctl", "ping",
}

// serverPrograms are those of PostgreSQL that a standby is built with.
// pg_ctl is looked at with the release of the server.
var serverPrograms = []string{"pg_basebackup", "pg_controldata", "pg_rewind"}

// LookFor says what to look for on each node of a case.
func LookFor(c *Case) Look {
	l := Look{Places: []string{"/"}, Programs: toolPrograms, Port: 5432, SSH: SSH{User: "root", Port: 22}}
	if c.Conf.Known {
		conf := c.Conf.Value
		l.SSH = SSH{User: cmp.Or(conf.SSHUser, "root"), Port: cmp.Or(conf.SSHPort, l.SSH.Port), Identity: conf.SSHIdentityFile, KnownHosts: conf.SSHKnownHosts}
		l.Places = append(l.Places, given(conf.ArchiveDir)...)
	}
	if c.Cluster.Known {
		for _, n := range c.Cluster.Value.Nodes {
			l.Names = append(l.Names, n.Name)
		}
	}
	if c.Database.Known {
		l.ofDatabase(c.Database.Value)
	}
	if c.Definition.Known {
		l.ofDefinition(c.Definition.Value.Definition)
	}
	for _, list := range []*[]string{&l.Names, &l.Ping, &l.Devices, &l.Places, &l.Files, &l.Users} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return l
}

// given is a list of what is not empty.
func given(values ...string) []string {
	return slices.DeleteFunc(values, func(s string) bool { return s == "" })
}

func (l *Look) ofDatabase(d Database) {
	l.Names = append(l.Names, d.Params.NodeList...)
	l.Users = append(l.Users, given(d.Params.PgDBA)...)
	l.Places = append(l.Places, dataPlaces(d)...)
	l.Port = cmp.Or(d.Settings.Port, l.Port)
	l.Files = append(l.Files, agentPaths(d)...)
	if dir := binDir(d); dir != "" {
		l.Libraries = dir + "/postgres"
		for _, name := range serverPrograms {
			l.Files = append(l.Files, dir+"/"+name)
		}
	}
}

func (l *Look) ofDefinition(d definition.Definition) {
	for _, r := range d.Resources() {
		if file := agentProgram(r); file != "" {
			l.Files = append(l.Files, file)
		}
		if vip, ok := vipOf(r); ok {
			l.VIPs = append(l.VIPs, vip)
		}
	}
	if parts, ok := review.Find(d); ok {
		for _, m := range parts.Gateways {
			l.Ping = append(l.Ping, strings.Fields(m.Resource.Params["host_list"])...)
		}
		for _, m := range parts.Disks {
			l.Devices = append(l.Devices, devicesOf(m.Resource)...)
		}
	}
	l.Files = append(l.Files, d.Alerts()...)
}

// devicesOf are the disks that a resource checks.
func devicesOf(r definition.Resource) []string {
	return strings.Fields(cmp.Or(r.Params["drives"], r.Params["device"]))
}

func vipOf(r definition.Resource) (VIP, bool) {
	if r.Class != "ocf" || r.Type != "IPaddr2" && r.Type != "IPaddr" {
		return VIP{}, false
	}
	a, err := netip.ParseAddr(strings.TrimSpace(r.Params["ip"]))
	return VIP{Resource: r.ID, Address: a, Interface: r.Params["nic"], Bits: r.Params["cidr_netmask"]}, err == nil
}

// agentProgram is the program of a resource's agent, "" for what has none of its own.
func agentProgram(r definition.Resource) string {
	switch {
	case r.Kind != "primitive":
		return ""
	case r.Class == "ocf":
		return ocfDir + r.Provider + "/" + r.Type
	case r.Class == "stonith" && strings.HasPrefix(r.Type, "fence_"):
		return fenceDir + r.Type
	case r.Class == "stonith" && strings.HasPrefix(r.Type, "external/"):
		return stonithDir + r.Type
	}
	return ""
}

// agentPaths are what the agent needs beside its data directory and the
// programs of the server: each has to be there on both nodes.
func agentPaths(d Database) []string {
	var paths []string
	if d.Params.PgData != "" {
		paths = append(paths, filepath.Dir(strings.TrimRight(d.Params.PgData, "/")))
	}
	if config := d.Params.Config; config != "" && !strings.HasPrefix(config, d.Params.PgData+"/") {
		paths = append(paths, config)
	}
	if words := strings.Fields(d.Params.RestoreCommand); len(words) > 0 && strings.HasPrefix(words[0], "/") {
		paths = append(paths, words[0])
	}
	return paths
}

// binDir is where the programs of the server are, by pg_ctl, which may have
// options; "" when that is left to the PATH.
func binDir(d Database) string {
	program, _, _ := strings.Cut(d.Params.PgCtl, " -")
	if !filepath.IsAbs(program) {
		return ""
	}
	return filepath.Dir(program)
}

// parts are the parts of PG-REX in the definition, or the finding that there are none.
func (c *Case) parts() (review.Cluster, []Finding) {
	if missing := needs("", c.Definition); missing != nil {
		return review.Cluster{}, missing
	}
	parts, ok := review.Find(c.Definition.Value.Definition)
	if !ok {
		return review.Cluster{}, []Finding{notKnown("", say(message.DRU050))}
	}
	return parts, nil
}
