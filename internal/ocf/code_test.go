package ocf

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCodeOf(t *testing.T) {
	inner := Errorf(ErrInstalled, "no pg_ctl: %w", io.EOF)
	tests := []struct {
		name string
		err  error
		want Code
	}{
		{"nil", nil, Success},
		{"plain", io.EOF, ErrGeneric},
		{"given", inner, ErrInstalled},
		{"wrapped", fmt.Errorf("cannot start: %w", inner), ErrInstalled},
		{"outermost wins", Errorf(ErrGeneric, "cannot start: %w", inner), ErrGeneric},
		{"joined: most severe", errors.Join(io.EOF, Errorf(ErrPerm, "a"), wrong("pgport", "x", "y"), Errorf(ErrInstalled, "b")), ErrConfigured},
		{"joined: none given", errors.Join(io.EOF), ErrGeneric},
		{"parameter", wrong("pgport", "x", "y"), ErrConfigured},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := CodeOf(tt.err); got != tt.want {
				t.Errorf("got %d (%v), want %d", got, got, tt.want)
			}
		})
	}
	if !errors.Is(inner, io.EOF) {
		t.Error("Errorf does not wrap its cause")
	}
}

func TestCodeString(t *testing.T) {
	for code, want := range map[Code]string{NotRunning: "not running", DegradedPromoted: "degraded promoted", 42: "exit status 42"} {
		if got := code.String(); got != want {
			t.Errorf("%d: got %q, want %q", int(code), got, want)
		}
	}
}

func TestFirstReason(t *testing.T) {
	long := strings.Repeat("長", 300)
	tests := []struct {
		name string
		err  error
		code Code
		want string
	}{
		{"nil", nil, Success, ""},
		{"one", Errorf(ErrPerm, "cannot write"), ErrPerm, "cannot write"},
		{"order 6 5 4 2 3 1", errors.Join(Errorf(ErrGeneric, "g"), Errorf(ErrUnimplemented, "u"), Errorf(ErrArgs, "a"),
			Errorf(ErrPerm, "p"), Errorf(ErrInstalled, "i"), Errorf(ErrConfigured, "c")), ErrConfigured, "c (and 5 more)"},
		{"2 before 3 and 1", errors.Join(Errorf(ErrGeneric, "g"), Errorf(ErrUnimplemented, "u"), Errorf(ErrArgs, "a")), ErrArgs, "a (and 2 more)"},
		{"first of equals", errors.Join(wrong("a", "1", "x"), wrong("b", "2", "y")), ErrConfigured, `cannot use a="1": must be x (and 1 more)`},
		{"nested joins, nil among them", errors.Join(errors.Join(nil, io.EOF), nil, errors.Join(Errorf(ErrArgs, "a"), io.EOF)), ErrArgs, "a (and 2 more)"},
		{"line breaks", errors.New("a\n b\r\nc"), ErrGeneric, "a b c"},
		{"long Japanese text", errors.Join(errors.New(long), io.EOF), ErrGeneric, strings.Repeat("長", 200-len("... (and 1 more)")) + "... (and 1 more)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, got := FirstReason(tt.err)
			if code != tt.code || got != tt.want {
				t.Errorf("got %d %q\nwant %d %q", code, got, tt.code, tt.want)
			}
			if n := utf8.RuneCountInString(got); n > 200 {
				t.Errorf("%d characters", n)
			}
		})
	}
}
