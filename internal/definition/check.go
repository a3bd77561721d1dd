package definition

import (
	"errors"
	"slices"
	"strings"

	"pgrex/internal/message"
)

// Wanted is what a definition has to agree with.
type Wanted struct {
	Promotable string   // id of the promotable clone
	Primitive  string   // id of PostgreSQL in it
	Nodes      []string // names of the nodes of the cluster
	Resources  []string // all other ids that the configuration names
	Stonith    bool     // whether the configuration says that fencing is in use
}

// Problem is something that an operator has to be told.
type Problem struct {
	ID   message.ID
	Args []any // names and values in turn
}

// ProblemOf is the problem of a definition that [Read] refused.
func ProblemOf(err error) Problem {
	if e := (*LineError)(nil); errors.As(err, &e) {
		return Problem{message.PST037, []any{"line", e.Line, "text", e.Text}}
	}
	return Problem{message.PST032, []any{"detail", err}}
}

// required are the parameters that PG-REX does not work without.
var required = []string{"pgdata", "repuser", "master_ip", "node_list"}

// Check finds everything that speaks against loading the definition.
func (d Definition) Check(want Wanted) []Problem {
	var problems []Problem
	add := func(id message.ID, args ...any) { problems = append(problems, Problem{id, args}) }

	primitive, ok := d.Primitive(want.Primitive)
	if !ok {
		add(message.PST035, "id", want.Primitive)
	}
	if !d.HasResource(want.Promotable) || ok && (primitive.Clone != want.Promotable || !primitive.Promotable) {
		add(message.PST035, "id", want.Promotable)
	}
	for _, id := range want.Resources {
		if !d.HasResource(id) {
			add(message.PST035, "id", id)
		}
	}
	if ok {
		for _, name := range required {
			if strings.TrimSpace(primitive.Params[name]) == "" {
				add(message.PST031, "id", want.Primitive, "key", name)
			}
		}
		if named, same := d.sameNodes(want); !same {
			add(message.PST034, "a", strings.Join(named, " "), "b", strings.Join(want.Nodes, " "))
		}
	}
	if stonith := d.stonithEnabled(); stonith != want.Stonith {
		add(message.PST038, "a", stonith, "b", map[bool]string{true: "enable", false: "disable"}[want.Stonith])
	}
	return problems
}

// sameNodes compares the names of the definition with those of the cluster:
// node_list has them all, and no other is named anywhere. Case is of no
// importance, as for the agent.
func (d Definition) sameNodes(want Wanted) (named []string, same bool) {
	list := d.NodeList(want.Primitive)
	if len(list) == 0 {
		return nil, true // a missing parameter is a problem of its own
	}
	if !slices.Equal(sortedNames(list), sortedNames(want.Nodes)) {
		return list, false
	}
	all := d.Nodes()
	return all, slices.Equal(sortedNames(all), sortedNames(want.Nodes))
}

func sortedNames(names []string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strings.ToLower(n)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// stonithEnabled is the property as Pacemaker takes it: enabled unless it is
// said otherwise.
func (d Definition) stonithEnabled() bool {
	value, ok := d.Property("stonith-enabled")
	return !ok || isTrue(value)
}
