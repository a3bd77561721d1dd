package agent_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/ocf"
)

// A file that never answers stands for a dead disk: no deadline reaches a read
// that the kernel does not end, and the agent has to say so all the same.
//
// Conformance: 17 (PostgreSQL server)
func TestHungDisk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(syscall.Mkfifo(filepath.Join(s.data, "PG_VERSION.hang"), 0o600))
	s.shell("mv", filepath.Join(s.data, "PG_VERSION.hang"), filepath.Join(s.data, "PG_VERSION"))
	s.shell("chown", "postgres:", filepath.Join(s.data, "PG_VERSION"))
	a := s.want("start", ocf.ErrGeneric, "OCF_RESKEY_CRM_meta_timeout=8000")
	if a.took >= 8*time.Second || !strings.Contains(a.reason, "does not answer") {
		t.Errorf("after %v: %q", a.took, a.reason)
	}
}
