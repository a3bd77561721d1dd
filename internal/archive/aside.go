package archive

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"

	"pgrex/internal/node"
)

var moveAside = node.Define("archive-aside", func(_ context.Context, in receiveIn) (struct{}, error) {
	r := &receiver{in: in, notes: json.NewEncoder(io.Discard)}
	for _, name := range in.Aside {
		if err := r.putAside(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})

// PutAside moves files of the archive at To to where conflicting ones go.
func (c Copy) PutAside(ctx context.Context, names []string) error {
	_, err := moveAside.On(ctx, c.To, receiveIn{Dir: c.ToDir, Aside: names, AsideDir: c.AsideDir})
	return err
}
