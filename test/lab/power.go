package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The power of the nodes. A fence agent runs in a node and has to reach what is
// outside of it: a process on the machine listens on a socket in a folder that
// every node sees, and takes power away as [Node.Kill] does and gives it as
// [Node.Boot] does. Agent and process are the lab's program, under other names.
const (
	// FenceAgent is the name of the fence agent in the nodes.
	FenceAgent = "fence_pgrex"
	// PowerCommand makes the lab's program the process that listens.
	PowerCommand = "power"

	powerFolder = "/var/lib/pgrex-power" // in the nodes
	socketName  = "socket"
	modeName    = "mode.json"
	logName     = "requests.log"
)

var powerDir = filepath.Join(Root, "power")

// fenceNames are those under which the agent is found: its own, and those of
// the devices of PG-REX, so that definitions work as they are delivered.
var fenceNames = []string{FenceAgent, "fence_ipmilan", "fence_kdump"}

// PowerMode is how the fencing device behaves.
type PowerMode struct {
	// Delay is how long a change of power takes.
	Delay time.Duration `json:"delay"`
	// Fail lists the nodes whose power cannot be changed; "*" stands for all.
	Fail []string `json:"fail"`
	// Lie makes the device say that it has changed the power, and do nothing.
	Lie bool `json:"lie"`
}

func (m PowerMode) fails(node string) bool {
	return slices.Contains(m.Fail, "*") || slices.Contains(m.Fail, node)
}

// SetPower makes the fencing device behave in another way from now on.
func (l *Lab) SetPower(m PowerMode) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(powerDir, 0o755); err != nil {
		return err
	}
	tmp := filepath.Join(powerDir, modeName+".new")
	if err := os.WriteFile(tmp, text, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(powerDir, modeName))
}

func powerMode() (m PowerMode, err error) {
	text, err := os.ReadFile(filepath.Join(powerDir, modeName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

// PowerRequest is what the fence agent asks for.
type PowerRequest struct {
	Action string `json:"action"` // on, off, reboot, status
	Node   string `json:"node"`
}

// PowerAnswer is what became of it.
type PowerAnswer struct {
	On    bool   `json:"on"`
	Error string `json:"error,omitempty"`
	Lie   bool   `json:"lie,omitempty"` // nothing was done
}

// PowerEvent is one request, as the process has noted it.
type PowerEvent struct {
	Time time.Time `json:"time"`
	PowerRequest
	PowerAnswer
}

// PowerEvents are the requests since a time that changed power, or tried to.
func (l *Lab) PowerEvents(since time.Time) ([]PowerEvent, error) {
	text, err := os.ReadFile(filepath.Join(powerDir, logName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var events []PowerEvent
	for line := range strings.Lines(string(text)) {
		var e PowerEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return nil, fmt.Errorf("cannot read the log of the power: %w", err)
		}
		if e.Action != "status" && !e.Time.Before(since) {
			events = append(events, e)
		}
	}
	return events, nil
}

// startPower starts the process that listens, and waits until it does.
func (l *Lab) startPower(ctx context.Context) error {
	if err := os.MkdirAll(powerDir, 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(powerDir, "output.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(l.state.Power, PowerCommand, "--folder="+powerDir)
	cmd.Stdout, cmd.Stderr = log, log
	// As the nodes, it outlives the command that has started it, and keeps
	// nothing of what that was handed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start the power of the nodes: %w", err)
	}
	go cmd.Wait()
	return Until(ctx, "the power of the nodes", Timeouts.Command, func(context.Context) (string, bool) {
		_, err := AskPower(ctx, filepath.Join(powerDir, socketName), PowerRequest{Action: "status", Node: l.nodes[0].Name})
		return fmt.Sprint(err), err == nil
	})
}

// AskPower sends one request and returns the answer.
func AskPower(ctx context.Context, socket string, r PowerRequest) (PowerAnswer, error) {
	var a PowerAnswer
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return a, err
	}
	if err := json.NewDecoder(conn).Decode(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// ServePower answers requests until the context ends: the process behind the
// fence agents of all nodes.
func ServePower(ctx context.Context) error {
	l, err := Open()
	if err != nil {
		return err
	}
	socket := filepath.Join(powerDir, socketName)
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", socket)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			var r PowerRequest
			if err := json.NewDecoder(bufio.NewReader(conn)).Decode(&r); err != nil {
				return
			}
			a := l.change(ctx, r)
			note(r, a)
			_ = json.NewEncoder(conn).Encode(a) // who has asked may be dead by now
		}()
	}
}

func note(r PowerRequest, a PowerAnswer) {
	text, err := json.Marshal(PowerEvent{time.Now(), r, a})
	if err != nil {
		return
	}
	log, err := os.OpenFile(filepath.Join(powerDir, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer log.Close()
	_, _ = log.Write(append(text, '\n'))
}

// change does what a power switch does, as the mode of the moment allows.
func (l *Lab) change(ctx context.Context, r PowerRequest) PowerAnswer {
	fail := func(err error) PowerAnswer { return PowerAnswer{Error: err.Error()} }
	n, err := l.Node(r.Node)
	if err != nil {
		return fail(err)
	}
	if r.Action == "status" {
		return PowerAnswer{On: n.Running()}
	}
	mode, err := powerMode()
	if err != nil {
		return fail(err)
	}
	if err := Pause(ctx, mode.Delay); err != nil {
		return fail(err)
	}
	switch {
	case mode.fails(n.Name):
		return fail(fmt.Errorf("the switch of %s does not answer", n.Name))
	case mode.Lie:
		return PowerAnswer{On: r.Action != "off", Lie: true}
	}
	if r.Action != "on" && n.Running() {
		var off *PowerError // somebody else was faster
		if err := n.Kill(ctx); err != nil && !errors.As(err, &off) {
			return fail(err)
		}
	}
	if r.Action != "off" && !n.Running() {
		// A switch does not wait for the system to boot.
		go func() { _ = n.Boot(ctx) }()
	}
	return PowerAnswer{On: r.Action != "off"}
}
