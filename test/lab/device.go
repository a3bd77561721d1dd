package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

var deviceDir = filepath.Join(Root, "devices")

// AddDisk gives a running node a block device of its own, /dev/NAME, until its
// next boot. It is a file of the lab behind a loop device of the machine.
func (n *Node) AddDisk(ctx context.Context, name string, mebibytes int64) error {
	if err := os.MkdirAll(deviceDir, 0o755); err != nil {
		return err
	}
	file := n.diskFile(name)
	if err := removeDevices(ctx, file); err != nil { // that of the boot before
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(mebibytes << 20); err != nil {
		return err
	}
	out, err := run(ctx, "losetup", "--find", "--show", file)
	if err != nil {
		return fmt.Errorf("cannot make a disk for %s: %w", n.Name, err)
	}
	var st unix.Stat_t
	if err := unix.Stat(strings.TrimSpace(out), &st); err != nil {
		return err
	}
	if _, err := n.Run(ctx, "rm", "-f", "/dev/"+name); err != nil {
		return err
	}
	_, err = n.Run(ctx, "mknod", "/dev/"+name, "b",
		strconv.Itoa(int(unix.Major(st.Rdev))), strconv.Itoa(int(unix.Minor(st.Rdev))))
	return err
}

// LoseDisk takes the disk NAME from a running node: every access fails from now
// on, until the next AddDisk.
func (n *Node) LoseDisk(ctx context.Context, name string) error {
	return removeDevices(ctx, n.diskFile(name))
}

// OwnDisk moves a directory of a stopped server onto a new block device of the
// node, with an ext4 that has room for so many MiB more and goes read only when
// it finds an error. RemoveOwnDisk, or a loss of power, brings back what the
// directory was before.
func (n *Node) OwnDisk(ctx context.Context, name, dir string, room int64) error {
	used, err := n.used(ctx, dir)
	if err != nil {
		return err
	}
	const own = 32 // MiB that ext4 takes for itself, at most
	if err := n.AddDisk(ctx, name, used+room+own); err != nil {
		return err
	}
	if _, err := n.Run(ctx, "mkfs.ext4", "-q", "-m", "0", "/dev/"+name); err != nil {
		return err
	}
	return n.moveOnto(ctx, dir, "mount", "-o", "errors=remount-ro", "/dev/"+name)
}

// OwnMemoryDisk is OwnDisk with a file system in memory, of which only the size matters.
func (n *Node) OwnMemoryDisk(ctx context.Context, dir string, room int64) error {
	used, err := n.used(ctx, dir)
	if err != nil {
		return err
	}
	return n.moveOnto(ctx, dir, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", used+room), "pgrex-own")
}

// used is what a directory takes, in MiB.
func (n *Node) used(ctx context.Context, dir string) (int64, error) {
	out, err := n.Run(ctx, "du", "-sm", dir)
	if err != nil {
		return 0, err
	}
	var mebibytes int64
	_, err = fmt.Sscan(out, &mebibytes)
	return mebibytes, err
}

// moveOnto mounts with what mount and its arguments say, and puts the content of
// the directory there.
func (n *Node) moveOnto(ctx context.Context, dir string, mount ...string) error {
	const place = "/run/pgrex-own"
	for _, argv := range [][]string{
		{"mkdir", "-p", place},
		append(mount, place),
		{"cp", "-a", dir + "/.", place},
		{"mount", "--bind", place, dir},
		{"umount", place},
	} {
		if _, err := n.Run(ctx, argv...); err != nil {
			return err
		}
	}
	return nil
}

// RemoveOwnDisk undoes OwnMemoryDisk, and OwnDisk by its name, whatever became
// of the disk.
func (n *Node) RemoveOwnDisk(ctx context.Context, name, dir string) error {
	if _, err := n.Run(ctx, "mountpoint", "-q", dir); err == nil {
		if _, err := n.Run(ctx, "umount", dir); err != nil {
			return err
		}
	}
	if name == "" {
		return nil
	}
	loop, err := n.loop(name)
	if err != nil {
		return err
	}
	if _, err := run(ctx, "losetup", "--detach", "/dev/"+loop); err != nil {
		return fmt.Errorf("cannot detach %s: %w", loop, err)
	}
	if err := os.Remove(n.diskFile(name)); err != nil {
		return err
	}
	_, err = n.Run(ctx, "rm", "-f", "/dev/"+name)
	return err
}

// SpoilDisk makes the file system of OwnDisk find an error: from then on it is
// read only.
func (n *Node) SpoilDisk(name string) error {
	loop, err := n.loop(name)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("/sys/fs/ext4", loop, "trigger_fs_error"), []byte("the lab"), 0)
}

// shutDown is EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), and its
// EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h).
const (
	shutDown   = 0x8004587d
	noLogFlush = 2
)

// TakeDisk makes every access to the file system of OwnDisk an I/O error, as on
// a device that is gone.
func (n *Node) TakeDisk(dir string) error {
	pid := n.initPID()
	if pid == 0 {
		return &PowerError{Node: n.Name}
	}
	f, err := os.Open(filepath.Join("/proc", strconv.Itoa(pid), "root", dir))
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.IoctlSetPointerInt(int(f.Fd()), shutDown, noLogFlush)
}

func (n *Node) diskFile(name string) string { return filepath.Join(deviceDir, n.Name+"-"+name) }

// loop is the machine's name of a disk of AddDisk.
func (n *Node) loop(name string) (string, error) {
	backing, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return "", err
	}
	for _, path := range backing {
		if file, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(file)) == n.diskFile(name) {
			return strings.Split(path, "/")[3], nil
		}
	}
	return "", fmt.Errorf("%s has no disk %s", n.Name, name)
}

// removeDevices detaches the loop devices behind the files of a path, a file or
// a folder: those of a lab that was killed half-way too.
func removeDevices(ctx context.Context, below string) error {
	backing, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return err
	}
	for _, path := range backing {
		text, err := os.ReadFile(path)
		file := strings.TrimSpace(string(text))
		if err != nil || file != below && !strings.HasPrefix(file, below+"/") {
			continue
		}
		device := "/dev/" + strings.Split(path, "/")[3]
		if _, err := run(ctx, "losetup", "--detach", device); err != nil {
			return fmt.Errorf("cannot detach %s: %w", device, err)
		}
	}
	return nil
}
