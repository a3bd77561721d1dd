package doctor

import (
	"pgrex/internal/conf"
	"pgrex/internal/crm"
	"pgrex/internal/definition"
	"pgrex/internal/message"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
	"pgrex/internal/resource"
)

// Fact is something that was looked for: its value, or why it is not known. The
// zero Fact is not known.
type Fact[T any] struct {
	Known bool
	Value T      `json:",omitzero"`
	Why   Phrase `json:",omitzero"` // it is not known
}

// Found is a fact.
func Found[T any](v T) Fact[T] { return Fact[T]{Known: true, Value: v} }

// Missing is one that could not be found out.
func Missing[T any](id message.ID, args ...any) Fact[T] { return Fact[T]{Why: say(id, args...)} }

// fact is the usual way to get one.
func fact[T any](v T, err error) Fact[T] {
	if err != nil {
		return Fact[T]{Why: literal(err.Error())}
	}
	return Found(v)
}

// Case is all that checks go by.
type Case struct {
	// Nodes are those that were looked at: the own one first, and the peer
	// where both were asked for.
	Nodes []Node
	// Database is the PostgreSQL resource of the definition.
	Database Fact[Database]
	// Definition is the running one, the one that a stopped cluster has left, or
	// that of a file.
	Definition Fact[Definition]
	// Running is the running definition beside that of a file; the same as
	// Definition without a file.
	Running Fact[Definition]
	// Cluster is how the cluster is, unknown while Pacemaker is stopped.
	Cluster Fact[crm.Overview]
	// Conf is the configuration of the commands. What was not given has its default.
	Conf Fact[conf.Config]
	Lans conf.Lans // this node's addresses and the peer's
	// Connect says that connections to other hosts were tried.
	Connect bool
	// Clock is how far the peer's clock is from this node's, see [MeasureClock].
	Clock Fact[Clock]
}

// Database is the PostgreSQL resource.
type Database struct {
	Resource string // id of the primitive
	Params   ocf.Params
	// Given are the parameters as the definition has them: what is not there
	// has its default in Params.
	Given    map[string]string
	Settings pg.Settings // of its server, without the ids of the user
}

// NewDatabase is the PostgreSQL resource that a primitive defines. What cannot be
// used in its parameters has its default: what is wrong with them is for the
// checks of the definition to say.
func NewDatabase(d crm.Definition) Database {
	params, _ := ocf.ParseParams(resource.Env(d))
	return Database{Resource: d.Resource, Params: params, Given: d.Params, Settings: resource.Settings(params, pg.User{Name: params.PgDBA})}
}

// Definition is a cluster definition and where it is from.
type Definition struct {
	definition.Definition
	// Source names where it is from: a file, or "cibadmin -Q".
	Source string
	// CIB is the whole CIB as XML, nil for a file of crmsh.
	CIB []byte
}

// Node is a node and what was found out on it.
type Node struct {
	Name string // as the cluster has it, or the address of a peer that does not answer
	Own  bool
	// Facts are not known when the node could not be asked.
	Facts Fact[Facts]
}

// Facts are what was found out on a node.
type Facts struct {
	Root   bool // found out with the rights of root
	Server Server
	System System
}

// eachNode makes a check on every node that could be asked, and says of the
// others why not.
func eachNode(c *Case, do func(n Node, f Facts) []Finding) []Finding {
	var all []Finding
	for _, n := range c.Nodes {
		if !n.Facts.Known {
			all = append(all, notKnown(n.Name, n.Facts.Why))
			continue
		}
		for _, f := range do(n, n.Facts.Value) {
			if f.Node == "" {
				f.Node = n.Name
			}
			all = append(all, f)
		}
	}
	return all
}

// bothNodes makes a check that compares the nodes. Where only one was asked for
// it is skipped; of a node that does not answer it says why not.
func bothNodes(c *Case, do func(own, peer Node) []Finding) []Finding {
	if len(c.Nodes) < 2 {
		return skipped()
	}
	for _, n := range c.Nodes {
		if !n.Facts.Known {
			return []Finding{notKnown(n.Name, n.Facts.Why)}
		}
	}
	return do(c.Nodes[0], c.Nodes[1])
}

// notKnown is a finding of nothing but why there is none.
func notKnown(node string, why Phrase) Finding {
	if why.IsZero() {
		why = say(message.DRU005)
	}
	return Finding{State: Unknown, Node: node, Found: why}
}

// skipped is the answer of a check that was not asked for.
func skipped() []Finding { return []Finding{{State: Skipped}} }

// needs says of the first fact that is not known why not. A check returns what
// it gets.
func needs(node string, facts ...interface{ missing() (Phrase, bool) }) []Finding {
	for _, f := range facts {
		if why, missing := f.missing(); missing {
			return []Finding{notKnown(node, why)}
		}
	}
	return nil
}

func (f Fact[T]) missing() (Phrase, bool) { return f.Why, !f.Known }
