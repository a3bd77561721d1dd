package doctor

// clusterChecks are those of the cluster definition.
func clusterChecks() []check { return nil }
