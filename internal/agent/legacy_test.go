package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/ocf"
)

// Pacemaker 1.1 by stand-ins. Options, forms and exit statuses are those of
// tools/crm_mon.c and tools/crm_attribute.c of the releases 1.1.18 to 1.1.24.

// The test binary plays the tools of 1.1 where the environment asks for it.
func init() {
	tools := map[string]func(*record) int{"crm_mon": crmMonLegacy, "crm_attribute": crmAttributeLegacy}
	if tool, ok := tools[filepath.Base(os.Args[0])]; ok && os.Getenv("STANDIN_PACEMAKER") == "1.1" {
		call(tool)
	}
}

// unknownOption is what the tools of 1.1 do with an option that they do not have.
func unknownOption(known ...string) bool {
	for _, a := range os.Args[1:] {
		if strings.HasPrefix(a, "-") && !slices.Contains(known, a) && a != "-INFINITY" {
			tool := filepath.Base(os.Args[0])
			fmt.Fprintf(os.Stderr, "%s: unrecognized option '%s'\n%s - \nUsage: %s\nOptions:\n", tool, a, tool, tool)
			return true
		}
	}
	return false
}

func crmMonLegacy(r *record) int {
	if unknownOption("-1", "--one-shot", "-X", "--as-xml") {
		return 1
	}
	fmt.Printf("<?xml version=\"1.0\"?>\n<crm_mon version=\"1.1.24\">\n    <summary>\n        <stack type=\"corosync\" />\n")
	fmt.Printf("        <current_dc present=\"true\" version=\"1.1.24-8f22be2ae5\" name=\"node01\" id=\"1\" with_quorum=\"%t\" />\n", !r.NoQuorum)
	fmt.Printf("        <nodes_configured number=\"2\" expected_votes=\"unknown\" />\n")
	fmt.Printf("        <cluster_options stonith-enabled=\"%t\" symmetric-cluster=\"true\" no-quorum-policy=\"stop\" maintenance-mode=\"false\" />\n", r.Fencing)
	fmt.Printf("    </summary>\n    <nodes>\n")
	nodes := sorted(r.Online)
	for i, n := range nodes {
		fmt.Printf("        <node name=\"%s\" id=\"%d\" online=\"%t\" standby=\"false\" standby_onfail=\"false\" maintenance=\"false\" pending=\"false\" "+
			"unclean=\"%t\" shutdown=\"false\" expected_up=\"true\" is_dc=\"%t\" resources_running=\"1\" type=\"member\" />\n", n, i+1, r.Online[n], r.Unclean[n], i == 0)
	}
	fmt.Printf("    </nodes>\n    <resources>\n        <clone id=\"msPostgresql\" multi_state=\"true\" unique=\"false\" managed=\"true\" failed=\"false\" failure_ignored=\"false\" >\n")
	roles := map[string]string{"Promoted": "Master", "Unpromoted": "Slave"}
	for _, n := range sorted(r.Role) {
		fmt.Printf("            <resource id=\"pgsql\" resource_agent=\"ocf::linuxhajapan:pgsql\" role=\"%s\" active=\"true\" orphaned=\"false\" blocked=\"false\" "+
			"managed=\"true\" failed=\"false\" failure_ignored=\"false\" nodes_running_on=\"1\" >\n                <node name=\"%s\" id=\"1\" cached=\"false\"/>\n            </resource>\n", roles[r.Role[n]], n)
	}
	fmt.Printf("        </clone>\n    </resources>\n    <node_attributes>\n")
	for _, n := range nodes {
		if !r.Online[n] {
			continue // as the real one
		}
		fmt.Printf("        <node name=\"%s\">\n", n)
		for _, set := range []map[string]string{r.Transient[n], r.Permanent[n]} {
			for name, value := range set {
				fmt.Printf("            <attribute name=\"%s\" value=\"%s\" />\n", name, value) // not escaped, as the real one
			}
		}
		fmt.Printf("        </node>\n")
	}
	fmt.Printf("    </node_attributes>\n</crm_mon>\n")
	return 0
}

// crmAttributeLegacy ends with ENXIO for what is not there, where 2.0 and newer
// have 105; what is to be deleted and is not there is no failure of either.
func crmAttributeLegacy(r *record) int {
	if unknownOption("-l", "-N", "-n", "-v", "-D", "-G", "-q") {
		return 1
	}
	const noSuchDevice = 6
	node, known := r.Transient[flag("-N")]
	if flag("-l") == "forever" {
		node, known = r.Permanent[flag("-N")]
	}
	if !known {
		fmt.Fprintf(os.Stderr, "Could not map name=%s to a UUID\n", flag("-N"))
		return noSuchDevice
	}
	if value, there := node[flag("-n")]; has("-G") && there {
		fmt.Println(value)
		return 0
	} else if has("-G") {
		fmt.Fprintln(os.Stderr, "Error performing operation: No such device or address")
		return noSuchDevice
	}
	return crmAttribute(r)
}

// legacy is a site under Pacemaker 1.1: also what Pacemaker itself passes is
// that of old, and nothing of what came later.
type legacy struct{ *site }

func newLegacy(t *testing.T) legacy { return legacy{newSite(t)} }

func (l legacy) want(action string, code ocf.Code, extra ...string) answer {
	l.t.Helper()
	return l.site.want(action, code, append([]string{"STANDIN_PACEMAKER=1.1",
		"OCF_RA_VERSION_MINOR=0", "OCF_RESKEY_crm_feature_set=3.0.14",
		"OCF_RESKEY_CRM_meta_promoted_max=", "OCF_RESKEY_CRM_meta_promoted_node_max=", "HA_LOGD=no"}, extra...)...)
}

func (l legacy) monitor(code ocf.Code) {
	l.t.Helper()
	l.want("monitor", code, "OCF_RESKEY_CRM_meta_interval=10000")
}

// lists are the notify variables of 1.1, an empty one as one blank.
func (l legacy) lists(named map[string]string) []string {
	var env []string
	for _, name := range []string{"start", "stop", "promote", "demote", "active", "master", "slave"} {
		value := named[name]
		if value == "" {
			value = " "
		}
		env = append(env, "OCF_RESKEY_CRM_meta_notify_"+name+"_uname="+value)
	}
	return env
}

// The life of a node from its first start to its stop.
//
// Conformance: 94, 113, 114, 115 (PostgreSQL server)
func TestPacemaker11(t *testing.T) {
	t.Parallel()
	l := newLegacy(t)
	attrs := func(when, node, want string) {
		t.Helper()
		if got := l.record().attrs(node); got != want {
			t.Errorf("attributes of %s %s: %s\nwant %s", node, when, got, want)
		}
	}
	l.want("monitor", ocf.NotRunning)
	l.want("start", ocf.Success, l.lists(map[string]string{"start": "node01"})...)
	l.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
	attrs("after start", "node01", "master-pgsql=-INFINITY pgsql-status=HS:alone")

	l.monitor(ocf.Success)
	l.monitor(ocf.Success)
	attrs("after the vote", "node01", "master-pgsql=1000 pgsql-status=HS:alone pgsql-xlog-branch pgsql-xlog-loc")
	promote := l.lists(map[string]string{"promote": "node01", "slave": "node01", "active": "node01"})
	l.want("promote", ocf.Success, promote...)
	l.change(func(r *record) { r.Role["node01"] = "Promoted" })
	l.want("notify", ocf.Success, append(promote, "OCF_RESKEY_CRM_meta_notify_type=post", "OCF_RESKEY_CRM_meta_notify_operation=promote")...)
	l.monitor(ocf.RunningPromoted)
	attrs("after promote", "node01", "master-pgsql=1002 pgsql-master-baseline pgsql-status=PRI pgsql-data-status=LATEST")

	// The other node's standby: its role and its attributes come by way of crm_mon.
	l.change(func(r *record) {
		r.Role["node02"] = "Unpromoted"
		r.Transient["node02"]["master-pgsql"], r.Transient["node02"]["pgsql-status"] = "-INFINITY", "HS:alone"
	})
	l.join()
	l.monitor(ocf.RunningPromoted)
	attrs("beside a primary", "node02", "master-pgsql=100 pgsql-status=HS:sync pgsql-data-status=STREAMING|SYNC")
	if got := l.query("show synchronous_standby_names"); got != `"node02"` {
		t.Errorf("commits wait for %s", got)
	}

	// It leaves: crm_mon leaves its attributes out, the CIB still has the permanent ones.
	l.stopPeer()
	l.change(func(r *record) { r.Online["node02"] = false; delete(r.Role, "node02"); clear(r.Transient["node02"]) })
	l.monitor(ocf.RunningPromoted)
	attrs("gone", "node02", "pgsql-data-status=DISCONNECT")
	if got := l.query("show synchronous_standby_names"); got != "" {
		t.Errorf("commits wait for %s, which is gone", got)
	}

	// A lone primary is demoted, and stopped.
	down := l.lists(map[string]string{"demote": "node01", "stop": "node01", "master": "node01", "active": "node01"})
	l.want("demote", ocf.Success, down...)
	if l.lock() {
		t.Error("PGSQL.lock is left, and no other node can have newer data")
	}
	l.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
	l.want("stop", ocf.Success, down...)
	attrs("in the end", "node01", "master-pgsql=-INFINITY pgsql-status=STOP pgsql-data-status=LATEST")
	l.want("monitor", ocf.NotRunning)

	// No tool was asked in vain: a second try would cost every monitor a program.
	for _, call := range l.calls() {
		if strings.Contains(call, "--output-as") || strings.HasPrefix(call, "crm_attribute") && !strings.Contains(call, " -l ") {
			t.Errorf("ran %s", call)
		}
	}
}

// Under 1.1 a promoted instance is called Master: beside it no standby takes
// part in an election, or can be promoted.
//
// Conformance: 115 (PostgreSQL server)
func TestPacemaker11KnowsThePrimary(t *testing.T) {
	t.Parallel()
	l := newLegacy(t)
	l.want("start", ocf.Success)
	l.change(func(r *record) { r.Role["node01"] = "Unpromoted" })
	l.followed()
	l.monitor(ocf.Success)
	if got := l.record().attrs("node01"); got != "master-pgsql=100 pgsql-status=HS:sync pgsql-data-status=STREAMING|SYNC" {
		t.Errorf("attributes beside a primary: %s", got)
	}
	if a := l.want("promote", ocf.ErrGeneric); !strings.Contains(a.reason, "node02 is promoted already") {
		t.Errorf("reason: %s", a.reason)
	}
}
