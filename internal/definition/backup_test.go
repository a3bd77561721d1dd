package definition

import (
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func makeFiles(t *testing.T, root string, contents map[string]string) {
	t.Helper()
	for _, f := range saved {
		path := filepath.Join(root, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(path)
		if text, ok := contents[f.name]; ok {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func contentsOf(t *testing.T, root string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, f := range saved {
		if text, err := os.ReadFile(filepath.Join(root, f.path)); err == nil {
			got[f.name] = string(text)
		}
	}
	return got
}

func TestSaveAndRestore(t *testing.T) {
	root := t.TempDir()
	old := map[string]string{"corosync.conf": "totem {}", "corosync.authkey": "\x00\x01", "cib.xml": "<cib/>", "cib.xml.sig": "d41d"}
	makeFiles(t, root, old)
	dir := filepath.Join(t.TempDir(), "backup", "20261123-101500")
	if err := Save(root, dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(old) {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, %v", d, info.Mode(), err)
		}
	}
	if err := Save(root, dir); err == nil {
		t.Error("a copy is overwritten")
	}
	makeFiles(t, root, map[string]string{"corosync.conf": "other", "pacemaker.authkey": "new", "cib.xml": "<new/>"})
	for range 2 {
		if err := Restore(root, dir); err != nil {
			t.Fatal(err)
		}
		if got := contentsOf(t, root); !maps.Equal(got, old) {
			t.Errorf("restored is %q", got)
		}
	}
	for _, f := range saved {
		info, err := os.Stat(filepath.Join(root, f.path))
		if _, there := old[f.name]; there && (err != nil || info.Mode() != f.mode) {
			t.Errorf("%s: %v, %v", f.path, info, err)
		}
	}
}

func TestRestoreOfNothingChangesNothing(t *testing.T) {
	root := t.TempDir()
	there := map[string]string{"corosync.conf": "totem {}", "cib.xml": "<cib/>"}
	makeFiles(t, root, there)
	for _, dir := range []string{t.TempDir(), filepath.Join(root, "nowhere")} {
		if err := Restore(root, dir); err == nil {
			t.Errorf("%s is restored", dir)
		}
	}
	if got := contentsOf(t, root); !maps.Equal(got, there) {
		t.Errorf("%q", got)
	}
}

func TestRestoreGivesFilesToTheOwnerOfTheirDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	root := t.TempDir()
	makeFiles(t, root, map[string]string{"cib.xml": "<cib/>"})
	cibDir := filepath.Join(root, "var/lib/pacemaker/cib")
	if err := os.Chown(cibDir, 12345, 12346); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "b")
	if err := Save(root, dir); err != nil {
		t.Fatal(err)
	}
	if err := Restore(root, dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(cibDir, "cib.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Uid != 12345 || stat.Gid != 12346 {
		t.Errorf("%+v", stat)
	}
}
