// Package ocf speaks the OCF resource agent interface: how Pacemaker calls an
// agent, what it passes in the environment, and what the agent answers.
//
// It owns the exit statuses and the errors that carry them, the call and its
// notify variables, the table of parameters with everything made from it
// (parsing, checks, meta-data), the exit reason and the log. It starts no
// programs and knows neither PostgreSQL's nor Pacemaker's.
package ocf

import (
	"fmt"
	"slices"
)

// Code is an OCF exit status. The numbers and their meaning are those of the
// "OCF resource agent API 1.1".
type Code int

// The exit statuses. What the cluster does about each is in "Pacemaker
// Explained", section "OCF Return Codes"; where that text and the scheduler
// differ (status 1), the scheduler counts.
const (
	Success          Code = 0   // done; monitor: running, and not promoted
	ErrGeneric       Code = 1   // counted, then restarted here or elsewhere
	ErrArgs          Code = 2   // a value that this node cannot work with
	ErrUnimplemented Code = 3   // unknown action
	ErrPerm          Code = 4   // a right is missing on this node
	ErrInstalled     Code = 5   // a program or file is missing on this node
	ErrConfigured    Code = 6   // wrong on every node: stopped everywhere
	NotRunning       Code = 7   // certainly nothing alive
	RunningPromoted  Code = 8   // monitor: running and promoted
	FailedPromoted   Code = 9   // is or may be promoted, and broken
	Degraded         Code = 190 // counts as 0
	DegradedPromoted Code = 191 // counts as 8
)

var codeNames = map[Code]string{
	Success:          "success",
	ErrGeneric:       "generic error",
	ErrArgs:          "invalid argument",
	ErrUnimplemented: "unimplemented",
	ErrPerm:          "insufficient permission",
	ErrInstalled:     "not installed",
	ErrConfigured:    "not configured",
	NotRunning:       "not running",
	RunningPromoted:  "running promoted",
	FailedPromoted:   "failed promoted",
	Degraded:         "degraded",
	DegradedPromoted: "degraded promoted",
}

// String names the status in the words of the OCF text.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("exit status %d", int(c))
}

// Error carries the exit status that the cluster is to act on. It is made
// where it is known what the cluster should do next.
type Error struct {
	Code Code
	Err  error
}

// Error is the text of the cause: the status has a channel of its own.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Code.String()
	}
	return e.Err.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an *[Error]; the rest is as in fmt.Errorf, %w included.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}

// CodeOf is the exit status that an error asks for: the outermost one given,
// of several joined errors the most severe, ErrGeneric where none was given,
// and Success for nil.
func CodeOf(err error) Code {
	if err == nil {
		return Success
	}
	if code, ok := codeIn(err); ok {
		return code
	}
	return ErrGeneric
}

func codeIn(err error) (Code, bool) {
	switch e := err.(type) { //nolint:errorlint // walks the chain itself to find the outermost
	case *Error:
		return e.Code, true
	case *ParamError:
		return e.Code, true
	case interface{ Unwrap() error }:
		return codeIn(e.Unwrap())
	case interface{ Unwrap() []error }:
		return codeAmong(e.Unwrap())
	}
	return ErrGeneric, false
}

func codeAmong(errs []error) (code Code, found bool) {
	for _, err := range errs {
		c, ok := codeIn(err)
		if ok && (!found || severity(c) < severity(code)) {
			code, found = c, true
		}
	}
	return code, found
}

// severityOrder has the status that asks most of the cluster first. Reporting
// a lesser one would make Pacemaker try the other nodes in turn for a mistake
// that is in the configuration of all of them.
var severityOrder = []Code{ErrConfigured, ErrInstalled, ErrPerm, ErrArgs, ErrUnimplemented, ErrGeneric}

func severity(c Code) int {
	if i := slices.Index(severityOrder, c); i >= 0 {
		return i
	}
	return len(severityOrder)
}

// FirstReason picks the status and the one line of text for the cluster from
// an error that may be several joined ones: the most severe, the first given
// of equals, and how many more there are. Success and "" for nil.
func FirstReason(err error) (Code, string) {
	all := flatten(err)
	if len(all) == 0 {
		return Success, ""
	}
	first := all[0]
	for _, e := range all[1:] {
		if severity(CodeOf(e)) < severity(CodeOf(first)) {
			first = e
		}
	}
	suffix := ""
	if more := len(all) - 1; more > 0 {
		suffix = fmt.Sprintf(" (and %d more)", more)
	}
	return CodeOf(first), cut(oneLine(first.Error()), maxReason-len(suffix)) + suffix
}

// flatten lists what errors.Join has joined, at any depth. Whatever wraps a
// joined error on its way up has said something about all of it and stays whole.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // only the outermost counts
		var all []error
		for _, e := range j.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	return []error{err}
}
