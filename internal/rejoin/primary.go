package rejoin

import (
	"fmt"
	"time"

	"pgrex/internal/message"
	"pgrex/internal/pg"
	"pgrex/internal/pg/wal"
)

// Start is whether a node may be started as primary.
type Start struct {
	// Refusals are what is wrong with the node's own data.
	Refusals []*message.Failure
	// Older is set when the other node's data is newer or has diverged. An
	// operator may decide that it is to be given up.
	Older *message.Failure
	// Warning is set when the server will not be up at once.
	Warning *message.Failure
	// Unrelated says that the peer has no data that could be compared: none
	// that can be read, or that of another database cluster.
	Unrelated bool
	// Replay is how many bytes of WAL recovery will read.
	Replay int64
}

// Allowed says whether nothing stands in the way.
func (s Start) Allowed() bool { return len(s.Refusals) == 0 && s.Older == nil }

// recoveryRate is how many bytes of WAL recovery gets through in a second where
// it is slow.
const recoveryRate = 32 << 20

// PrimaryStart decides whether a node may be started as primary: by its own
// data, and by that of the other node, which is nil when it cannot be looked
// at. What the cluster has on record of the nodes does not count: the record of
// a crashed primary is as old as its crash. The timeout is the one of the
// resource's start.
func PrimaryStart(own Local, peer *Local, peerName string, timeout time.Duration) Start {
	var s Start
	var no reasons
	switch {
	case !own.Exists:
		no.add(message.PST024, "path", own.Data)
	case own.Version != 0 && own.Installed != 0 && own.Version != own.Installed:
		no.add(message.PST025, "a", release(own.Version), "b", release(own.Installed))
	}
	if own.Exists && own.Control == nil {
		no.add(message.PST026, "path", own.Data)
	}
	if own.Unfinished != "" {
		no.add(message.PST015)
	}
	if own.BackupLabel {
		no.add(message.PST027, "path", own.Data)
	}
	s.Refusals = no
	if own.Control == nil {
		return s
	}
	if c := own.Control; c.State != pg.DBShutDown && c.State != pg.DBShutDownInRecovery {
		end, _ := own.position()
		s.Replay = int64(max(end, c.Redo) - c.Redo)
		if s.Replay > int64(timeout.Seconds()*recoveryRate) {
			s.Warning = message.Fail(message.PST028, "size", fmt.Sprintf("%d MiB", s.Replay>>20))
		}
	}
	if peer == nil {
		return s
	}
	if peer.Control == nil || peer.Control.SystemID != own.Control.SystemID {
		s.Unrelated = true
		return s
	}
	s.Older = older(own, *peer, peerName)
	return s
}

// older compares data of one database cluster. Without a readable history the
// numbers of the timelines have to do.
func older(own, peer Local, peerName string) *message.Failure {
	end, _ := peer.position()
	end = max(end, peer.Control.Checkpoint)
	ownEnd, known := own.position()
	newer := message.Fail(message.PST022, "peer", peerName, "tli", peer.timeline(), "lsn", end)
	at, on, relation := wal.Fork(own.Ancestry, peer.Ancestry)
	if len(own.Ancestry) == 0 || len(peer.Ancestry) == 0 {
		switch {
		case peer.timeline() > own.timeline():
			relation = wal.AncestorOf
		case peer.timeline() == own.timeline():
			relation = wal.Same
		default:
			relation = wal.DescendantOf
		}
	}
	switch relation {
	case wal.Diverged:
		return message.Fail(message.PST023, "tli", on, "lsn", at)
	case wal.AncestorOf:
		return newer
	case wal.Same:
		// Checkpoints count only where nothing better is known: a primary makes none
		// for some minutes after its promotion, and its standby may have one of before.
		if known && end > ownEnd || !known && end > own.Control.Checkpoint {
			return newer
		}
	}
	return nil
}
