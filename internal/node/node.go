// Package node does work on a node of the cluster: on this one, or on the peer
// through a helper, which is this program over there. An operation ([Op]) is a
// Go function with typed input and output that runs where the node is; who
// calls it need not know which of the two that is. Nothing that is asked of the
// peer passes through a shell, and what its login prints is never taken for an
// answer.
package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
)

// Node is where an operation is done.
type Node interface {
	// Name is the host name of the node (uname -n), which is its name in the cluster.
	Name() string
	// Do does an operation, for [Op.On].
	Do(ctx context.Context, op string, in []byte) ([]byte, error)
	// Open begins a stream, for [Stream.Open].
	Open(ctx context.Context, op string, in []byte) (io.ReadWriteCloser, error)
}

// operations and streams are what a helper can do, by name. They are filled
// while packages are initialised and only read afterwards.
var (
	operations = map[string]func(context.Context, []byte) (any, error){}
	streams    = map[string]func(context.Context, []byte, io.ReadWriter) error{}
)

// Op is an operation. In and Out travel as JSON.
type Op[In, Out any] struct{ name string }

// Define makes an operation known under a name, which is the same on both
// nodes. It is for package variables.
func Define[In, Out any](name string, do func(context.Context, In) (Out, error)) Op[In, Out] {
	if operations[name] != nil {
		panic("operation defined twice: " + name)
	}
	operations[name] = func(ctx context.Context, raw []byte) (any, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, fmt.Errorf("cannot read the input of %s: %w", name, err)
		}
		return do(ctx, in)
	}
	return Op[In, Out]{name}
}

// On does the operation on a node. Errors of the other side keep their class:
// [fs.ErrNotExist] and its like, [*run.ExitError] and [*message.Failure] are
// found in them.
func (o Op[In, Out]) On(ctx context.Context, n Node, in In) (Out, error) {
	var out Out
	raw, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("cannot send the input of %s: %w", o.name, err)
	}
	answer, err := n.Do(ctx, o.name, raw)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, fmt.Errorf("cannot read the answer of %s on %s: %w", o.name, n.Name(), err)
	}
	return out, nil
}

// Stream is an operation that goes on to speak over a connection.
type Stream[In any] struct{ name string }

// DefineStream is Define for a stream. The connection is closed when do
// returns; what went wrong has to be said on it.
func DefineStream[In any](name string, do func(context.Context, In, io.ReadWriter) error) Stream[In] {
	if streams[name] != nil {
		panic("stream defined twice: " + name)
	}
	streams[name] = func(ctx context.Context, raw []byte, conn io.ReadWriter) error {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return fmt.Errorf("cannot read the input of %s: %w", name, err)
		}
		return do(ctx, in, conn)
	}
	return Stream[In]{name}
}

// Open begins the stream on a node. The other side ends when it is closed.
func (s Stream[In]) Open(ctx context.Context, n Node, in In) (io.ReadWriteCloser, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("cannot send the input of %s: %w", s.name, err)
	}
	return n.Open(ctx, s.name, raw)
}

// Local is this node.
type Local struct{ HostName string }

// Name implements [Node].
func (l Local) Name() string { return l.HostName }

func (Local) Do(ctx context.Context, op string, in []byte) ([]byte, error) {
	out, err := perform(ctx, op, in)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func perform(ctx context.Context, op string, in []byte) (any, error) {
	do, ok := operations[op]
	if !ok {
		return nil, fmt.Errorf("this program does not know the operation %q: both nodes need the same release", op)
	}
	return do(ctx, in)
}

func (Local) Open(ctx context.Context, op string, in []byte) (io.ReadWriteCloser, error) {
	do, ok := streams[op]
	if !ok {
		return nil, fmt.Errorf("this program does not know the stream %q: both nodes need the same release", op)
	}
	here, there := net.Pipe()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer cancel()
		defer there.Close()
		_ = do(ctx, in, there)
	}()
	// Who closes it may end the program: what the stream does last comes first.
	return &closing{ReadWriteCloser: here, then: func() { cancel(); <-ended }}, nil
}

// closing does something more when a stream is closed.
type closing struct {
	io.ReadWriteCloser
	then func()
}

func (c *closing) Close() error {
	err := c.ReadWriteCloser.Close()
	c.then()
	return err
}
