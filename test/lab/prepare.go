package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// secrets are the same on all nodes of a lab and made anew for each lab.
type secrets struct {
	authkey    string // for Corosync and Pacemaker
	hostKey    string // every sshd of the lab
	hostKeyPub string
	rootKey    string // root of every node to root of every node, as the operation tools need
	rootKeyPub string
}

func newSecrets(ctx context.Context) (secrets, error) {
	var key [128]byte
	rand.Read(key[:])
	s := secrets{authkey: string(key[:])}
	var err error
	if s.hostKey, s.hostKeyPub, err = newSSHKey(ctx, "pgrex-lab host"); err != nil {
		return s, err
	}
	s.rootKey, s.rootKeyPub, err = newSSHKey(ctx, "pgrex-lab root")
	return s, err
}

func newMachineID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:]) + "\n"
}

func newSSHKey(ctx context.Context, comment string) (private, public string, err error) {
	dir, err := os.MkdirTemp(Root, "key")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "key")
	if _, err := run(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file); err != nil {
		return "", "", fmt.Errorf("cannot make an ssh key: %w", err)
	}
	priv, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	pub, err := os.ReadFile(file + ".pub")
	return string(priv), string(pub), err
}

// hidden are folders of the base that a node sees empty: what the machine's
// administrator enabled, the machine's databases and clusters, and private files.
var hidden = []string{
	"/root", "/home", "/srv",
	"/etc/systemd/system", "/etc/network", "/etc/netplan", "/etc/cron.d",
	"/etc/rc0.d", "/etc/rc1.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d", "/etc/rc6.d", "/etc/rcS.d",
	"/etc/corosync", "/etc/pacemaker", "/etc/postgresql",
	"/var/lib/corosync", "/var/lib/pacemaker/cib", "/var/lib/pacemaker/pengine", "/var/lib/pcsd",
	"/var/lib/postgresql", "/var/lib/pgsql", "/dbfp",
	"/var/log/corosync", "/var/log/cluster", "/var/log/pacemaker", "/var/log/pcsd",
	"/var/log/postgresql", "/var/log/journal",
}

// masked are units of the distribution that want something a container lacks,
// or that cost time at boot and serve nobody here.
var masked = []string{
	"getty.target", "console-getty.service", "systemd-logind.service", "systemd-networkd.service",
	"systemd-resolved.service", "systemd-timesyncd.service", "systemd-update-utmp.service",
	"systemd-update-utmp-runlevel.service", "postgresql.service", "logd.service",
}

// prepare writes the node's disk for its first boot and mounts it.
func (l *Lab) prepare(n *Node, s secrets) error {
	d := disk{base: n.base, upper: n.upper()}
	for _, dir := range []string{n.upper(), n.work(), n.root()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	steps := []func() error{
		func() error { return d.system(l, n, s) },
		func() error { return d.ssh(l, n, s) },
		func() error { return d.pam() },
		func() error { return d.cluster(l, s) },
		func() error { return d.database(l, n) },
		func() error { return d.agent(l) },
		func() error { return d.fencing(l) },
		n.mountDisk,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("cannot prepare the disk of %s: %w", n.Name, err)
		}
	}
	return nil
}

func (d disk) system(l *Lab, n *Node, s secrets) error {
	for _, dir := range hidden {
		if _, err := os.Stat(d.base.in(dir)); err != nil {
			continue
		}
		if err := d.hide(dir); err != nil {
			return err
		}
	}
	// A node boots what is linked here and nothing else.
	const units = "/etc/systemd/system/"
	for _, unit := range masked {
		if err := d.link(units+unit, "/dev/null"); err != nil {
			return err
		}
	}
	if err := d.link(units+"default.target", "/lib/systemd/system/multi-user.target"); err != nil {
		return err
	}
	if err := d.link(units+"multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service"); err != nil {
		return err
	}
	if l.state.Variant.Refuses {
		if err := d.file("/etc/nftables.conf", refusal, 0o644, "root"); err != nil {
			return err
		}
		if err := d.link(units+"sysinit.target.wants/nftables.service", "/lib/systemd/system/nftables.service"); err != nil {
			return err
		}
	}
	// The logs of all nodes are compared with each other and with the clients' clocks.
	if err := d.link("/etc/localtime", "/usr/share/zoneinfo/Etc/UTC"); err != nil {
		return err
	}
	id := newMachineID()
	for path, content := range map[string]string{
		"/etc/hostname":            n.Name + "\n",
		"/etc/hosts":               l.hosts(),
		"/etc/machine-id":          id,
		"/var/lib/dbus/machine-id": id,
		"/etc/fstab":               "",
		"/etc/resolv.conf":         "",
	} {
		if err := d.file(path, content, 0o644, "root"); err != nil {
			return err
		}
	}
	return d.ownDir("/var/log/journal", 0o755, "root") // keeps the journal over a power loss
}

func (l *Lab) hosts() string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	for _, n := range l.nodes {
		fmt.Fprintf(&b, "%s %s\n", n.Address(SLAN), n.Name)
	}
	return b.String()
}

func (d disk) ssh(l *Lab, n *Node, s secrets) error {
	files := []struct {
		path, content string
		mode          os.FileMode
	}{
		{"/etc/ssh/pgrex_lab_host_key", s.hostKey, 0o600},
		{"/etc/ssh/sshd_config.d/pgrex-lab.conf", "HostKey /etc/ssh/pgrex_lab_host_key\nPermitRootLogin prohibit-password\nUseDNS no\n", 0o644},
		{"/etc/ssh/ssh_known_hosts", l.knownHosts(s.hostKeyPub), 0o644},
		{"/root/.ssh/id_ed25519", s.rootKey, 0o600},
		{"/root/.ssh/authorized_keys", s.rootKeyPub, 0o600},
		{"/root/.bashrc", bashrc, 0o644},
		{"/root/.profile", ". ~/.bashrc\n", 0o644},
	}
	if err := d.ownDir("/root/.ssh", 0o700, "root"); err != nil {
		return err
	}
	for _, f := range files {
		if err := d.file(f.path, f.content, f.mode, "root"); err != nil {
			return err
		}
	}
	return nil
}

const bashrc = `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PS1='[\u@\h \W]# '
`

// knownHosts lets the nodes reach each other by every name and address without a question.
func (l *Lab) knownHosts(hostKey string) string {
	var names []string
	for _, n := range l.nodes {
		names = append(names, n.Name)
		for _, lan := range LANs() {
			names = append(names, n.Address(lan))
		}
	}
	names = append(names, VIPMaster, VIPSlave, VIPRep)
	return strings.Join(names, ",") + " " + hostKey
}

// pam takes pam_systemd out: in such a container it makes su wait more than a
// minute for a user manager that does not come.
func (d disk) pam() error {
	files, err := os.ReadDir(d.base.in("/etc/pam.d"))
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join("/etc/pam.d", f.Name())
		content, err := os.ReadFile(d.base.in(path))
		if err != nil {
			return err
		}
		if !strings.Contains(string(content), "pam_systemd") {
			continue
		}
		var kept []string
		for line := range strings.Lines(string(content)) {
			if !strings.Contains(line, "pam_systemd") {
				kept = append(kept, line)
			}
		}
		if err := d.file(path, strings.Join(kept, ""), 0o644, "root"); err != nil {
			return err
		}
	}
	return nil
}

func (d disk) cluster(l *Lab, s secrets) error {
	if err := d.file("/etc/corosync/corosync.conf", corosyncConf(l.nodes, l.state.Variant.Token), 0o644, "root"); err != nil {
		return err
	}
	if err := d.file("/etc/corosync/authkey", s.authkey, 0o400, "root"); err != nil {
		return err
	}
	// hacluster's own group is haclient, as Pacemaker wants it.
	if err := d.ownDir("/etc/pacemaker", 0o750, "hacluster"); err != nil {
		return err
	}
	if err := d.file("/etc/pacemaker/authkey", s.authkey, 0o640, "hacluster"); err != nil {
		return err
	}
	crm, err := l.definition().CRM()
	if err != nil {
		return err
	}
	return d.file("/root/pgrex.crm", crm, 0o644, "root")
}

// database makes the folders of the manual and the password file, which names
// every other node's D-LAN address and vip-rep.
func (d disk) database(l *Lab, n *Node) error {
	if err := d.ownDir("/dbfp", 0o755, "root"); err != nil {
		return err
	}
	// The data folder and the WAL folder are made by initdb and pg_basebackup.
	for _, dir := range []string{
		filepath.Dir(PGData), filepath.Dir(PGWal), filepath.Dir(PGArchive), PGArchive, AgentTmp,
	} {
		if err := d.ownDir(dir, 0o700, postgresMe); err != nil {
			return err
		}
	}
	pgpass := fmt.Sprintf("%s:%d:replication:%s:%s\n", VIPRep, PGPort, replicationUser, replicationPassword)
	for _, peer := range l.nodes {
		if peer != n {
			pgpass += fmt.Sprintf("%s:%d:replication:%s:%s\n", peer.Address(DLAN), PGPort, replicationUser, replicationPassword)
		}
	}
	if l.state.Variant.PAF {
		if err := d.file(pafSettings, l.pafConf(n), 0o644, postgresMe); err != nil {
			return err
		}
	}
	return d.file("/var/lib/postgresql/.pgpass", pgpass, 0o600, postgresMe)
}

// agentDirs are the providers under which the product's agent is installed:
// the name of the tutorial's time, and the one of PG-REX 12 and later.
var agentDirs = []string{"linuxhajapan", "linuxhajp"}

const shellFunctions = "/usr/lib/ocf/lib/heartbeat/ocf-shellfuncs"

func (d disk) agent(l *Lab) error {
	if l.state.Agent == "" {
		if l.mended == "" {
			return nil
		}
		return d.file(shellFunctions, l.mended, 0o644, "root")
	}
	binary, err := os.ReadFile(l.state.Agent)
	if err != nil {
		return fmt.Errorf("cannot read the agent: %w", err)
	}
	for _, provider := range agentDirs {
		if err := d.file("/usr/lib/ocf/resource.d/"+provider+"/pgsql", string(binary), 0o755, "root"); err != nil {
			return err
		}
	}
	return nil
}

// fencing puts the fence agent in place.
func (d disk) fencing(l *Lab) error {
	if l.state.Power == "" {
		return nil
	}
	binary, err := os.ReadFile(l.state.Power)
	if err != nil {
		return fmt.Errorf("cannot read the program that switches the power: %w", err)
	}
	if err := d.file("/usr/sbin/"+FenceAgent, string(binary), 0o755, "root"); err != nil {
		return err
	}
	for _, name := range fenceNames[1:] {
		if err := d.link("/usr/sbin/"+name, FenceAgent); err != nil {
			return err
		}
	}
	return d.ownDir(powerFolder, 0o755, "root")
}

// mendedShellFunctions is the shell agent's library with one correction; empty
// if it needs none. Version 4.12 of resource-agents (Debian 12) calls
// crm_attribute -p without the resource's name, which Pacemaker 2.1.5 answers
// with an error, and the agent then tries for a day. Versions from 4.13 on name it.
func (b base) mendedShellFunctions() (string, error) {
	content, err := os.ReadFile(b.in(shellFunctions))
	if err != nil {
		return "", err
	}
	const wrong, right = "crm_attribute -p $@", "crm_attribute -p ${OCF_RESOURCE_INSTANCE} $@"
	if !strings.Contains(string(content), wrong) {
		return "", nil
	}
	return strings.ReplaceAll(string(content), wrong, right), nil
}
