package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountRoot mounts the tmpfs that holds the nodes' disks. An overlay needs an
// upper folder on a file system that is not an overlay itself, which the
// machine's root may be.
func mountRoot() error {
	if err := os.MkdirAll(Root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("pgrex-lab", Root, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("cannot mount a tmpfs at %s: %w", Root, err)
	}
	// On machines where mounts are shared the nodes' mounts must not appear in
	// other mount namespaces, which would keep them busy after Down.
	if err := unix.Mount("", Root, "", unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cannot make %s private: %w", Root, err)
	}
	return nil
}

// mountDisk joins the base, read only, with the node's own folder.
func (n *Node) mountDisk() error {
	opts := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", n.base, n.upper(), n.work())
	if err := unix.Mount("pgrex-"+n.Name, n.root(), "overlay", 0, opts); err != nil {
		return fmt.Errorf("cannot mount the disk of %s: %w", n.Name, err)
	}
	return nil
}

// disk prepares a node's upper folder before it is mounted. Everything that is
// to hide or replace something of the base is written here, which costs nothing
// however much there is to hide.
type disk struct {
	base  base
	upper string
}

// dir makes a folder and its parents, with owner and mode of the base's folder
// of the same name: in an overlay the upper folder's count.
func (d disk) dir(path string) error {
	if path == "/" || path == "." {
		return nil
	}
	if _, err := os.Lstat(d.in(path)); err == nil {
		return nil
	}
	if err := d.dir(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(d.in(path), 0o755); err != nil {
		return err
	}
	st, err := os.Stat(d.base.in(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	owner := st.Sys().(*syscall.Stat_t)
	if err := os.Chown(d.in(path), int(owner.Uid), int(owner.Gid)); err != nil {
		return err
	}
	return os.Chmod(d.in(path), st.Mode())
}

// hide makes a folder appear empty in the node.
func (d disk) hide(path string) error {
	if err := d.dir(path); err != nil {
		return err
	}
	return unix.Setxattr(d.in(path), "trusted.overlay.opaque", []byte("y"), 0)
}

// ownDir makes a folder that the base need not have.
func (d disk) ownDir(path string, mode os.FileMode, owner string) error {
	if err := d.dir(path); err != nil {
		return err
	}
	if err := d.base.chown(d.in(path), owner); err != nil {
		return err
	}
	return os.Chmod(d.in(path), mode)
}

func (d disk) file(path, content string, mode os.FileMode, owner string) error {
	if err := d.dir(filepath.Dir(path)); err != nil {
		return err
	}
	return d.base.writeOwned(d.in(path), []byte(content), mode, owner)
}

func (d disk) link(path, target string) error {
	if err := d.dir(filepath.Dir(path)); err != nil {
		return err
	}
	return os.Symlink(target, d.in(path))
}

func (d disk) in(path string) string { return filepath.Join(d.upper, path) }

func (b base) writeOwned(path string, content []byte, mode os.FileMode, owner string) error {
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		return err
	}
	return b.chown(path, owner)
}
