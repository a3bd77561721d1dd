//go:build long

package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgrex/test/lab"
)

// Faults that take longer to make and to repair than a run at every change has
// time for: make tools runs them.
//
// Conformance: AT-021, AT-027, AT-038, AT-040, AT-044, AT-067, AT-110, AT-111, AT-118, AT-124 (lab)
func TestRareFaults(t *testing.T) {
	t.Run("LANs", lansCut)
	t.Run("both nodes lost", bothLost)
	t.Run("disk full", diskFull)
	t.Run("server does not start", startFails)
	t.Run("archive", archiveDeleted)
	t.Run("definition rejected", definitionRejected)
	t.Run("new vocabulary", newVocabulary) // the last two leave another cluster
	t.Run("fencing history", fencingHistory)
}

// lansCut: without the D-LAN the commands use the IC-LAN; without any LAN they
// say so in time and change nothing.
func lansCut(t *testing.T) {
	ctx, primary, standby := normal(t)
	const limit = 2 * time.Second
	configured(t, configuration+"SSH_CONNECT_TIMEOUT = 2\n")
	t.Cleanup(func() { must(t, shared.HealAll(context.Background())) })
	typed(t, ctx, standby, english, 0, "pg-rex_stop")
	before := control(t, standby)

	must(t, shared.Cut(ctx, lab.DLAN, standby, lab.Silent))
	screen := typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-c")
	have(t, screen, "SSH-007", primary.Address(lab.DLAN)+" does not answer; using "+primary.Address(lab.ICLAN1), "n) use")
	lack(t, screen, "b) base backup")
	var report struct {
		Nodes []struct {
			Name     string `json:"name"`
			LockFile *bool  `json:"lock_file"`
		} `json:"nodes"`
	}
	out, err := standby.Run(ctx, "pg-rex_status", "--json")
	must(t, err)
	must(t, json.Unmarshal([]byte(out), &report))
	for _, n := range report.Nodes {
		if n.Name == primary.Name && n.LockFile == nil {
			t.Errorf("pg-rex_status does not reach %s over the IC-LAN:\n%s", n.Name, out)
		}
	}

	for _, lan := range lab.LANs() {
		must(t, shared.Cut(ctx, lan, standby, lab.Silent))
	}
	const addresses = 3 // of the D-LAN, and of the two rings
	for _, c := range []struct {
		on   *lab.Node
		argv []string
	}{
		{standby, []string{"pg-rex_slave_start", "-n"}},
		{standby, []string{"pg-rex_switchover", "--yes"}},
		{primary, []string{"pg-rex_switchover", "--yes"}},
	} {
		begun := time.Now()
		have(t, typed(t, ctx, c.on, english, 6, c.argv...), "SSH-001")
		if took := time.Since(begun); took > addresses*limit+2*time.Second {
			t.Errorf("%v takes %v to say so", c.argv, took)
		}
	}
	noJournal(t)
	stackStopped(t, ctx, standby)
	if !bytes.Equal(before, control(t, standby)) {
		t.Error("the database of the standby was changed")
	}
	must(t, shared.HealAll(ctx))
	typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-n")
	primaryIs(t, ctx, primary)
}

// bothLost: both nodes lose their power, and only the standby comes back. It
// goes on alone when somebody says by name that the other one is off.
func bothLost(t *testing.T) {
	ctx, old, survivor := normal(t)
	writer := shared.StartWriter(ctx)
	must(t, lab.Pause(ctx, time.Second))
	var both sync.WaitGroup
	for _, n := range shared.Nodes() {
		both.Add(1)
		go func() {
			defer both.Done()
			if err := n.Kill(ctx); err != nil {
				t.Error(err)
			}
		}()
	}
	both.Wait()
	history := writer.Stop()
	must(t, survivor.Boot(ctx))
	have(t, typed(t, ctx, survivor, english, 6, "pg-rex_master_start"), "PST-020", old.Name, "--peer-down")
	have(t, typed(t, ctx, survivor, english, 4, "pg-rex_master_start", "--peer-down"), "--confirm-peer-down")
	typed(t, ctx, survivor, english, 4, "pg-rex_master_start", "--peer-down", "--yes")
	typed(t, ctx, survivor, english, 4, "pg-rex_master_start", "--peer-down", "--confirm-peer-down", survivor.Name)
	answered(t, ctx, survivor, english, survivor.Name+"\n", 4, "pg-rex_master_start", "--peer-down")
	stackStopped(t, ctx, survivor)
	typed(t, ctx, survivor, english, 0, "pg-rex_master_start", "--peer-down", "--confirm-peer-down", old.Name)
	checkRows(t, ctx, history)

	must(t, old.Boot(ctx))
	have(t, typed(t, ctx, old, english, 3, "pg-rex_master_start"), "PST-012")
	typed(t, ctx, old, english, 0, "pg-rex_slave_start", "-n", "-r", "-b", "--remove-lock", "--yes")
	primaryIs(t, ctx, survivor)
	checkRows(t, ctx, history)
}

// diskFull: what does not fit is refused before anything is removed; what
// fills the disk on the way is an error that leaves all as it was.
func diskFull(t *testing.T) {
	ctx, primary, standby := normal(t)
	typed(t, ctx, standby, english, 0, "pg-rex_stop")
	before := control(t, standby)
	small := func(dir string, mebibytes int) {
		t.Helper()
		must(t, standby.SmallDisk(ctx, dir, mebibytes))
		t.Cleanup(func() { _ = standby.RemoveDisk(context.Background(), dir) }) // where the test ended early
	}

	small(walDir, 8)
	screen := typed(t, ctx, standby, english, 3, "pg-rex_slave_start", "-b", "--yes")
	inOrder(t, screen, "4.3 ", "Not enough space for "+walDir+"/pg_xlog", "...[NG]", "SST-050")
	lack(t, screen, "\n5. ")
	must(t, standby.RemoveDisk(ctx, walDir))

	small(lab.PGArchive, 4)
	screen = typed(t, ctx, standby, english, 1, "pg-rex_slave_start", "-n")
	have(t, screen, "no space left on device")
	stackStopped(t, ctx, standby)
	must(t, standby.RemoveDisk(ctx, lab.PGArchive))

	if !bytes.Equal(before, control(t, standby)) {
		t.Error("the database of the standby was changed")
	}
	typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-n")
	primaryIs(t, ctx, primary)
	noJournal(t)
}

// startFails: a server that does not start ends the wait with the reason.
func startFails(t *testing.T) {
	ctx, primary, standby := normal(t)
	typed(t, ctx, primary, english, 0, "pg-rex_stop", "--all")
	const file = lab.PGData + "/postgresql.conf"
	right, err := primary.ReadFile(file)
	must(t, err)
	must(t, primary.WriteFile(file, append(slices.Clone(right), "listen_addresses = '192.0.2.1'\n"...), 0o600, "postgres"))
	begun := time.Now()
	have(t, typed(t, ctx, primary, english, 1, "pg-rex_master_start"), "PST-053", "pgsql", "start", "FATAL")
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it takes %v to say so", took)
	}
	must(t, primary.WriteFile(file, right, 0o600, "postgres"))
	typed(t, ctx, primary, english, 0, "pg-rex_stop")
	typed(t, ctx, primary, english, 0, "pg-rex_master_start")
	typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-n")
	primaryIs(t, ctx, primary)
}

// archiveDeleted: what neither the two databases nor a base backup needs goes
// from the archive, on one node or on both, and nothing else.
func archiveDeleted(t *testing.T) {
	ctx, primary, standby := normal(t)
	const backup = "/dbfp/backup"
	archive := lab.PGArchive
	wal := func(n *lab.Node) (names []string) {
		t.Helper()
		entries, err := os.ReadDir(n.Path(archive))
		must(t, err)
		for _, e := range entries {
			if regexp.MustCompile(`^[0-9A-F]{24}$`).MatchString(e.Name()) {
				names = append(names, e.Name())
			}
		}
		return names
	}
	segments := func() (last string) {
		t.Helper()
		for range 3 {
			last = sql(t, ctx, primary, "SELECT pg_logical_emit_message(true, 'lab', 'x')", "SELECT pg_walfile_name(pg_switch_wal())")
		}
		for _, n := range []*lab.Node{primary, standby} {
			must(t, lab.Until(ctx, last+" in the archive of "+n.Name, lab.Timeouts.Command, func(context.Context) (string, bool) {
				names := wal(n)
				return strings.Join(names, " "), slices.Contains(names, last)
			}))
		}
		return last
	}
	segments()
	_, err := standby.RunAs(ctx, "postgres", shared.PGBin()+"/pg_basebackup", "-d", "host="+primary.Address(lab.DLAN)+" user=repuser",
		"-D", backup, "-X", "none", "--checkpoint=fast", "--no-password")
	must(t, err)
	label, err := standby.ReadFile(backup + "/backup_label")
	must(t, err)
	needed := regexp.MustCompile(`\(file ([0-9A-F]{24})\)`).FindStringSubmatch(string(label))[1]
	segments()
	// Both databases go on to need less than the backup.
	sql(t, ctx, primary, "CHECKPOINT")
	sql(t, ctx, standby, "CHECKPOINT")

	all, other := wal(primary), wal(standby)
	from := standby.Name + ":" + backup
	screen := typed(t, ctx, primary, english, 0, "pg-rex_archivefile_delete", "-r", "-f", "--dry-run", from)
	have(t, screen, "Limit: "+needed)
	if !slices.Equal(wal(primary), all) {
		t.Error("--dry-run has changed the archive")
	}
	screen = typed(t, ctx, primary, english, 0, "pg-rex_archivefile_delete", "-m", "-f", from)
	moved := regexp.MustCompile(regexp.QuoteMeta(archive) + `/\d{8}_\d{6}`).FindString(screen)
	for _, name := range all {
		where, needs := archive, name[8:] >= needed[8:] // whatever the timeline
		if !needs {
			where = moved
		}
		if _, err := os.Stat(primary.Path(where + "/" + name)); err != nil {
			t.Errorf("needed by the backup: %v, and %v", needs, err)
		}
	}
	if left := wal(primary); len(left) == len(all) || !slices.Contains(left, needed) {
		t.Errorf("left of %v are %v, needed from %s on", all, left, needed)
	}
	if !slices.Equal(wal(standby), other) {
		t.Error("the archive of the other node was changed")
	}

	screen = typed(t, ctx, primary, english, 0, "pg-rex_archivefile_delete", "-r", "-f", "--no-backup", "--both-nodes")
	limit := regexp.MustCompile(`Limit: ([0-9A-F]{24})`).FindStringSubmatch(screen)[1]
	for _, n := range []*lab.Node{primary, standby} {
		for _, name := range wal(n) {
			if name[8:] < limit[8:] {
				t.Errorf("%s is still in the archive of %s, needed from %s on", name, n.Name, limit)
			}
		}
		if !slices.Contains(screenLines(screen), "deleted: "+n.Name+":"+needed) {
			t.Errorf("%s was not deleted on %s", needed, n.Name)
		}
	}
	typed(t, ctx, standby, english, 0, "pg-rex_stop")
	archiveDeletedByOthers(t, ctx, standby)
	typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-n")
	primaryIs(t, ctx, primary)
}

// archiveDeletedByOthers: the owner of the database names it, by PGDATA or by
// option; root has it from the definition, and needs none where it is named.
func archiveDeletedByOthers(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	const command, cib = "/usr/sbin/pg-rex_archivefile_delete", "/var/lib/pacemaker/cib"
	look := []string{command, "-r", "-f", "--no-backup", "--dry-run"}
	for _, other := range shared.Nodes() {
		for _, name := range []string{"id_ed25519", "authorized_keys"} {
			key, err := other.ReadFile("/root/.ssh/" + name)
			must(t, err)
			dir := shared.PostgresHome() + "/.ssh"
			_, err = other.Run(ctx, "install", "-d", "-o", "postgres", "-g", "postgres", "-m", "0700", dir)
			must(t, err)
			must(t, other.WriteFile(dir+"/"+name, key, 0o600, "postgres"))
		}
	}
	asPostgres := func(env string, argv ...string) string {
		t.Helper()
		out, err := n.RunAs(ctx, "postgres", append([]string{"env", env}, argv...)...)
		t.Logf("postgres@%s$ %s %v: %v\n%s", n.Name, env, argv, err, out)
		must(t, err)
		return out
	}
	have(t, asPostgres("PGDATA="+lab.PGData, look...), "Limit: ")
	have(t, asPostgres("PGDATA=/nowhere", append(slices.Clone(look), "-D", lab.PGData)...), "Limit: ")
	if out, err := n.RunAs(ctx, "postgres", append([]string{"env", "-u", "PGDATA"}, look...)...); err == nil {
		t.Errorf("without PGDATA it knows the database:\n%s", out)
	} else {
		have(t, err.Error(), "ARC-006")
	}
	have(t, typed(t, ctx, n, english, 0, look...), "Limit: ")
	_, err := n.Run(ctx, "mv", cib, cib+".away")
	must(t, err)
	have(t, typed(t, ctx, n, english, 2, look...), "ARC-006")
	have(t, typed(t, ctx, n, english, 0, append(slices.Clone(look), "-D", lab.PGData)...), "Limit: ")
	_, err = n.Run(ctx, "mv", cib+".away", cib)
	must(t, err)
}

func screenLines(screen string) []string { return strings.Split(screen, "\n") }

// definitionRejected: the cluster does not take a definition that every check
// before had nothing against; the one of before is put back.
func definitionRejected(t *testing.T) {
	ctx, primary, standby := normal(t)
	typed(t, ctx, primary, english, 0, "pg-rex_stop", "--all")
	definition, err := shared.Definition().CIB()
	must(t, err)
	must(t, primary.WriteFile("/root/pgrex.xml", []byte(definition), 0o600, "root"))
	// A cluster refuses nothing that crm_verify has accepted, as far as we know:
	// the refusal is played.
	const tool = "/usr/local/sbin/cibadmin"
	must(t, primary.WriteFile(tool, []byte(refusingCibadmin), 0o755, "root"))
	t.Cleanup(func() { _ = os.Remove(primary.Path(tool)) })
	before, err := primary.ReadFile("/var/lib/pacemaker/cib/cib.xml")
	must(t, err)

	have(t, typed(t, ctx, primary, english, 1, "pg-rex_master_start", "--yes", "pgrex.xml"),
		"PST-052", "Permission denied", "next: pg-rex_stop ; pg-rex_master_start --restore")
	have(t, typed(t, ctx, primary, english, 3, "pg-rex_master_start", "--restore"), "PST-011")
	// Without a definition nobody knows the role of the node.
	typed(t, ctx, primary, english, 0, "pg-rex_stop", "--yes")
	typed(t, ctx, primary, english, 0, "pg-rex_master_start", "--restore")
	after, err := primary.ReadFile("/var/lib/pacemaker/cib/cib.xml")
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Errorf("the definition is not the one of before:\n%s\nbut\n%s", before, after)
	}
	must(t, os.Remove(primary.Path(tool)))
	typed(t, ctx, primary, english, 0, "pg-rex_master_start")
	typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-n")
	primaryIs(t, ctx, primary)
}

// refusingCibadmin replaces nothing.
const refusingCibadmin = `#!/bin/sh
for word; do
	if [ "$word" = -R ]; then
		echo 'Call failed: Permission denied' >&2
		exit 4
	fi
done
exec /usr/sbin/cibadmin "$@"
`

// newConfiguration is the sample of the new generation, with the resources of the lab.
const newConfiguration = `HACLUSTER_NAME = salesdb
PG_REX_Primary_ResourceID = msPostgresql
PG_REX_Primitive_ResourceID = pgsql
D_LAN_IPAddress = 192.168.2.1 , 192.168.2.2
IC_LAN_IPAddress = (192.168.1.1 , 192.168.1.2) , (192.168.3.1 , 192.168.3.2)
Archive_dir = /dbfp/pgarch/arc1
IPADDR_PRIMARY_ResourceID = vip-master
IPADDR_REPLICATION_ResourceID = vip-rep
IPADDR_STANDBY = enable
IPADDR_STANDBY_ResourceID = vip-slave
PING_ResourceID = clnPing
STONITH = disable
PEER_NODE_SSH_PASS_MODE = nopass
`

// newVocabulary: two nodes with a database and no cluster get one from a
// definition in XML.
func newVocabulary(t *testing.T) {
	ctx, primary, standby := normal(t)
	typed(t, ctx, primary, english, 0, "pg-rex_stop", "--all")
	for _, n := range shared.Nodes() {
		_, err := n.Run(ctx, "rm", "-f", "/etc/corosync/corosync.conf", "/etc/corosync/authkey")
		must(t, err)
		_, err = n.Run(ctx, "find", "/var/lib/pacemaker/cib", "-mindepth", "1", "-delete")
		must(t, err)
	}
	configured(t, newConfiguration)
	definition, err := shared.Definition().CIB()
	must(t, err)
	must(t, primary.WriteFile("/root/pgrex.xml", []byte(definition), 0o600, "root"))
	screen := typed(t, ctx, primary, english, 0, "pg-rex_primary_start", "pgrex.xml")
	// Which of the two is the primary depends on the tests before.
	golden(t, "primary_start", strings.NewReplacer(primary.Name, "node01", standby.Name, "node02").Replace(screen))
	s, err := primary.Status(ctx)
	must(t, err)
	for _, vip := range []string{"vip-master", "vip-rep", "vip-slave"} {
		if s.VIPs[vip] != primary.Name {
			t.Errorf("%s is on %q", vip, s.VIPs[vip])
		}
	}
	screen = typed(t, ctx, standby, english, 0, "pg-rex_standby_start", "-n")
	lack(t, screen, "Master", "Slave")
	primaryIs(t, ctx, primary)
}

// fencingHistory: in a cluster with fencing a primary that starts alone confirms
// that its peer is off, and takes the record of that away again.
func fencingHistory(t *testing.T) {
	ctx, primary, standby := normal(t)
	typed(t, ctx, primary, english, 0, "pg-rex_stop", "--all")
	configured(t, strings.Replace(newConfiguration, "STONITH = disable", "STONITH = enable\nSTONITH_ResourceID = fence-node01 , fence-node02", 1))
	fenced, err := shared.CIB(lab.Variant{Fencing: true})
	must(t, err)
	must(t, primary.WriteFile("/root/fenced.xml", []byte(fenced), 0o600, "root"))
	history := func() string {
		t.Helper()
		out, err := primary.Run(ctx, "stonith_admin", "--history", standby.Name)
		must(t, err)
		return out
	}

	screen := typed(t, ctx, primary, english, 0, "pg-rex_primary_start", "--yes", "fenced.xml")
	have(t, screen, "Cleared the fencing record of "+standby.Name)
	if h := history(); strings.Contains(h, "human") || strings.Contains(h, "turn off") {
		t.Errorf("the record is still there:\n%s", h)
	}
	typed(t, ctx, standby, english, 0, "pg-rex_standby_start", "-n")
	primaryIs(t, ctx, primary)
}

// control is the control file of a node's database: it changes with all that
// is done to the database.
func control(t *testing.T, n *lab.Node) []byte {
	t.Helper()
	b, err := n.ReadFile(lab.PGData + "/global/pg_control")
	must(t, err)
	return b
}

// Typed once, pg-rex_stop --all stops both nodes in the right order.
//
// Conformance: AT-095 (lab)
func TestStopAll(t *testing.T) {
	from := []string{"primary"}
	if *long {
		from = append(from, "standby")
	}
	for _, where := range from {
		t.Run(where, func(t *testing.T) {
			ctx, primary, standby := normal(t)
			typist := primary
			if where == "standby" {
				typist = standby
			}
			screen := typed(t, ctx, typist, english, 0, "pg-rex_stop", "--all")
			inOrder(t, screen, "Slave on "+standby.Name+" has been stopped", "Master on "+primary.Name+" has been stopped")
			for _, n := range shared.Nodes() {
				locked(t, n, false)
				stackStopped(t, ctx, n)
			}
			typed(t, ctx, primary, english, 0, "pg-rex_master_start")
			typed(t, ctx, standby, english, 0, "pg-rex_slave_start", "-n")
			primaryIs(t, ctx, primary)
		})
	}
}

// inOrder wants some texts on a screen one after the other.
func inOrder(t *testing.T, screen string, wanted ...string) {
	t.Helper()
	rest := screen
	for _, w := range wanted {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Fatalf("the screen does not say %q in the order %q:\n%s", w, wanted, screen)
		}
		rest = after
	}
}

// stackStopped wants a node whose cluster stack is down.
func stackStopped(t *testing.T, ctx context.Context, n *lab.Node) {
	t.Helper()
	if out, err := n.Run(ctx, "systemctl", "is-active", "pacemaker"); err == nil {
		t.Errorf("Pacemaker is %s on %s", strings.TrimSpace(out), n.Name)
	}
}
