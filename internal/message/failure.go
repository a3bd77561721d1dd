package message

import "errors"

// Failure is an error that an operator is to read: a numbered message, what is
// behind it, and how to go on.
type Failure struct {
	ID   ID
	Args []any // names and values in turn, as for [Printer.Text]
	// Lines are details that belong below the message: processes, files.
	Lines []string
	// Next is the command to type next; empty when there is none to name.
	Next string
	// Err is the cause, in English; nil when the message says it all.
	Err error
}

// Fail makes a failure.
func Fail(id ID, args ...any) *Failure { return &Failure{ID: id, Args: args} }

// Because adds the cause.
func (f *Failure) Because(err error) *Failure {
	f.Err = err
	return f
}

// Then adds the command to type next.
func (f *Failure) Then(command string) *Failure {
	f.Next = command
	return f
}

// With adds lines of detail.
func (f *Failure) With(lines ...string) *Failure {
	f.Lines = append(f.Lines, lines...)
	return f
}

// Error is the English text.
func (f *Failure) Error() string {
	s := string(f.ID) + ": " + Printer{}.Text(f.ID, f.Args...)
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.Err }

// IsFailure says whether err is, or is caused by, the failure of that number.
func IsFailure(err error, id ID) bool {
	var f *Failure
	return errors.As(err, &f) && f.ID == id
}
