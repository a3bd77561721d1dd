package rehearsal

import (
	"fmt"
	"testing"
)

// A graph as Pacemaker 1.1 writes it: a node is fenced, and what waits for that
// directly, over a pseudo action, and not at all.
const graph11 = `<transition_graph cluster-delay="60s" stonith-timeout="60s" transition_id="0">
<synapse id="0"><action_set><crm_event id="40" operation="stonith" operation_key="stonith-node01-reboot" on_node="node01" on_node_uuid="1"/></action_set><inputs/></synapse>
<synapse id="1"><action_set><pseudo_event id="20" operation="demoted" operation_key="ms_demoted_0"/></action_set><inputs><trigger><crm_event id="40" operation="stonith"/></trigger></inputs></synapse>
<synapse id="2"><action_set><rsc_op id="10" operation="promote" operation_key="pgsql:1_promote_0" on_node="node02" on_node_uuid="2"><primitive id="pgsql:1" class="ocf" provider="heartbeat" type="pgsql"/></rsc_op></action_set>
  <inputs><trigger><pseudo_event id="20" operation="demoted"/></trigger></inputs></synapse>
<synapse id="3"><action_set><rsc_op id="11" operation="start" operation_key="vip_start_0" on_node="node02"><primitive id="vip"/></rsc_op></action_set>
  <inputs><trigger><rsc_op id="10" operation="promote"/></trigger></inputs></synapse>
<synapse id="4"><action_set><rsc_op id="12" operation="monitor" operation_key="vip_monitor_10000" on_node="node02"><primitive id="vip"/></rsc_op></action_set><inputs/></synapse>
<synapse id="5"><action_set><rsc_op id="5" operation="stop" operation_key="other_stop_0" on_node="node02"><primitive id="other"/></rsc_op></action_set><inputs/></synapse>
</transition_graph>`

func TestParseGraph(t *testing.T) {
	g, err := parseGraph([]byte(graph11))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range g.Actions {
		got = append(got, fmt.Sprint(a, a.AfterFencing))
	}
	want := "[stop other@node02 false fence @node01 false promote pgsql@node02 true start vip@node02 true]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v", got)
	}
	if _, err := parseGraph([]byte("Transition Summary:")); err == nil {
		t.Error("text is a graph")
	}
}
