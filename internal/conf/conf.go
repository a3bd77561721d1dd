// Package conf reads /etc/pg-rex_tools.conf: its syntax, its keys in the
// spellings of both generations, what is wrong with it, and which of its
// addresses are this node's. What corosync.conf and a password file have to
// add is read here too. Whether what the file names exists in the cluster is
// not looked at.
package conf

import (
	"cmp"
	"slices"

	"pgrex/internal/message"
)

// Problem is something wrong with the configuration, or worth saying about it.
type Problem struct {
	ID   message.ID
	Args []any // names and values in turn, as for [message.Printer.Text]
	Line int   // of the file, 0 when no line is to blame

	step step
}

// Text is the problem for an operator to read, with its line where one is known.
func (p Problem) Text(printer message.Printer) string {
	text := printer.Text(p.ID, p.Args...)
	if p.Line == 0 || p.ID == message.CFG020 || p.ID == message.CFG021 {
		return text // these two name the line themselves
	}
	return printer.Text(message.CFG019, "line", p.Line, "text", text)
}

// IsError says whether the configuration cannot be used as it is.
func (p Problem) IsError() bool { return p.ID.Kind() == message.Error }

// step is the place of a check among all checks of the configuration.
type step int

const (
	stepSyntax step = iota
	stepRequired
	stepArchiveDir
	stepStonith
	stepStandbyIP
	stepPassMode
	stepPeerPassFile
	stepBackupPassFile
	stepStonithIDs
	stepDLAN
	stepICLAN
	stepLocateDLAN
	stepLocateICLAN
	stepClusterName
	stepPrograms
	stepOther
)

// InOrder sorts problems that several functions have found into the order in
// which the checks are specified.
func InOrder(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.step, b.step) })
	return problems
}
