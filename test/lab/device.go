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
	file := n.disk(name)
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
	return removeDevices(ctx, n.disk(name))
}

func (n *Node) disk(name string) string { return filepath.Join(deviceDir, n.Name+"-"+name) }

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
