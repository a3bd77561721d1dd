package archive

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pgrex/internal/message"
)

const walFile = "000000010000000000000001"

func place(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// contains wants exactly these files in a directory.
func contains(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if w, ok := want[e.Name()]; err != nil || !ok || string(got) != w {
			t.Errorf("%s holds %.20q (%v), want %.20q", e.Name(), got, err, w)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	other := bytes.Clone(long)
	other[len(other)-1] = 'X'
	for _, tt := range []struct {
		name  string
		there map[string]string // in the archive
		fails message.ID
		want  map[string]string
	}{
		{"new", nil, "", map[string]string{walFile: string(long)}},
		{"again", map[string]string{walFile: string(long)}, "", map[string]string{walFile: string(long)}},
		{"after a killed copy", map[string]string{"." + walFile + storing: string(long) + "more"}, "", map[string]string{walFile: string(long)}},
		{"other content", map[string]string{walFile: string(other)}, message.ARS002, map[string]string{walFile: string(other)}},
		{"shorter", map[string]string{walFile: "0123"}, message.ARS002, map[string]string{walFile: "0123"}},
		{"beside others", map[string]string{"00000002.history": "1"}, "", map[string]string{"00000002.history": "1", walFile: string(long)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source, dir := place(t, filepath.Join(t.TempDir(), walFile), long), t.TempDir()
			for name, content := range tt.there {
				place(t, filepath.Join(dir, name), []byte(content))
			}
			err := Store(source, dir)
			if tt.fails == "" && err != nil || tt.fails != "" && !message.IsFailure(err, tt.fails) {
				t.Errorf("%v, want %q", err, tt.fails)
			}
			if tt.fails != "" && !strings.Contains(err.Error(), filepath.Join(dir, walFile)) {
				t.Errorf("%v does not name the file", err)
			}
			contains(t, dir, tt.want)
		})
	}
}

func TestStoreFailures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Store(filepath.Join(dir, walFile), dir); !message.IsFailure(err, message.ARS001) {
		t.Errorf("without a source: %v", err)
	}
	if err := Store(dir, dir); !message.IsFailure(err, message.ARS001) {
		t.Errorf("a directory: %v", err)
	}
	source := place(t, filepath.Join(dir, walFile), []byte("x"))
	if err := Store(source, filepath.Join(dir, "none")); !message.IsFailure(err, message.ARS001) {
		t.Errorf("without a directory: %v", err)
	}
	target := t.TempDir()
	if err := os.Symlink(source, filepath.Join(target, "."+walFile+storing)); err != nil {
		t.Fatal(err)
	}
	if err := Store(source, target); !message.IsFailure(err, message.ARS001) {
		t.Errorf("through a link: %v", err)
	}
	if err := syscall.Mkfifo(filepath.Join(target, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := place(t, filepath.Join(dir, "pipe"), []byte("x"))
	if err := Store(pipe, target); !message.IsFailure(err, message.ARS002) {
		t.Errorf("onto a pipe: %v", err)
	}
}

// Several archivers of one directory never make a file of two, and somebody
// archives it.
func TestStoreAtOnce(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte{7}, 4<<20)
	source, dir := place(t, filepath.Join(t.TempDir(), walFile), content), t.TempDir()
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[n] = Store(source, dir)
		}()
	}
	wait.Wait()
	ok := 0
	for _, err := range errs {
		if err == nil {
			ok++
		} else if !message.IsFailure(err, message.ARS001) {
			t.Error(err)
		}
	}
	if ok == 0 {
		t.Errorf("nobody has archived it: %v", errs)
	}
	contains(t, dir, map[string]string{walFile: string(content)})
}

// A file system without a renaming that replaces nothing gets a second name.
func TestRenameNewReplacesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := place(t, filepath.Join(dir, "a"), []byte("a")), place(t, filepath.Join(dir, "b"), []byte("b"))
	if err := renameNew(a, b); !os.IsExist(err) {
		t.Errorf("%v", err)
	}
	contains(t, dir, map[string]string{"a": "a", "b": "b"})
}
