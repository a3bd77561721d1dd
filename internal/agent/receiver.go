package agent

import (
	"context"
	"errors"
	"time"

	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// The values of the attribute R-receiver-status, which only shows and decides
// nothing (parameter check_wal_receiver).
const (
	receiverNormal  = "normal"
	receiverPrimary = "normal (master)"
	receiverError   = "ERROR"
)

// showReceiver tells whether this node's standby receives WAL.
func (a *Agent) showReceiver(ctx context.Context, server pg.ServerState) error {
	if !a.params.CheckWalReceiver {
		return nil
	}
	value := receiverError
	switch {
	case !server.InRecovery && a.params.RepMode != ocf.RepSlave:
		value = receiverPrimary
	case server.ReceiverStatus == "streaming", server.ReceiverStatus == pg.ReceiverHidden:
		value = receiverNormal
	}
	return a.setReceiver(ctx, value)
}

// showDown tells that a server that should run receives nothing. A probe is no
// such case: stop has removed the attribute, and nothing has come since.
func (a *Agent) showDown(ctx context.Context) error {
	if !a.params.CheckWalReceiver || a.call.Probe() {
		return nil
	}
	return a.setReceiver(ctx, receiverError)
}

// forgetReceiver removes the attribute of a server that goes down.
func (a *Agent) forgetReceiver(ctx context.Context) {
	if a.params.CheckWalReceiver {
		a.report(a.setReceiver(ctx, ""))
	}
}

// reportFollowing says in the log why a standby does not follow the primary
// that there is. Its server runs, so that monitor has nothing to complain of.
func (a *Agent) reportFollowing(server pg.ServerState) {
	switch {
	case server.ReceiverStatus != "streaming" && server.ReceiverStatus != pg.ReceiverHidden:
		why := a.pg.ReceiverComplaint()
		if why == "" {
			why = "the server's log tells why"
		}
		a.log.Warnf("this standby does not receive WAL from the primary: %s", why)
	case server.ReplayPaused:
		a.log.Warn("this standby receives WAL and does not replay it: replay is paused by somebody, or by a setting smaller than the primary's (max_connections and the like); the server's log tells which")
	}
}

func (a *Agent) setReceiver(ctx context.Context, value string) error {
	s, err := a.cluster(ctx)
	if err != nil {
		return err
	}
	name := a.attr("receiver-status")
	if n, ok := s.Node(a.node); ok && n.Attrs[name] == value {
		return nil
	}
	if value == receiverError {
		a.log.Warn("the standby receives no WAL")
	}
	return a.setAttribute(ctx, crm.Transient, a.node, name, value)
}

// connecting is how long a receiver may take to connect, longer than two monitors: one
// that needs so long because of a slow primary has to come to its end. One that was
// connecting when the address moved hears nothing any more, and waits for a minute or more.
const connecting = 20 * time.Second

// reconnect ends a receiver that was started longer ago than age and is not connected
// to the primary that there is: another one takes its place.
func (a *Agent) reconnect(age time.Duration) {
	ended, err := a.pg.EndReceiver(age)
	a.report(err)
	if ended {
		a.log.Info("the connection to the primary is made anew")
	}
}

// endSenders ends what this standby sends to nodes of the cluster. They had the
// primary's address for the primary's, as long as it was here; it is not, or not for
// long, and nobody answers from it. A sender that has come to the end of its timeline
// would wait for that answer without a pause, and take a processor until
// wal_sender_timeout.
func (a *Agent) endSenders(ctx context.Context) error {
	senders, err := a.senders(ctx)
	for _, pid := range a.sending(senders) {
		err = errors.Join(err, a.pg.EndProcess(pid))
	}
	return err
}

// senders are those of the server, which has a moment to tell.
func (a *Agent) senders(ctx context.Context) ([]pg.Sender, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	session, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	return session.Senders(ctx)
}
