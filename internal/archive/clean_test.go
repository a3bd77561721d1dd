package archive

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pgrex/internal/message"
	"pgrex/internal/node"
)

// local and peer are this machine twice: once directly and once through a helper.
func nodes(t *testing.T) map[string]node.Node {
	t.Helper()
	return map[string]node.Node{"local": node.Local{HostName: "here"}, "peer": peer(t)}
}

func peer(t *testing.T) node.Node {
	t.Helper()
	return dyingPeer(t, math.MaxInt64)
}

// dyingPeer is one whose connections break after so many bytes.
func dyingPeer(t *testing.T, after int64) node.Node {
	t.Helper()
	p, err := node.Connect(testContext(t), func(_ context.Context, args ...string) (io.ReadWriteCloser, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			_ = node.Serve(context.Background(), args[1], there, there)
		}()
		return struct {
			io.Reader
			io.WriteCloser
		}{io.LimitReader(here, after), here}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// hostile is a name that a shell would make something of.
const hostile = `a b;'"$(touch x)|&*`

func archiveDir(t *testing.T, names ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), hostile)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		write(t, dir, n, n)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func listNames(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, e := range list {
		all = append(all, e.Name())
	}
	return all
}

func without(all, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(gone, s) })
}

// Conformance: AT-110, AT-112, AT-117 (unit)
func TestCleanRemoves(t *testing.T) {
	for on, n := range nodes(t) {
		t.Run(on, func(t *testing.T) {
			compressed := []string{"000000010000000000000001.gz", "000000010000000000000001.zst", "000000010000000000000002.partial.gz", "00000001.history.gz"}
			all := append(append([]string{"other file"}, compressed...), example...)
			slices.Sort(all)
			dir := archiveDir(t, all...)
			list, err := node.List.On(testContext(t), n, dir)
			if err != nil {
				t.Fatal(err)
			}
			var seen []string
			total, err := Clean(testContext(t), n, Cleaning{Dir: dir, Files: names(exampleHorizon(t).Select(list, time.Time{}))}, func(c Cleaned) {
				seen = append(seen, c.Name)
			})
			gone := append(slices.Clone(exampleGone), compressed...)
			size := int64(0)
			for _, name := range gone {
				size += int64(len(name))
			}
			if want := (Total{Files: len(gone), Bytes: size}); err != nil || total != want {
				t.Errorf("%+v, %v, want %+v", total, err, want)
			}
			if got := listNames(t, dir); !slices.Equal(got, without(all, gone)) {
				t.Errorf("left: %q", got)
			}
			slices.Sort(seen)
			slices.Sort(gone)
			if !slices.Equal(seen, gone) {
				t.Errorf("told of %q", seen)
			}
		})
	}
}

// Conformance: AT-111 (unit)
func TestCleanMoves(t *testing.T) {
	for on, n := range nodes(t) {
		t.Run(on, func(t *testing.T) {
			dir := archiveDir(t, example...)
			const nobody = 65534
			if os.Geteuid() == 0 {
				if err := os.Chown(dir, nobody, nobody); err != nil {
					t.Fatal(err)
				}
			}
			c := Cleaning{Dir: dir, Files: exampleGone, MoveTo: MoveName(time.Date(2026, 2, 3, 4, 5, 6, 0, time.Local))}
			if c.MoveTo != "20260203_040506" {
				t.Error(c.MoveTo)
			}
			total, err := Clean(testContext(t), n, c, func(Cleaned) {})
			if err != nil || total.Files != len(exampleGone) {
				t.Errorf("%+v, %v", total, err)
			}
			if got := listNames(t, c.target()); !slices.Equal(got, exampleGone) {
				t.Errorf("moved: %q", got)
			}
			if got := listNames(t, dir); !slices.Equal(got, slices.Sorted(slices.Values(append(without(example, exampleGone), c.MoveTo)))) {
				t.Errorf("left: %q", got)
			}
			var st, of syscall.Stat_t
			if err := errors.Join(syscall.Stat(c.target(), &st), syscall.Stat(dir, &of)); err != nil {
				t.Fatal(err)
			}
			if st.Mode&0o7777 != 0o700 || st.Uid != of.Uid || st.Gid != of.Gid {
				t.Errorf("mode %o, owner %d:%d", st.Mode, st.Uid, st.Gid)
			}
			if _, err := Clean(testContext(t), n, c, func(Cleaned) { t.Error("touched") }); !message.IsFailure(err, message.ARC015) {
				t.Errorf("a second time: %v", err)
			}
			c.MoveTo = "../x"
			if _, err := Clean(testContext(t), n, c, func(Cleaned) { t.Error("touched") }); !message.IsFailure(err, message.ARC016) {
				t.Errorf("to another place: %v", err)
			}
		})
	}
}

// Conformance: AT-122 (unit)
func TestCleanGoesOnAfterAFailure(t *testing.T) {
	for on, n := range nodes(t) {
		t.Run(on, func(t *testing.T) {
			dir := archiveDir(t, example...)
			stubborn := exampleGone[1]
			path := filepath.Join(dir, stubborn)
			if immutable(path, true) != nil {
				// The file system has no such flag: something that is not a file.
				if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "x"), 0o700)); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { _ = immutable(path, false) })
			var failed []Cleaned
			total, err := Clean(testContext(t), n, Cleaning{Dir: dir, Files: append([]string{"../" + hostile}, exampleGone...)}, func(c Cleaned) {
				if c.Err != "" {
					failed = append(failed, c)
				}
			})
			if err != nil || total.Failed != 2 || total.Files != len(exampleGone)-1 {
				t.Errorf("%+v, %v", total, err)
			}
			if len(failed) != 2 || failed[1].Name != stubborn {
				t.Errorf("failed: %+v", failed)
			}
			if got := listNames(t, dir); !slices.Equal(got, without(example, without(exampleGone, []string{stubborn}))) {
				t.Errorf("left: %q", got)
			}
		})
	}
}

// immutable makes a file one that root cannot remove either.
func immutable(path string, on bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := 0
	if on {
		const immutableFlag = 0x10
		flags = immutableFlag
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags)
}

func TestCleanEndsBetweenTwoFiles(t *testing.T) {
	for on, n := range nodes(t) {
		t.Run(on, func(t *testing.T) {
			var many []string
			for i := range 2000 {
				many = append(many, segmentName(i))
			}
			dir := archiveDir(t, many...)
			ctx, cancel := context.WithCancelCause(testContext(t))
			why := errors.New("enough")
			told := 0
			total, err := Clean(ctx, n, Cleaning{Dir: dir, Files: many}, func(Cleaned) {
				if told++; told == 10 {
					cancel(why)
				}
			})
			if !errors.Is(err, why) {
				t.Errorf("%v", err)
			}
			left := listNames(t, dir)
			if total.Files != told || total.Files < 10 || total.Files == len(many) || !slices.Equal(left, many[total.Files:]) {
				t.Errorf("%+v done, told of %d, %d left", total, told, len(left))
			}
		})
	}
}
