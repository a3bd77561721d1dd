package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

const cibFile = "/var/lib/pacemaker/cib/cib.xml"

// LoadDefinition puts the cluster's definition in place on the first node before
// its first start: Pacemaker reads it from its own file, and the nodes that
// join later get it from there.
func (l *Lab) LoadDefinition(ctx context.Context) error {
	n := l.nodes[0]
	return l.step(Step{ID: StepDefinition, Node: n.Name}, func() error {
		cib, err := l.CIB(l.state.Variant)
		if err != nil {
			return err
		}
		if err := n.WriteFile(cibFile, []byte(cib), 0o600, "hacluster"); err != nil {
			return err
		}
		if _, err := n.Run(ctx, "crm_verify", "--xml-file", cibFile); err != nil {
			return fmt.Errorf("the cluster's definition is not right: %w", err)
		}
		return nil
	})
}

// CIB is the definition of a cluster of this lab's nodes as XML.
func (l *Lab) CIB(v Variant) (string, error) {
	cib, err := l.definition().CIB()
	if err != nil {
		return "", err
	}
	return v.change(cib, l.definition().Nodes...)
}

// StartPrimary starts the cluster on the first node alone and waits until it is
// promoted and has the primary's addresses.
func (l *Lab) StartPrimary(ctx context.Context) error {
	n := l.nodes[0]
	return l.step(Step{ID: StepPrimary, Node: n.Name}, func() error {
		if err := n.StartCluster(ctx); err != nil {
			return err
		}
		return l.WaitPrimary(ctx, n, Timeouts.Primary)
	})
}

// WaitPrimary waits until the node is promoted and has both of the primary's addresses.
func (l *Lab) WaitPrimary(ctx context.Context, n *Node, timeout time.Duration) error {
	return l.WaitStatus(ctx, "promotion of "+n.Name, timeout, func(s Status) bool {
		return s.Primary() == n.Name && s.VIPs["vip-master"] == n.Name && s.VIPs["vip-rep"] == n.Name
	})
}

// WaitStandby waits until the node's instance replicates; the first standby of
// a cluster is then synchronous, a further one may be a candidate.
func (l *Lab) WaitStandby(ctx context.Context, n *Node, timeout time.Duration) error {
	return l.WaitStatus(ctx, "synchronous standby "+n.Name, timeout, func(s Status) bool {
		node := s.Nodes[n.Name]
		if node.Role != Unpromoted || s.Primary() == "" {
			return false
		}
		if l.state.Variant.PAF {
			return l.confirms(ctx, s.Primary(), n.Name)
		}
		status := node.Attributes["pgsql-status"]
		return l.state.Variant.streams(status) || (status == "HS:potential" || status == "HS:async") && s.hasSyncBeside(n.Name)
	})
}

// WaitStatus waits until the status of the cluster is as wanted.
func (l *Lab) WaitStatus(ctx context.Context, what string, timeout time.Duration, ok func(Status) bool) error {
	return Until(ctx, what, timeout, func(ctx context.Context) (string, bool) {
		s, err := l.Status(ctx)
		if err != nil {
			return err.Error(), false
		}
		return s.String(), ok(s)
	})
}

// JoinStandby rebuilds a node as a standby from the present primary and starts
// it: its cluster stack is stopped, its database and archive are thrown away.
func (l *Lab) JoinStandby(ctx context.Context, n *Node) error {
	if err := l.rebuild(ctx, n); err != nil {
		return err
	}
	return l.step(Step{ID: StepStandby, Node: n.Name}, func() error {
		if err := n.StartCluster(ctx); err != nil {
			return err
		}
		return l.WaitStandby(ctx, n, Timeouts.Standby)
	})
}

func (l *Lab) rebuild(ctx context.Context, n *Node) error {
	return l.step(Step{ID: StepBackup, Node: n.Name}, func() error {
		s, err := l.Status(ctx)
		if err != nil {
			return err
		}
		switch s.Primary() {
		case "":
			return errors.New("cannot rebuild a standby: there is no primary")
		case n.Name:
			return fmt.Errorf("cannot rebuild %s: it is the primary", n.Name)
		}
		if err := n.StopCluster(ctx); err != nil {
			return err
		}
		if err := n.emptyDatabase(ctx); err != nil {
			return err
		}
		source, err := l.backupSource(s)
		if err != nil {
			return err
		}
		// One connection string: pg_basebackup 17.0 did not use the password
		// file when host and user were options.
		conninfo := fmt.Sprintf("host=%s port=%d user=%s application_name=%s", source, PGPort, replicationUser, n.Name)
		_, err = n.RunAs(ctx, postgresMe, l.pg("pg_basebackup"), "-d", conninfo,
			"-D", PGData, "--waldir="+PGWal, "-X", "stream", "--checkpoint=fast", "--no-password")
		if err != nil {
			return err
		}
		// The tutorial removes the lock by hand: the data behind it is new.
		_, err = n.Run(ctx, "rm", "-f", LockFile)
		return err
	})
}

// backupSource is vip-rep where that is up, else the primary's own D-LAN address.
func (l *Lab) backupSource(s Status) (string, error) {
	if s.VIPs["vip-rep"] != "" {
		return VIPRep, nil
	}
	primary, err := l.Node(s.Primary())
	if err != nil {
		return "", err
	}
	return primary.Address(DLAN), nil
}

// emptyDatabase removes the node's database, WAL, archive and the agent's notes.
func (n *Node) emptyDatabase(ctx context.Context) error {
	_, err := n.Run(ctx, "find", filepath.Dir(PGData), filepath.Dir(PGWal), PGArchive, "-mindepth", "1", "-delete")
	return err
}
