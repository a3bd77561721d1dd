package ocf

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// operation is an action as the meta-data advise it. The timeouts are what
// pcs and crmsh propose and are the same as those of the shell agent.
type operation struct {
	name, timeout, interval, role string
}

// The role is "Promoted": the OCF API 1.1 and the schema that resource-agents
// ships know only the new names, pcs and crmsh translate for older Pacemakers,
// and the old ra-api-1.dtd takes any text.
var operations = []operation{
	{name: "start", timeout: "120s"},
	{name: "stop", timeout: "120s"},
	{name: "status", timeout: "60s"},
	{name: "monitor", timeout: "30s", interval: "30s"},
	{name: "monitor", timeout: "30s", interval: "29s", role: "Promoted"},
	{name: "promote", timeout: "120s"},
	{name: "demote", timeout: "120s"},
	{name: "notify", timeout: "90s"},
	{name: "meta-data", timeout: "5s"},
	{name: "validate-all", timeout: "5s"},
	{name: "methods", timeout: "5s"},
}

// reloadAgent takes over the parameters marked Reloadable while the server
// runs. It came with the OCF API 1.1.
var reloadAgent = operation{name: "reload-agent", timeout: "20s"}

const (
	agentShort = "Manages a PostgreSQL server, alone or in streaming replication"
	agentLong  = "Runs a PostgreSQL server as a cluster resource: a single one, or primary and standbys in streaming replication as a promotable clone."
)

// WriteMetadata writes the meta-data. The default of config in it lies in the
// data directory in effect.
//
// Who speaks the OCF API 1.1, as Pacemaker does from 2.1.0 on, is told of
// reload-agent; to others it is unknown, and to the old ra-api-1.dtd, by which
// ocf-tester judges, a mistake. Pacemaker uses it only with version 1.1.
//
// The document names no encoding, which makes it UTF-8: crmsh reads the text
// with a parser that refuses a text which names one.
//
// The descriptions are in English only. ra-api-1.dtd allows one description of
// the agent, the schema of resource-agents one of each parameter, and both pcs
// and crmsh take the first and do not look at its language.
func WriteMetadata(w io.Writer, env Env) error {
	doctype, api, actions := "<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n", "1.0", operations
	reloads := speaks11(env)
	if reloads {
		doctype, api, actions = "", "1.1", append(slices.Clone(operations), reloadAgent)
	}
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0"?>
` + doctype + `<resource-agent name="pgsql" version="1.0">
<version>` + api + `</version>
`)
	writeDescription(&b, agentLong, agentShort)
	b.WriteString("\n<parameters>\n")
	for _, p := range Table(env.Get("OCF_RESKEY_pgdata")) {
		reloadable := ""
		if reloads && p.Reloadable {
			reloadable = ` reloadable="1"`
		}
		fmt.Fprintf(&b, "<parameter name=%s unique=\"0\" required=\"0\"%s>\n", attribute(p.Name), reloadable)
		writeDescription(&b, p.Long, p.Short)
		fmt.Fprintf(&b, "<content type=%s default=%s/>\n</parameter>\n", attribute(p.Type), attribute(p.Default))
	}
	b.WriteString("</parameters>\n\n<actions>\n")
	for _, o := range actions {
		b.WriteString(o.xml())
	}
	b.WriteString("</actions>\n</resource-agent>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("cannot write the meta-data: %w", err)
	}
	return nil
}

// speaks11 says whether the caller knows the OCF API 1.1.
func speaks11(env Env) bool {
	return number(env.Get("OCF_RA_VERSION_MAJOR")) == 1 && number(env.Get("OCF_RA_VERSION_MINOR")) >= 1
}

func writeDescription(b *bytes.Buffer, long, short string) {
	fmt.Fprintf(b, "<longdesc lang=\"en\">\n%s\n</longdesc>\n", escape(long))
	fmt.Fprintf(b, "<shortdesc lang=\"en\">%s</shortdesc>\n", escape(short))
}

func (o operation) xml() string {
	s := "<action name=" + attribute(o.name)
	if o.name == "monitor" {
		s += ` depth="0"`
	}
	s += " timeout=" + attribute(o.timeout)
	if o.interval != "" {
		s += " interval=" + attribute(o.interval)
	}
	if o.role != "" {
		s += " role=" + attribute(o.role)
	}
	return s + "/>\n"
}

func attribute(s string) string { return `"` + escape(s) + `"` }

// escape is for texts and attributes. pgdata comes from the environment and
// may hold anything, so what XML cannot hold at all goes too.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(xmlText(s))
}

func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Methods lists the actions of the agent, as the action methods prints them.
func Methods() []string {
	return []string{
		"start", "stop", "status", "monitor", "promote", "demote",
		"notify", "methods", "meta-data", "validate-all",
	}
}

// Usage is the text for usage, help and a call without an action.
func Usage() string {
	return "usage: pgsql {" + strings.Join(Methods(), "|") + "|usage}\n" +
		"\n" +
		"Resource agent for PostgreSQL. Pacemaker passes the parameters in the\n" +
		"environment, as OCF_RESKEY_<parameter>; meta-data describes them.\n"
}
