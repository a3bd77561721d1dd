package definition

// Alerts are the paths of the programs that Pacemaker starts when something
// happens.
func (d Definition) Alerts() []string {
	var paths []string
	for _, section := range d.configuration.named("alerts") {
		for _, alert := range section.named("alert") {
			paths = append(paths, alert.attr("path"))
		}
	}
	return paths
}
