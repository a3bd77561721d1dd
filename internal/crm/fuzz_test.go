package crm

import (
	"bytes"
	"encoding/xml"
	"reflect"
	"slices"
	"testing"
)

// Whatever a release calls a role, and however deep the instance stands.
func FuzzMonRoles(f *testing.F) {
	for _, role := range []string{"Master", "Slave", "Promoted", "Unpromoted", "Promoting", "Demoting", "Started", "Stopped", "", "master"} {
		f.Add("pgsql", role, "node01", true)
	}
	f.Add("pgsql:1", "Master", "Node 01", false)
	f.Add(":", "<&\"", "\x00\xff", true)
	f.Fuzz(func(t *testing.T, id, role, node string, active bool) {
		var text bytes.Buffer
		write := func(s string) {
			if err := xml.EscapeText(&text, []byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		text.WriteString(`<pacemaker-result><nodes><node name="n"/></nodes><resources><clone><group><resource id="`)
		write(id)
		text.WriteString(`" role="`)
		write(role)
		text.WriteString(`" active="`)
		if active {
			text.WriteString("true")
		}
		text.WriteString(`"><node name="`)
		write(node)
		text.WriteString(`"/></resource></group></clone></resources></pacemaker-result>`)
		s, err := ParseMon(text.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, text.Bytes())
		}
		if (len(s.Instances) == 1) != active {
			t.Fatalf("%+v, active %t", s.Instances, active)
		}
		if !active {
			return
		}
		i := s.Instances[0]
		if slices.Contains([]string{"Master", "Slave", "Promoting", "Demoting"}, i.Role) {
			t.Errorf("role %q", i.Role)
		}
		// Either way of a change of role the instance may be a primary.
		want := slices.Contains([]string{"Master", "Promoted", "Promoting", "Demoting"}, role)
		if got := s.Promoted(i.Resource, i.Node); got != want {
			t.Errorf("%q counts as promoted: %t", role, got)
		}
	})
}

// What cibadmin says is for the nodes that crm_mon has left out, and for them only.
func FuzzAddPermanent(f *testing.F) {
	f.Add(fixture(f, "cibadmin-2.1.5-nodes.xml"))
	f.Add([]byte(`<nodes/>`))
	f.Add([]byte(`<nodes><node uname="node01"/><node uname="node01"><instance_attributes><nvpair name="" value=""/></instance_attributes></node></nodes>`))
	f.Add([]byte(`<nodes><node uname="node02"><instance_attributes><nvpair name="pgsql-data-status"/></instance_attributes></node></nodes>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseMon(fixture(t, "crm_mon-2.0.5.xml"))
		if err != nil {
			t.Fatal(err)
		}
		before, err := ParseMon(fixture(t, "crm_mon-2.0.5.xml"))
		if err != nil {
			t.Fatal(err)
		}
		if s.addPermanent(text) != nil && !reflect.DeepEqual(s, before) {
			t.Errorf("an error, and yet\n%s", describe(s))
		}
		for i, n := range s.Nodes {
			if n.Attrs == nil || n.Online && !reflect.DeepEqual(n, before.Nodes[i]) {
				t.Errorf("%+v", n)
			}
		}
		if !reflect.DeepEqual(s.Instances, before.Instances) || len(s.Nodes) != len(before.Nodes) {
			t.Errorf("changed\n%s", describe(s))
		}
	})
}
