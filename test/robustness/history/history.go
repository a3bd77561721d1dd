// Package history judges what clients of a database have noted: every request
// with its begin, its end and its answer. It knows neither the lab nor the
// database, only what has to be true of the notes and of what is there at the end.
package history

import (
	"fmt"
	"slices"
	"time"
)

// Answer is what a client knows of a request afterwards.
type Answer string

// The answers.
const (
	OK      Answer = "ok"
	Failed  Answer = "failed"  // it has certainly changed nothing
	Unknown Answer = "unknown" // it may have happened, or may still happen
)

// Operation is a kind of request.
type Operation string

// The operations.
const (
	Write    Operation = "write"    // one numbered row
	Move     Operation = "transfer" // between two accounts
	Append   Operation = "append"   // to the list of a key, which it also returns
	Read     Operation = "read"     // of the list of a key, on the primary
	Snapshot Operation = "snapshot" // of all accounts and a list, on a standby
)

// Request is one request of a client.
type Request struct {
	Client  string    `json:"client"`
	Session int       `json:"session,omitempty"` // its connection, counted from 1
	Op      Operation `json:"op"`
	// ID is the row's number, the transfer's number or the value that is appended.
	ID int64 `json:"id,omitempty"`
	// From, To and Amount are those of a transfer.
	From   int `json:"from,omitempty"`
	To     int `json:"to,omitempty"`
	Amount int `json:"amount,omitempty"`
	// Key and Values are a list's; Sum is that of all accounts.
	Key    int       `json:"key,omitempty"`
	Values []int64   `json:"values,omitempty"`
	Sum    int64     `json:"sum,omitempty"`
	Begin  time.Time `json:"begin"`
	End    time.Time `json:"end"`
	Answer Answer    `json:"answer"`
	Error  string    `json:"error,omitempty"`
}

func (r Request) String() string {
	const clock = "15:04:05.000"
	return fmt.Sprintf("%s of %s (%s to %s)", r.Op, r.Client, r.Begin.UTC().Format(clock), r.End.UTC().Format(clock))
}

// of are the requests of some kinds.
func of(all []Request, ops ...Operation) []Request {
	var found []Request
	for _, r := range all {
		if slices.Contains(ops, r.Op) {
			found = append(found, r)
		}
	}
	return found
}

// few keeps a report short: the first finds say what there is to know.
func few(finds []error) []error {
	const most = 5
	if len(finds) > most {
		return append(finds[:most:most], fmt.Errorf("and %d more of this kind", len(finds)-most))
	}
	return finds
}
