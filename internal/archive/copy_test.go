package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

func segmentName(n int) string { return wal.Segment(n).File(1, mib) }

// segment is a segment's content, not to be compressed much.
func segment(n int) []byte {
	b := make([]byte, mib)
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	_, _ = r.Read(b)
	return b
}

func put(t *testing.T, dir, name string, b []byte, at time.Time) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.WriteFile(path, b, 0o640), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}

func content64(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zip(t *testing.T, name string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Name = name
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// directions are from the peer to here and from here to the peer.
func directions(t *testing.T) map[string]Copy {
	t.Helper()
	here, there := node.Node(node.Local{HostName: "here"}), peer(t)
	return map[string]Copy{
		"from the peer": {From: there, To: here},
		"to the peer":   {From: here, To: there},
	}
}

func (c Copy) over(t *testing.T) Copy {
	t.Helper()
	c.FromDir, c.ToDir, c.SegmentSize = archiveDir(t), archiveDir(t), mib
	c.AsideDir = AsideName(time.Date(2026, 2, 3, 4, 5, 6, 0, time.Local))
	return c
}

var (
	long  = time.Date(2026, 1, 1, 1, 1, 1, 500, time.UTC)
	later = long.Add(time.Hour)
)

// Conformance: AT-071, AT-108, AT-117 (unit)
func TestCopy(t *testing.T) {
	for name, c := range directions(t) {
		t.Run(name, func(t *testing.T) {
			c := c.over(t)
			c.Fork = &Position{1, 8 * mib}
			from, to := c.FromDir, c.ToDir
			for n := 1; n <= 9; n++ {
				put(t, from, segmentName(n), segment(n), long)
			}
			put(t, from, "00000002.history", []byte("1\t0/800000\tno reason\n"), long)
			put(t, from, segmentName(8)+".partial", segment(8), long)
			put(t, from, segmentName(2)+".00000028.backup", []byte("label"), long)
			put(t, from, segmentName(10)+".gz", zip(t, "a", segment(10)), long)
			put(t, from, segmentName(11)+".gz", zip(t, "a", segment(11)), long)
			put(t, from, segmentName(3)+".lzo", []byte("what"), long)
			put(t, from, "notes", []byte("mine"), long)
			for _, dir := range []string{"20240101_000000", ".pg-rex-conflict-20240101_000000"} {
				if err := os.Mkdir(filepath.Join(from, dir), 0o700); err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(from, dir), segmentName(1), segment(1), long)
			}
			if os.Geteuid() == 0 {
				if err := os.Chown(filepath.Join(from, segmentName(1)), 65534, 65534); err != nil {
					t.Fatal(err)
				}
			}
			put(t, to, segmentName(2), segment(2), long)                                  // there already
			put(t, to, segmentName(3), segment(3)[:4000], long)                           // cut off
			put(t, to, segmentName(4), segment(4), later)                                 // the same, archived by itself
			put(t, to, segmentName(8), segment(99), later)                                // of its own way
			put(t, to, segmentName(9), segment(98), later)                                // of its own way
			put(t, to, segmentName(10)+".gz", zip(t, "b", segment(10)), later)            // the same, other bytes
			put(t, to, "00000002.history", []byte("1\t0/800028\tanother reason\n"), long) // own promotion
			put(t, to, temporary+"1234", []byte("left over"), long)
			put(t, to, "mine", []byte("mine"), long)

			work, err := c.Prepare(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{segmentName(2) + ".00000028.backup", segmentName(8) + ".partial", "00000002.history",
				segmentName(1), segmentName(3), segmentName(5), segmentName(6), segmentName(7), segmentName(8), segmentName(9), segmentName(11) + ".gz"}
			if !slices.Equal(work.Fetch, want) {
				t.Errorf("to fetch\n%q, want\n%q", work.Fetch, want)
			}
			var done, aside []string
			var got int64
			err = c.Run(testContext(t), work, Watch{
				File:     func(n string) { done = append(done, n) },
				Aside:    func(n, dir string) { aside = append(aside, n+" in "+dir) },
				Progress: func(n, total int64) { got = n },
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(done, want) || got != work.Bytes {
				t.Errorf("done %q, %d bytes of %d", done, got, work.Bytes)
			}
			conflict := filepath.Join(to, ".pg-rex-conflict-20260203_040506")
			if len(aside) != 3 || aside[1] != segmentName(8)+" in "+conflict {
				t.Errorf("aside %q", aside)
			}
			for n, b := range map[string][]byte{segmentName(8): segment(99), segmentName(9): segment(98), "00000002.history": []byte("1\t0/800028\tanother reason\n")} {
				if !bytes.Equal(content64(t, conflict, n), b) {
					t.Errorf("%s put aside is not what it was", n)
				}
			}
			for _, n := range want {
				if !bytes.Equal(content64(t, from, n), content64(t, to, n)) {
					t.Errorf("%s differs", n)
				}
				a, errA := os.Stat(filepath.Join(from, n))
				b, errB := os.Stat(filepath.Join(to, n))
				if errA != nil || errB != nil {
					t.Fatal(errA, errB)
				}
				sa, sb := a.Sys().(*syscall.Stat_t), b.Sys().(*syscall.Stat_t)
				if a.Mode() != b.Mode() || sa.Uid != sb.Uid || sa.Gid != sb.Gid || !a.ModTime().Equal(b.ModTime()) {
					t.Errorf("%s: %v %v, %d:%d", n, b.Mode(), b.ModTime(), sb.Uid, sb.Gid)
				}
			}
			wantAll := append(slices.Clone(want), segmentName(2), segmentName(4), segmentName(10)+".gz", filepath.Base(conflict), "mine")
			slices.Sort(wantAll)
			if all := listNames(t, to); !slices.Equal(all, wantAll) {
				t.Errorf("there now\n%q, want\n%q", all, wantAll)
			}
			// Nothing is left to do, nor to compare.
			work, err = c.Prepare(testContext(t))
			if err != nil || len(work.Fetch) > 0 || len(work.Compare) > 0 {
				t.Errorf("again: %+v, %v", work, err)
			}
		})
	}
}

// Conformance: AT-071 (unit)
func TestCopyRefusesAContradiction(t *testing.T) {
	for fork, refused := range map[*Position]bool{nil: true, {1, 5 * mib}: true, {1, 4 * mib}: false, {1, 4*mib + 1}: false} {
		c := directions(t)["from the peer"].over(t)
		c.Fork = fork
		put(t, c.FromDir, segmentName(4), segment(4), long)
		put(t, c.ToDir, segmentName(4), segment(5), later)
		_, err := c.Prepare(testContext(t))
		if message.IsFailure(err, message.SST091) != refused || err != nil && !refused {
			t.Errorf("fork at %v: %v", fork, err)
		}
		if !bytes.Equal(content64(t, c.ToDir, segmentName(4)), segment(5)) {
			t.Error("the local file has changed")
		}
	}
}

// Conformance: AT-072 (unit)
func TestCopyWaitsForAGrowingFile(t *testing.T) {
	for name, c := range directions(t) {
		t.Run(name, func(t *testing.T) {
			c := c.over(t)
			put(t, c.FromDir, segmentName(1), segment(1), long)
			put(t, c.FromDir, segmentName(2), segment(2)[:1000], long)
			put(t, c.FromDir, segmentName(3), segment(3), long)
			go func() {
				f, err := os.OpenFile(filepath.Join(c.FromDir, segmentName(2)), os.O_WRONLY|os.O_APPEND, 0)
				if err != nil {
					return
				}
				defer f.Close()
				const steps = 30
				for b := range slices.Chunk(segment(2)[1000:], mib/steps) {
					time.Sleep(3 * time.Second / steps)
					_, _ = f.Write(b)
				}
			}()
			work, err := c.Prepare(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			var done []string
			if err := c.Run(testContext(t), work, Watch{File: func(n string) { done = append(done, n) }}); err != nil {
				t.Fatal(err)
			}
			if want := []string{segmentName(1), segmentName(3), segmentName(2)}; !slices.Equal(done, want) {
				t.Errorf("done in the order %q", done)
			}
			if !bytes.Equal(content64(t, c.ToDir, segmentName(2)), segment(2)) {
				t.Error("the copy is not complete")
			}
		})
	}
}

func quick(t *testing.T) {
	t.Helper()
	old := growingPause
	growingPause = 10 * time.Millisecond
	t.Cleanup(func() { growingPause = old })
}

// Files that never become complete.
//
// Conformance: AT-072 (unit)
func TestCopyLeavesOut(t *testing.T) {
	quick(t)
	broken := zip(t, "", segment(4))
	for name, c := range map[string]struct {
		file    string
		content []byte
		newer   bool // there is a newer segment
		want    message.ID
	}{
		"newest, short":         {segmentName(4), segment(4)[:10], false, ""},
		"short":                 {segmentName(4), segment(4)[:10], true, message.SST085},
		"long":                  {segmentName(4), append(segment(4), 1), true, message.SST085},
		"newest, gz cut off":    {segmentName(4) + ".gz", broken[:len(broken)-5], false, ""},
		"newest, gz of another": {segmentName(4) + ".gz", zip(t, "", segment(4)[:5]), false, ""},
		"empty gz":              {segmentName(4) + ".gz", nil, true, message.SST086},
		"empty history":         {"00000002.history", nil, true, message.SST086},
	} {
		t.Run(name, func(t *testing.T) {
			x := directions(t)["from the peer"].over(t)
			put(t, x.FromDir, c.file, c.content, long)
			put(t, x.FromDir, segmentName(1), segment(1), long)
			if c.newer {
				put(t, x.FromDir, segmentName(5), segment(5), long)
			}
			work, err := x.Prepare(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			var growing []string
			err = x.Run(testContext(t), work, Watch{Growing: func(n string) { growing = append(growing, n) }})
			if c.want == "" && (err != nil || !slices.Equal(growing, []string{c.file})) {
				t.Errorf("%v, growing %q", err, growing)
			}
			if c.want != "" && !message.IsFailure(err, c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if _, err := os.Stat(filepath.Join(x.ToDir, c.file)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it was copied: %v", err)
			}
			if _, err := os.Stat(filepath.Join(x.ToDir, segmentName(1))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEveryCompressionIsRead(t *testing.T) {
	for suffix, program := range map[string]string{".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".lz4": "lz4", ".zst": "zstd"} {
		path, err := exec.LookPath(program)
		if err != nil {
			if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
				t.Errorf("%s is needed", program)
			}
			t.Logf("without %s", program)
			continue
		}
		dir := archiveDir(t)
		put(t, dir, segmentName(1), segment(1), long)
		cmd := exec.Command(path, "-c", filepath.Join(dir, segmentName(1)))
		b, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, segmentName(1)+suffix, b, long)
		sums, err := Sums.On(testContext(t), node.Local{}, SumIn{dir, []string{segmentName(1), segmentName(1) + suffix}})
		if err != nil || sums[segmentName(1)] != sums[segmentName(1)+suffix] {
			t.Errorf("%s: %v, %v", suffix, sums, err)
		}
		s := sender{in: sendIn{Dir: dir, SegmentSize: mib, Newest: segmentName(1) + suffix}}
		for cut, want := range map[int]bool{0: true, 20: false, len(b) / 2: false} {
			put(t, dir, segmentName(1)+suffix, b[:len(b)-cut], long)
			n, _ := wal.ParseName(segmentName(1) + suffix)
			if got := s.complete(context.Background(), n, int64(len(b)-cut)); got != want {
				t.Errorf("%s without %d bytes: complete %v", suffix, cut, got)
			}
		}
	}
}

// Conformance: AT-073 (unit)
func TestInterruptedCopy(t *testing.T) {
	for name, c := range directions(t) {
		t.Run(name, func(t *testing.T) {
			c := c.over(t)
			for n := 1; n <= 40; n++ {
				put(t, c.FromDir, segmentName(n), segment(n), long)
			}
			c.MaxRate = 20 * mib
			work, err := c.Prepare(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(testContext(t))
			why := errors.New("enough")
			err = c.Run(ctx, work, Watch{Progress: func(done, _ int64) {
				if done > 5*mib+mib/2 {
					cancel(why)
				}
			}})
			if !errors.Is(err, why) {
				t.Errorf("%v", err)
			}
			complete := 0
			for _, n := range listNames(t, c.ToDir) {
				if strings.HasPrefix(n, temporary) {
					continue // it may just be being removed
				}
				complete++
				if !bytes.Equal(content64(t, c.ToDir, n), content64(t, c.FromDir, n)) {
					t.Errorf("%s is not complete", n)
				}
			}
			if complete < 4 || complete > 20 {
				t.Errorf("%d files are complete", complete)
			}
			// The next run takes up the rest.
			c.MaxRate = 0
			work, err = c.Prepare(testContext(t))
			if err != nil || len(work.Fetch) > 40-complete {
				t.Errorf("%d left to fetch, %v", len(work.Fetch), err)
			}
			if err := c.Run(testContext(t), work, Watch{}); err != nil {
				t.Fatal(err)
			}
			if got := listNames(t, c.ToDir); !slices.Equal(got, listNames(t, c.FromDir)) {
				t.Errorf("there now: %q", got)
			}
		})
	}
}

// Conformance: AT-073 (unit)
func TestDamagedOnTheWay(t *testing.T) {
	sum := sha256.Sum256([]byte("content"))
	right := hex.EncodeToString(sum[:])
	for name, c := range map[string]struct {
		size int64
		end  trailer
		ok   bool
	}{
		"whole":     {7, trailer{Sum: right}, true},
		"short":     {8, trailer{Sum: right}, false},
		"wrong sum": {7, trailer{Sum: right[1:] + "0"}, false},
		"given up":  {7, trailer{Sum: right, Err: "input/output error"}, false},
	} {
		dir := archiveDir(t)
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		h := header{Name: segmentName(1), Size: c.size, Mode: 0o600, Owner: strconv.Itoa(os.Geteuid()), Group: strconv.Itoa(os.Getegid())}
		err := errors.Join(writeLength(w, 7), writeAll(w, []byte("content")), writeLength(w, 0), writePart(w, c.end), w.Flush())
		if err != nil {
			t.Fatal(err)
		}
		r := receiver{in: receiveIn{Dir: dir}, r: bufio.NewReader(&b), notes: json.NewEncoder(io.Discard), ids: map[string]int{}}
		err = r.file(testContext(t), h)
		if left := len(listNames(t, dir)); (err == nil) != c.ok || (left == 1) != c.ok {
			t.Errorf("%s: %v, %d files", name, err, left)
		}
	}
}

func TestCopyThatCannotWrite(t *testing.T) {
	for name, c := range directions(t) {
		t.Run(name, func(t *testing.T) {
			c := c.over(t)
			put(t, c.FromDir, segmentName(1), segment(1), long)
			put(t, c.FromDir, segmentName(2), segment(2), long)
			work, err := c.Prepare(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(c.ToDir, segmentName(1)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := c.Run(testContext(t), work, Watch{}); err == nil || !strings.Contains(err.Error(), segmentName(1)) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCopyWhoseSenderDies(t *testing.T) {
	c := directions(t)["from the peer"].over(t)
	put(t, c.FromDir, segmentName(1), segment(1), long)
	work, err := c.Prepare(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	c.From = dyingPeer(t, mib/2)
	err = c.Run(testContext(t), work, Watch{})
	if err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("%v", err)
	}
	if got := without(listNames(t, c.ToDir), nil); slices.Contains(got, segmentName(1)) {
		t.Errorf("there now: %q", got)
	}
}

func TestCompareSkipsSegmentsOfAnOlderArchive(t *testing.T) {
	entry := func(name string) node.Entry { return node.Entry{Name: name, Size: mib, Regular: true} }
	p := Compare([]node.Entry{entry(segmentName(9))}, []node.Entry{entry(segmentName(3)), entry("00000002.history")})
	if !p.Newer || !slices.Equal(p.Fetch, []string{"00000002.history"}) {
		t.Errorf("%+v", p)
	}
}

func TestRate(t *testing.T) {
	c := directions(t)["from the peer"].over(t)
	for n := range 3 {
		put(t, c.FromDir, segmentName(n), segment(n), long)
	}
	c.MaxRate = 6 * mib
	work, err := c.Prepare(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := c.Run(testContext(t), work, Watch{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 450*time.Millisecond {
		t.Errorf("3 MiB at 6 MiB/s took %v", took)
	}
}

func ExampleAsideName() {
	fmt.Println(AsideName(time.Date(2026, 2, 3, 4, 5, 6, 0, time.Local)))
	// Output: .pg-rex-conflict-20260203_040506
}
