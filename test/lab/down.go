package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Down removes the lab: processes, namespaces, mounts, files. It finds them by
// name and not from the state file, so it also cleans up after a lab that was
// killed half-way, and does nothing if there is nothing.
func Down(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return ErrNotRoot
	}
	if err := clear(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(Root); err != nil {
		return fmt.Errorf("cannot remove %s: %w", Root, err)
	}
	release()
	return nil
}

// clear removes all but the folder in which labs are mounted.
func clear(ctx context.Context) error {
	if err := killAll(ctx); err != nil {
		return err
	}
	if err := removeGroups(); err != nil {
		return err
	}
	if err := removeNamespaces(ctx); err != nil {
		return err
	}
	if err := removeDevices(ctx, deviceDir); err != nil {
		return err
	}
	if err := unmountBelow(Root); err != nil {
		return err
	}
	return removeNspawnFolders(nsPrefix + "*")
}

// removeNspawnFolders removes what systemd-nspawn keeps outside of a container
// and leaves behind when it is killed: from version 257 on also a small file
// system, in the way of the next container of that name.
func removeNspawnFolders(machine string) error {
	folders, err := filepath.Glob("/run/systemd/nspawn/*/" + machine)
	if err != nil {
		return err
	}
	for _, path := range folders {
		if err := unmountBelow(path); err != nil {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("cannot remove %s: %w", path, err)
		}
	}
	return nil
}

// killAll ends everything that lives in the lab: with a node's first process
// all of that node's end. Processes are looked for again until none is left.
func killAll(ctx context.Context) error {
	return Until(ctx, "end of all nodes", Timeouts.Die, func(context.Context) (string, bool) {
		pids := labProcesses()
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended meanwhile
		}
		thawAll()
		return fmt.Sprintf("processes %v", pids), len(pids) == 0
	})
}

func labProcesses() []int {
	pids := inNamespaces(namespaces()...)
	for _, p := range processes() {
		ours := p.isNspawn() && slices.ContainsFunc(p.argv, func(arg string) bool { return strings.HasPrefix(arg, "--directory="+Root+"/") }) ||
			p.depth == 0 && slices.Contains(p.argv, PowerCommand) && slices.Contains(p.argv, "--folder="+powerDir)
		if ours && !slices.Contains(pids, p.pid) {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// namespaces lists the lab's network namespaces that exist.
func namespaces() []string {
	paths, _ := filepath.Glob("/run/netns/" + nsPrefix + "*")
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

func removeNamespaces(ctx context.Context) error {
	var errs []error
	for _, name := range namespaces() {
		if _, err := run(ctx, "ip", "netns", "delete", name); err != nil {
			errs = append(errs, fmt.Errorf("cannot remove network namespace %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// unmountBelow unmounts a folder and everything below it, the last mounted first.
func unmountBelow(root string) error {
	mounts, err := mountsBelow(root)
	if err != nil {
		return err
	}
	slices.Reverse(mounts)
	for _, path := range mounts {
		err := unix.Unmount(path, 0)
		if errors.Is(err, unix.EBUSY) {
			// Somebody's shell stands in it: it goes when that shell leaves.
			err = unix.Unmount(path, unix.MNT_DETACH)
		}
		if err != nil {
			return fmt.Errorf("cannot unmount %s: %w", path, err)
		}
	}
	return nil
}

func mountsBelow(root string) ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 4 && (fields[4] == root || strings.HasPrefix(fields[4], root+"/")) {
			found = append(found, fields[4])
		}
	}
	return found, nil
}
