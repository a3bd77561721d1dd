package definition

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/crm"
)

const modelXML = `<cib validate-with="pacemaker-2.10"><configuration>
<crm_config><cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set>
 <cluster_property_set id="cib-bootstrap-options"><nvpair id="o2" name="stonith-enabled" value="true"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="a"><instance_attributes id="na"><nvpair id="na1" name="rack" value="r1"/></instance_attributes></node></nodes>
<resources>
 <template id="t" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="ti"><nvpair id="ti1" name="nic" value="eth0"/></instance_attributes>
  <operations><op id="to1" name="monitor" interval="10s" timeout="30s"/><op id="to2" name="stop" interval="0" on-fail="block"/></operations></template>
 <group id="g"><primitive id="p" template="t"><instance_attributes id="pi"><nvpair id="pi1" name="ip" value="10.0.0.1"/></instance_attributes>
  <operations><op id="po1" name="monitor" interval="10s" timeout="60s" role="Master"/></operations></primitive></group>
 <master id="m"><meta_attributes id-ref="shared"/><primitive id="q" class="ocf" provider="heartbeat" type="pgsql"><meta_attributes id="shared"><nvpair id="s1" name="notify" value="true"/></meta_attributes></primitive></master>
 <clone id="c"><meta_attributes id="cm"><nvpair id="cm1" name="promotable" value="true"/></meta_attributes><primitive id="f" class="stonith" type="fence_x"/></clone>
</resources>
<constraints>
 <rsc_order id="o-0" first="c" then="m" score="0"/>
 <rsc_order id="o-inf" first="m" first-action="promote" then="g" then-action="start" score="INFINITY" symmetrical="false"/>
 <rsc_order id="o-same" first="m" first-action="demote" then="g" kind="Serialize"/>
 <rsc_order id="o-set"><resource_set id="rs"><resource_ref id="g"/></resource_set></rsc_order>
 <rsc_colocation id="k" rsc="g" rsc-role="Started" with-rsc="m" with-rsc-role="Master" score="+INFINITY"/>
 <rsc_location id="l1" rsc="g" node="a" score="-INFINITY"/>
 <rsc_location id="l2" rsc="g"><rule id="r" score="2000000" role="Slave"><date_expression id="d" operation="gt" start="2026-01-01"/></rule><rule id-ref="r"/></rsc_location>
</constraints>
<fencing-topology><fencing-level id="fl" target="a" index="2" devices="f, x"/><fencing-level id="fp" target-pattern="b.*" index="1" devices="f"/></fencing-topology>
<op_defaults><meta_attributes id="od"><nvpair id="od1" name="timeout" value="70s"/></meta_attributes></op_defaults>
</configuration><status/></cib>`

func TestModel(t *testing.T) {
	d := read(t, []byte(modelXML))
	for what, c := range map[string]struct{ got, want any }{
		"orders": {d.Orders(), []Order{
			{ID: "o-0", First: "c", FirstAction: "start", Then: "m", ThenAction: "start", Kind: "Optional", Symmetrical: true},
			{ID: "o-inf", First: "m", FirstAction: "promote", Then: "g", ThenAction: "start", Kind: "Mandatory"},
			{ID: "o-same", First: "m", FirstAction: "demote", Then: "g", ThenAction: "demote", Kind: "Serialize"},
		}},
		"colocations": {d.Colocations(), []Colocation{{ID: "k", Resource: "g", With: "m", WithRole: "Promoted", Score: Infinity}}},
		"locations": {d.Locations(), []Location{
			{ID: "l1", Resource: "g", Node: "a", Score: -Infinity},
			{ID: "l2", Resource: "g", Role: "Unpromoted", Score: Infinity, Any: [][]Expression{{{}}}},
			{ID: "l2", Resource: "g", Role: "Unpromoted", Score: Infinity, Any: [][]Expression{{{}}}},
		}},
		"levels":     {d.Levels(), []Level{{"a", "2", []string{"f", "x"}}, {"", "1", []string{"f"}}}},
		"nodes":      {d.NodeAttributes(), map[string]map[string]string{"a": {"rack": "r1"}}},
		"properties": {d.Properties(), map[string]string{"stonith-enabled": "true"}},
		"default":    {d.OperationDefault("timeout"), "70s"},
		"no default": {d.OperationDefault("on-fail"), ""},
		"old words":  {d.OldWords(), []string{"Master", "Slave", "ms"}},
	} {
		if fmt.Sprintf("%#v", c.got) != fmt.Sprintf("%#v", c.want) {
			t.Errorf("%s:\n%#v\nwant\n%#v", what, c.got, c.want)
		}
	}
}

func TestResources(t *testing.T) {
	list := read(t, []byte(modelXML)).Resources()
	var ids []string
	byID := map[string]Resource{}
	for _, r := range list {
		ids = append(ids, r.Kind+":"+r.ID+"<"+r.Parent)
		byID[r.ID] = r
	}
	if want := "group:g< primitive:p<g clone:m< primitive:q<m clone:c< primitive:f<c"; strings.Join(ids, " ") != want {
		t.Errorf("%q", ids)
	}
	p := byID["p"]
	if p.Class != "ocf" || p.Type != "IPaddr2" || p.Params["nic"] != "eth0" || p.Params["ip"] != "10.0.0.1" {
		t.Errorf("%+v", p)
	}
	want := []crm.Operation{{Name: "monitor", Interval: "10s", Role: "Promoted", Timeout: "60s"}, {Name: "stop", Interval: "0", OnFail: "block"}}
	if !slices.Equal(p.Operations, want) {
		t.Errorf("%+v", p.Operations)
	}
	if m := byID["m"]; !m.Promotable || m.Meta["notify"] != "true" {
		t.Errorf("%+v", m)
	}
	if c := byID["c"]; !c.Promotable || byID["f"].Class != "stonith" {
		t.Errorf("%+v", c)
	}
}

// A rule that would take too much memory to look into is one that nobody knows.
func TestRuleOfManyParts(t *testing.T) {
	part := `<rule boolean-op="or">` + strings.Repeat(`<expression attribute="a" operation="defined"/>`, 20) + `</rule>`
	d := read(t, []byte(`<cib><configuration><constraints><rsc_location id="l" rsc="g"><rule score="1">`+strings.Repeat(part, 8)+
		`</rule></rsc_location></constraints></configuration></cib>`))
	if got := d.Locations()[0].Any; len(got) != 1 || got[0][0] != (Expression{}) {
		t.Errorf("%d ways", len(got))
	}
}
