package remote

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var (
	// ErrNoTerminal says that there is nobody to ask.
	ErrNoTerminal = errors.New("no terminal")
	// ErrInterrupted says that a signal came while a password was awaited.
	ErrInterrupted = errors.New("interrupted by a signal")
)

// Terminal is the device of the terminal that a program was started from.
const Terminal = "/dev/tty"

// ReadPassword asks for a password on a terminal, which need not be the
// standard input, and turns its echo on again whatever happens. It returns
// [io.EOF] when the input ends.
func ReadPassword(tty, prompt string) (string, error) {
	f, err := os.OpenFile(tty, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return "", ErrNoTerminal
	}
	defer f.Close() // also ends a reading that nobody waits for
	before, err := termios(f, nil)
	if err != nil {
		return "", ErrNoTerminal
	}
	// Before the echo goes off, so that no signal ends the program in between.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)

	silent := *before
	silent.Lflag = silent.Lflag&^unix.ECHO | unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	if _, err := termios(f, &silent); err != nil {
		return "", err
	}
	defer func() {
		_, _ = termios(f, before)
		fmt.Fprintln(f) // the person's own was not shown
	}()
	fmt.Fprint(f, prompt)

	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(f).ReadString('\n')
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return strings.TrimRight(l.text, "\r\n"), l.err
	case <-signals:
		return "", ErrInterrupted
	}
}

// termios changes the settings of a terminal, or reads them with nil. It does
// not take the descriptor from the file, which could then not be interrupted.
func termios(f *os.File, set *unix.Termios) (now *unix.Termios, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	controlErr := conn.Control(func(fd uintptr) {
		if set != nil {
			err = unix.IoctlSetTermios(int(fd), unix.TCSETS, set)
		} else {
			now, err = unix.IoctlGetTermios(int(fd), unix.TCGETS)
		}
	})
	return now, errors.Join(err, controlErr)
}
