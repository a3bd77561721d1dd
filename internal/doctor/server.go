package doctor

// Server are the facts about the PostgreSQL server of a node.
type Server struct{}

// serverChecks are those of PostgreSQL.
func serverChecks() []check { return nil }
