package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// state is what a second process needs to know of a running lab.
type state struct {
	Nodes   int       `json:"nodes"`
	Agent   string    `json:"agent"` // path of the agent's binary; empty: the shell agent
	Power   string    `json:"power"` // path of the program that switches the power; empty: none
	PGBin   string    `json:"pg_bin"`
	Base    base      `json:"base"`
	Variant Variant   `json:"variant"`
	Started time.Time `json:"started"`
	Ready   bool      `json:"ready"` // Up has come to its end
	Kept    bool      `json:"kept"`  // outlives the process that has brought it up
}

var stateFile = filepath.Join(Root, "state.json")

func (s state) save() error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	tmp := stateFile + ".new"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, stateFile)
}

func loadState() (state, error) {
	var s state
	data, err := os.ReadFile(stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, ErrNotRunning
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("cannot read %s: %w", stateFile, err)
	}
	return s, nil
}
