package agent_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pgrex/internal/ocf"
)

// Attribute writes are asynchronous: until the cluster's own record shows that
// the standby has lost its rights, another node may still decide on the old
// ones, and commits go on waiting.
//
// Conformance: 101 (PostgreSQL server)
func TestReleaseWaitsForTheRecord(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.primaryWithStandby()
	s.stopPeer()
	mon := exec.Command(filepath.Join(template.bin, "crm_mon"), "-1", "--output-as=xml")
	mon.Env = []string{"STANDIN_DIR=" + s.dir}
	shown, err := mon.Output()
	s.must(err)
	// It shows for good what it shows now.
	late := filepath.Join(s.dir, "late")
	s.must(os.Mkdir(late, 0o755))
	s.must(os.WriteFile(filepath.Join(late, "shown.xml"), shown, 0o644))
	s.must(os.WriteFile(filepath.Join(late, "crm_mon"), []byte("#!/bin/sh\nexec cat '"+filepath.Join(late, "shown.xml")+"'\n"), 0o755))

	s.want("monitor", ocf.RunningPromoted, recurring, "PATH="+late+":"+template.bin+":/usr/bin:/bin")
	if got := s.record().Permanent["node02"]["pgsql-data-status"]; got != "DISCONNECT" {
		t.Errorf("node02 has the data status %s", got)
	}
	if s.query("show synchronous_standby_names") == "" {
		t.Error("commits go on without node02 before the record shows that it may not be promoted")
	}
	s.monitor(ocf.RunningPromoted)
	if names := s.query("show synchronous_standby_names"); names != "" {
		t.Errorf("commits wait for %s although the record shows the verdict", names)
	}
}
