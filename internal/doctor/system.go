package doctor

import "context"

// System are the facts about a node beside its PostgreSQL.
type System struct{}

// systemChecks are those of the operating system.
func systemChecks() []check { return nil }

func gatherSystem(context.Context, In) System { return System{} }
