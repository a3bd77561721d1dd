package archive

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"pgrex/internal/node"
	"pgrex/internal/pg/wal"
)

// plain reads what was compressed with the program of a suffix.
func plain(suffix string, r io.Reader) (io.ReadCloser, error) {
	switch r = bufio.NewReader(r); suffix {
	case "":
		return io.NopCloser(r), nil
	case ".gz":
		return gzip.NewReader(r)
	case ".bz2":
		return io.NopCloser(bzip2.NewReader(r)), nil
	case ".xz":
		x, err := xz.NewReader(r)
		return io.NopCloser(x), err
	case ".lz4":
		return io.NopCloser(lz4.NewReader(r)), nil
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("%s is no known compression", suffix)
}

// content copies what a file of the archive holds, without the compression, and
// says how much that is.
func content(ctx context.Context, dir string, n wal.Name, to io.Writer) (int64, error) {
	f, err := os.Open(filepath.Join(dir, n.String()))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r, err := plain(n.Suffix, f)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.Copy(to, interruptible{ctx, r})
}

// interruptible is a reader that fails when ctx has ended.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(b []byte) (int, error) {
	if err := context.Cause(i.ctx); err != nil {
		return 0, err
	}
	return i.r.Read(b)
}

// SumIn names files of an archive.
type SumIn struct {
	Dir   string
	Files []string
}

// Sums are the check sums of what files hold. Compression is taken away first:
// two compressed copies of one file need not be the same bytes. A file that
// cannot be decompressed has the sum of its bytes.
var Sums = node.Define("archive-sums", func(ctx context.Context, in SumIn) (map[string]string, error) {
	sums := map[string]string{}
	for _, name := range in.Files {
		n, ok := wal.ParseName(name)
		if !ok {
			return nil, fmt.Errorf("%q is no file of an archive", name)
		}
		h := sha256.New()
		_, err := content(ctx, in.Dir, n, h)
		if err != nil && n.Suffix != "" && ctx.Err() == nil {
			h.Reset()
			var f *os.File
			if f, err = os.Open(filepath.Join(in.Dir, name)); err == nil {
				_, err = io.Copy(h, interruptible{ctx, f})
				f.Close()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		sums[name] = hex.EncodeToString(h.Sum(nil))
	}
	return sums, nil
})
