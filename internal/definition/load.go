package definition

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pgrex/internal/run"
)

// Installed is the target that the Pacemaker of this node makes new clusters
// for. It needs no cluster.
func Installed(ctx context.Context, r run.Runner) (Target, error) {
	res, err := r.Run(ctx, run.Command{Argv: []string{"cibadmin", "--empty"}})
	if err != nil {
		return Target{}, fmt.Errorf("cannot find the schema of Pacemaker: %w", err)
	}
	root, err := parseXML(res.Stdout)
	if err != nil {
		return Target{}, fmt.Errorf("cannot find the schema of Pacemaker: %w", err)
	}
	return NewTarget(root.attr("validate-with"))
}

// InvalidError is what crm_verify has to say against a CIB.
type InvalidError struct{ Detail string }

func (e *InvalidError) Error() string { return "crm_verify: " + e.Detail }

// Verify has Pacemaker check a whole CIB. The CIB goes through a pipe: it may
// have passwords in it, which must be neither in an argument list nor in a file.
//
// Only errors count. crm_verify ends with the same status after warnings, which
// "startup-fencing=false" is enough for, and says in its last line what it was.
func Verify(ctx context.Context, r run.Runner, cib []byte) error {
	_, err := r.Run(ctx, run.Command{Argv: []string{"crm_verify", "-V", "-p"}, Stdin: cib})
	var exit *run.ExitError
	if errors.As(err, &exit) && exit.Status > 0 {
		if strings.Contains(exit.Stderr, "Warnings found during check") {
			return nil
		}
		return &InvalidError{firstError(exit.Stderr)}
	}
	if err != nil {
		return fmt.Errorf("cannot verify the definition: %w", err)
	}
	return nil
}

// firstError is the first line that names an error; what comes after it often
// follows from it.
func firstError(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range lines {
		if strings.Contains(line, "error") {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return strings.TrimSpace(lines[0])
}

// Load replaces the configuration of a cluster that runs no resources yet by the
// definition, in one transaction of the CIB, and leaves the state of the cluster
// alone: with its scope, cibadmin does the same from Pacemaker 1.1 to 3. The
// words are those of the schema that the running CIB has, which a replacement of
// this scope keeps. For a cluster in use there is [Change].
//
// The nodes that the cluster knows stay known. What the definition says of a
// node is taken over, without the data status: that is a state of the cluster
// which the file was once taken from.
func Load(ctx context.Context, r run.Runner, d Definition) error {
	current, err := Query(ctx, r)
	if err != nil {
		return err
	}
	target, err := NewTarget(current.attr("validate-with"))
	if err != nil {
		return err
	}
	configuration := d.translated(target)
	nodes := current.section("configuration").section("nodes")
	if err := d.mergeNodes(configuration.section("nodes"), nodes); err != nil {
		return err
	}
	_, err = r.Run(ctx, run.Command{
		Argv: []string{"cibadmin", "-R", "-o", "configuration", "-p"}, Stdin: configuration.text(),
	})
	if err != nil {
		return fmt.Errorf("cannot load the definition: %w", err)
	}
	return nil
}

// mergeNodes makes the nodes of a definition those of the cluster.
func (d Definition) mergeNodes(defined, current *element) error {
	var merged []*element
	for _, node := range current.named("node") {
		merged = append(merged, newElement("node", "id", node.attr("id"), "uname", node.attr("uname"), "type", node.attr("type")))
	}
	for _, node := range defined.named("node") {
		same := func(e *element) bool { return strings.EqualFold(e.attr("uname"), node.attr("uname")) }
		i := slices.IndexFunc(merged, same)
		if i < 0 {
			return fmt.Errorf("the cluster does not know node %s of the definition", node.attr("uname"))
		}
		merged[i].children = node.children
		if text := node.attr("description"); text != "" {
			merged[i].set("description", text)
		}
		d.dropDataStatus(merged[i])
	}
	defined.children = merged
	return nil
}

func (d Definition) dropDataStatus(node *element) {
	for _, set := range node.named("instance_attributes") {
		set.children = slices.DeleteFunc(set.children, func(pair *element) bool {
			name, ok := strings.CutSuffix(pair.attr("name"), "-data-status")
			_, known := d.Primitive(name)
			return ok && known
		})
	}
}
