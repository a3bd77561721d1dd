package lab

import (
	_ "embed"
	"strings"
	"text/template"
)

// Definition is the canonical PG-REX cluster without fencing and without the disk
// check (storage-mon), which need devices that a container does not have by
// itself: see Variant. All else is as PG-REX prescribes.
type Definition struct {
	Nodes    []string
	Provider string // of the agent: linuxhajapan, or heartbeat for the shell agent and PAF
	PAF      bool   // see Variant
	PGBin    string
	dialect
}

// dialect is what Pacemaker before 2.1 calls otherwise.
type dialect struct {
	Schema   string // the oldest that knows the role's name; newer clusters upgrade it when they read it
	Promoted string // the name of the role
}

// promotedSchema is the oldest schema that knows the role Promoted.
const promotedSchema = "pacemaker-3.7"

//go:embed definition.xml.tmpl
var cibTemplate string

//go:embed definition.crm.tmpl
var crmTemplate string

// CIB renders the whole cluster configuration as XML: the cluster reads it at
// its first start, which saves the slow tools.
func (d Definition) CIB() (string, error) { return d.render("cib", cibTemplate) }

// CRM renders the same as crmsh text, for people.
func (d Definition) CRM() (string, error) { return d.render("crm", crmTemplate) }

func (d Definition) render(name, text string) (string, error) {
	t, err := template.New(name).Funcs(template.FuncMap{
		"join": strings.Join,
		// op renders an operation; on-fail may be empty.
		"op": operationXML,
	}).Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, d.values())
	return b.String(), err
}

func (d Definition) values() map[string]any {
	return map[string]any{
		"Nodes": d.Nodes, "Provider": d.Provider, "PAF": d.PAF, "PGBin": d.PGBin, "Schema": d.Schema, "Promoted": d.Promoted,
		"VIPMaster": VIPMaster, "VIPRep": VIPRep, "VIPSlave": VIPSlave, "Gateway": Gateway,
		"SLAN": SLAN.Device(), "DLAN": DLAN.Device(),
		"PGData": PGData, "PGPort": PGPort, "PGArchive": PGArchive, "ReplicationUser": replicationUser,
	}
}

// operationXML writes one op element; the id is made of what tells it from the others.
func operationXML(rsc, name, interval, timeout, onFail string, role ...string) string {
	id := rsc + "-" + name + "-" + interval
	attrs := `name="` + name + `" interval="` + interval + `" timeout="` + timeout + `"`
	if onFail != "" {
		attrs += ` on-fail="` + onFail + `"`
	}
	for _, r := range role {
		attrs += ` role="` + r + `"`
	}
	return `<op id="` + id + `" ` + attrs + `/>`
}

func (l *Lab) definition() Definition {
	d := Definition{Provider: "linuxhajapan", PAF: l.state.Variant.PAF, PGBin: l.state.PGBin, dialect: l.state.Base.dialect()}
	if l.state.Agent == "" {
		d.Provider = "heartbeat"
	}
	for _, n := range l.nodes {
		d.Nodes = append(d.Nodes, n.Name)
	}
	return d
}
