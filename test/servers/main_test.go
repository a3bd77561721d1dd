package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgrex/test/servers/cache"
)

func TestTableIsComplete(t *testing.T) {
	for major := cache.Oldest; major <= cache.Newest; major++ {
		if r := releases[major]; !strings.HasPrefix(r.integrity["x64"], "sha512-") {
			t.Errorf("PostgreSQL %d is not in the table", major)
		}
	}
	if got, err := wanted([]string{"10", "18"}); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"9", "9.6", "x"} {
		if _, err := wanted([]string{bad}); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// entry is a file of a package.
type entry struct {
	name, text string
	mode       int64
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	err := unpack(archive(t,
		entry{"package/native/bin/postgres", "x", 0o644}, // npm may lose the bit
		entry{"package/native/lib/libpq.so.5.10", "lib", 0o644},
		entry{"package/native/include/x.h", "", 0o644},
		entry{"package/scripts/evil.js", "", 0o755},
		entry{"package/native/pg-symlinks.json", `[{"source":"native/lib/libpq.so.5.10","target":"native/lib/libpq.so.5"}]`, 0o644},
	), dir)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(dir, "bin/postgres")); err != nil || st.Mode().Perm()&0o111 != 0o111 {
		t.Errorf("the server cannot be run: %v, %v", st, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "lib/libpq.so.5")); err != nil || string(b) != "lib" {
		t.Errorf("the library's link: %q, %v", b, err)
	}
	for _, name := range []string{"include", "scripts"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there", name)
		}
	}
}

func TestUnpackStaysInside(t *testing.T) {
	none := entry{"package/native/pg-symlinks.json", "[]", 0o644}
	for name, entries := range map[string][]entry{
		"link out":     {{"package/native/pg-symlinks.json", `[{"source":"native/lib/x","target":"native/../../x"}]`, 0o644}},
		"link across":  {{"package/native/pg-symlinks.json", `[{"source":"native/../etc/passwd","target":"native/lib/x"}]`, 0o644}},
		"no link list": {{"package/native/bin/postgres", "", 0o755}},
		"twice":        {{"package/native/a", "1", 0o644}, {"package/native/a", "2", 0o644}, none},
	} {
		if err := unpack(archive(t, entries...), filepath.Join(t.TempDir(), "tree")); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	outside := filepath.Join(t.TempDir(), "tree")
	if err := unpack(archive(t, entry{"package/native/../../../evil", "", 0o644}, none), outside); err != nil {
		t.Fatal(err)
	}
	if found, _ := filepath.Glob(filepath.Join(filepath.Dir(outside), "evil*")); len(found) > 0 {
		t.Errorf("written outside: %v", found)
	}
}

func TestNpmIsMissingOrFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := pack(context.Background(), "x", t.TempDir()); err == nil || !strings.Contains(err.Error(), "apt install npm") {
		t.Errorf("without npm: %v", err)
	}
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte("#!/bin/sh\necho 'npm error code EAI_AGAIN' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	if _, err := pack(context.Background(), "x", t.TempDir()); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("without network: %v", err)
	}
}

// Another package than the pinned one is not installed.
func TestCheckSum(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho other > \"$4/a.tgz\"\n"
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	s := &store{dir: t.TempDir(), arch: "x64"}
	err := s.fetch(context.Background(), 18, filepath.Join(s.dir, "18"))
	if err == nil || !strings.Contains(err.Error(), "check sum") {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(s.dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A release that is not published for a machine does not keep it from the next.
func TestUnpublishedReleases(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := &store{dir: t.TempDir(), arch: "arm64"}
	err := s.provideAll(context.Background(), []int{10, 14, 15, 16})
	for major, said := range map[int]string{10: "not published for arm64", 14: "not published for arm64", 15: "npm is missing"} {
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("PostgreSQL %d: ", major)) || !strings.Contains(err.Error(), said) {
			t.Errorf("PostgreSQL %d: no word of %q in %v", major, said, err)
		}
	}
	if strings.Contains(err.Error(), "PostgreSQL 16") {
		t.Errorf("without npm it tries on: %v", err)
	}
}
