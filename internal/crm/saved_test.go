package crm

import (
	"context"
	"strings"
	"testing"
)

func TestSavedNodes(t *testing.T) {
	saved, err := ParseSavedNodes(fixture(t, "cibadmin-2.1.5-query.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if n, known := saved.Node("NODE02"); !known || n.Name != "node02" || n.ID != "2" {
		t.Errorf("%+v, %t", n, known)
	}
	for node, want := range map[string]string{"node01": "LATEST", "node02": "STREAMING|SYNC", "node0": "", "1": ""} {
		if got := saved.DataStatus("pgsql", node); got != want {
			t.Errorf("%s: %q, want %q", node, got, want)
		}
	}
	if got := saved.DataStatus("pgsq", "node01"); got != "" {
		t.Errorf("of another resource: %q", got)
	}
}

// Names with the characters that XML has its own way of writing, attributes in
// any order, sets under any id and used by more than one node.
func TestSavedNodesAsXML(t *testing.T) {
	const text = `<?xml version="1.0"?><cib><configuration><nodes>
<node uname="a&amp;b" id='7'><instance_attributes id="x"><nvpair value="STREAMING&#124;SYNC" name="p-data-status" id="y"/></instance_attributes></node>
<node id="8" uname="node08"><instance_attributes id-ref="x"/></node>
<node id="9" uname="node09"/>
</nodes></configuration><status><node_state uname="node09"><transient_attributes><instance_attributes>
<nvpair name="p-data-status" value="no"/></instance_attributes></transient_attributes></node_state></status></cib>`
	saved, err := ParseSavedNodes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for node, want := range map[string]string{"a&b": "STREAMING|SYNC", "node08": "STREAMING|SYNC", "node09": ""} {
		if got := saved.DataStatus("p", node); got != want {
			t.Errorf("%s: %q, want %q", node, got, want)
		}
	}
	for text, want := range map[string]string{"": "cannot read", "<cib/>": "no configuration", "<x><configuration/></x>": "no configuration"} {
		if _, err := ParseSavedNodes([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCIB(t *testing.T) {
	r := &recorder{answers: map[string]answer{"cibadmin": {text: []byte("<cib/>")}}}
	if text, err := (&Client{Run: r}).CIB(context.Background()); err != nil || string(text) != "<cib/>" {
		t.Errorf("%q, %v", text, err)
	}
	r.want(t, "cibadmin -Q")
	r.answers["cibadmin"] = answer{err: exit(102)}
	if _, err := (&Client{Run: r}).CIB(context.Background()); err == nil || !strings.HasPrefix(err.Error(), "cannot read the CIB: ") {
		t.Errorf("error %v", err)
	}
}
