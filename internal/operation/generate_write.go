package operation

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pgrex/internal/durable"
	"pgrex/internal/message"
)

// write writes all products or none: each goes to a temporary file beside its
// place, and gets its name when all of them are on the disk.
func (g *generator) write(products []product) {
	var ready []prepared
	defer func() {
		for _, p := range ready {
			os.Remove(p.temporary) // those that were not renamed
		}
	}()
	for _, p := range products {
		if p.name == "" {
			if _, err := io.WriteString(g.streams.Out, p.content); err != nil {
				g.add(message.ERR006, "name", "stdout", "err", systemReason(err))
			}
			continue
		}
		next, id, err := prepare(p)
		if err != nil {
			g.add(id, "name", p.name, "err", systemReason(err))
			return
		}
		if next.temporary != "" {
			ready = append(ready, next)
		}
	}
	for _, p := range ready {
		err := os.Rename(p.temporary, p.path)
		if err == nil {
			err = durable.SyncDir(filepath.Dir(p.path))
		}
		if err != nil {
			g.add(message.ERR006, "name", p.path, "err", systemReason(err))
			return
		}
	}
}

// prepared is a file on the disk that waits for its name.
type prepared struct{ temporary, path string }

// prepare writes a temporary file. What is no file, as /dev/null, is written
// itself. The number is that of the message for the error.
func prepare(p product) (prepared, message.ID, error) {
	path := p.name
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return prepared{}, message.ERR005, writeDevice(path, p.content)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return prepared{}, message.ERR005, err
	}
	_, err = f.WriteString(p.content)
	err = errors.Join(err, f.Chmod(p.mode), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
	}
	return prepared{f.Name(), path}, message.ERR006, err
}

func writeDevice(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err == nil && info.Mode()&fs.ModeDevice == 0 && info.Mode()&fs.ModeNamedPipe == 0 {
		f.Close()
		return errors.New("this is no file")
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}
