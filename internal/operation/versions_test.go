package operation

import (
	"os"
	"path/filepath"
	"testing"

	"pgrex/internal/message"
)

func TestReleases(t *testing.T) {
	for _, tt := range []struct {
		version string
		fails   bool
		warns   message.ID
	}{
		{"1.1.13-10.el7", true, ""}, {"1.1.14", false, ""}, {"1.1.24-1.el7", false, ""}, {"2.1.5-a3f44794f94", false, ""},
		{"3.0.2", false, ""}, {"3.1.0", false, message.CMN007}, {"4", false, message.CMN007}, {"", false, ""}, {"unknown", false, ""},
	} {
		f, warns := pacemakerRelease(tt.version)
		if (f != nil) != tt.fails || warns != tt.warns {
			t.Errorf("Pacemaker %s: %v, %q", tt.version, f, warns)
		}
	}
	for _, tt := range []struct {
		major int
		fails bool
		warns message.ID
	}{
		{9, true, ""}, {905, true, ""}, {906, false, ""}, {10, false, ""}, {18, false, ""}, {19, false, message.CMN007}, {0, false, ""},
	} {
		f, warns := postgresRelease(tt.major)
		if (f != nil) != tt.fails || warns != tt.warns {
			t.Errorf("PostgreSQL %d: %v, %q", tt.major, f, warns)
		}
	}
}

func TestProgramsAreThere(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pg_rewind"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := programs(dir, "pg_rewind"); err != nil {
		t.Error(err)
	}
	if err := programs(dir, "pg_rewind", "pg_basebackup"); !message.IsFailure(err, message.CMN004) {
		t.Errorf("%v, want CMN-004", err)
	}
}
