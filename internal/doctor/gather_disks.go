package doctor

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Device is a disk that a check of disks names.
type Device struct {
	Exists, Block bool
	// Whole is false for a part of a disk: a partition, or a logical volume.
	Whole bool
	// Disks are the disks that it is made of.
	Disks []string
}

// Place is where a directory is, or would be made.
type Place struct {
	// Disks are those below it, none for a file system without a disk.
	Disks  []string
	Type   string // of the file system, as the kernel names it
	Exists bool
}

func (s seeker) device(name string) Device {
	var st unix.Stat_t
	if err := unix.Stat(s.root+name, &st); err != nil {
		return Device{}
	}
	d := Device{Exists: true, Block: st.Mode&unix.S_IFMT == unix.S_IFBLK}
	if !d.Block {
		return d
	}
	dir, err := s.block(uint64(st.Rdev))
	if err != nil {
		return d
	}
	d.Disks = s.disks(dir)
	d.Whole = !exists(dir+"/partition") && !slices.ContainsFunc([]string{"LVM-", "part"}, func(kind string) bool {
		uuid, _ := os.ReadFile(dir + "/dm/uuid") // only a device of the mapper has one
		return strings.HasPrefix(string(uuid), kind)
	})
	return d
}

// block is where the kernel describes a block device.
func (s seeker) block(number uint64) (string, error) {
	return filepath.EvalSymlinks(fmt.Sprintf("%s/sys/dev/block/%d:%d", s.root, unix.Major(number), unix.Minor(number)))
}

// disks are the disks that a device is made of: those of its slaves, the one
// that it is a partition of, or itself.
func (s seeker) disks(dir string) []string {
	if exists(dir + "/partition") {
		return s.disks(filepath.Dir(dir))
	}
	slaves, _ := filepath.Glob(dir + "/slaves/*")
	if len(slaves) == 0 {
		return []string{filepath.Base(dir)}
	}
	var all []string
	for _, slave := range slaves {
		if real, err := filepath.EvalSymlinks(slave); err == nil {
			all = append(all, s.disks(real)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// place finds the disks of a directory, of the nearest one that exists where
// it is still to be made.
func (s seeker) place(path string) Fact[Place] {
	var st unix.Stat_t
	there := exists(s.root + path)
	for {
		err := unix.Stat(s.root+path, &st)
		if err == nil {
			break
		}
		if path == "/" || !os.IsNotExist(err) {
			return fact(Place{}, err)
		}
		path = filepath.Dir(path)
	}
	number := uint64(st.Dev)
	kind, source := s.mount(number)
	if unix.Major(number) == 0 { // btrfs and its like, or none on a disk
		var of unix.Stat_t
		if err := unix.Stat(s.root+source, &of); !strings.HasPrefix(source, "/") || err != nil || of.Mode&unix.S_IFMT != unix.S_IFBLK {
			return Found(Place{Type: kind, Exists: there})
		}
		number = uint64(of.Rdev)
	}
	dir, err := s.block(number)
	if err != nil {
		return fact(Place{}, err)
	}
	return Found(Place{Disks: s.disks(dir), Type: kind, Exists: there})
}

// mount is the type of a mounted file system and what is mounted.
func (s seeker) mount(number uint64) (kind, source string) {
	f, err := os.Open(s.root + "/proc/self/mountinfo")
	if err != nil {
		return "", ""
	}
	defer f.Close()
	want := fmt.Sprintf("%d:%d", unix.Major(number), unix.Minor(number))
	for lines := bufio.NewScanner(f); lines.Scan(); {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		of, is := strings.Fields(before), strings.Fields(after)
		if len(of) > 2 && len(is) > 1 && of[2] == want {
			kind, source = is[0], is[1]
		}
	}
	return kind, source
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// sum tells files apart that may be great.
func sum(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
