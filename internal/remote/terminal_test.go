package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal makes a pseudo terminal and returns both of its ends.
func terminal(t *testing.T) (person *os.File, device string) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	return person, fmt.Sprintf("/dev/pts/%d", n)
}

func echo(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// Conformance: AT-125 (unit)
func TestReadPassword(t *testing.T) {
	for _, tt := range []struct {
		name string
		act  func(person *os.File)
		want string
		err  error
	}{
		{"a line", func(p *os.File) { fmt.Fprintln(p, "secret word") }, "secret word", nil},
		{"end of input", func(p *os.File) { _, _ = p.Write([]byte{4}) }, "", io.EOF},
		{"interrupt", func(*os.File) { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) }, "", ErrInterrupted},
		{"termination", func(*os.File) { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) }, "", ErrInterrupted},
		{"hangup", func(*os.File) { _ = syscall.Kill(os.Getpid(), syscall.SIGHUP) }, "", ErrInterrupted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			person, device := terminal(t)
			// Somebody else has it open too, as a shell has.
			shell, err := os.OpenFile(device, os.O_RDWR|syscall.O_NOCTTY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer shell.Close()
			type answer struct {
				text string
				err  error
			}
			got := make(chan answer, 1)
			go func() {
				text, err := ReadPassword(device, "Password: ")
				got <- answer{text, err}
			}()
			for end := time.Now().Add(5 * time.Second); echo(t, shell); time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the echo stays on")
				}
			}
			tt.act(person)
			select {
			case a := <-got:
				if a.text != tt.want || !errors.Is(a.err, tt.err) {
					t.Errorf("%q, %v", a.text, a.err)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("no end")
			}
			if !echo(t, shell) {
				t.Error("the echo stays off")
			}
			// Nobody is left who takes what comes next.
			fmt.Fprintln(person, "next")
			next := make([]byte, 10)
			if n, err := shell.Read(next); string(next[:n]) != "next\n" {
				t.Errorf("the shell reads %q, %v", next[:n], err)
			}
			shown := make([]byte, 1000)
			n, _ := person.Read(shown)
			if text := string(shown[:n]); !strings.HasPrefix(text, "Password: ") || bytes.Contains(shown[:n], []byte("secret")) {
				t.Errorf("shown: %q", text)
			}
		})
	}
}

func TestReadPasswordWithoutTerminal(t *testing.T) {
	for _, device := range []string{"/dev/null", "/no/such/device"} {
		if _, err := ReadPassword(device, "Password: "); !errors.Is(err, ErrNoTerminal) {
			t.Errorf("%s: %v", device, err)
		}
	}
}
