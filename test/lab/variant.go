package lab

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Variant is what a cluster's definition has otherwise than the manual's. The
// zero value is the manual's cluster. The text for people, /root/pgrex.crm,
// stays the manual's.
type Variant struct {
	// PAF is a cluster with the agent ocf:heartbeat:pgsqlms in place of any other, as its
	// manual's quick start has it: the administrator says for whom commits wait.
	PAF bool
	// Async is rep_mode=async: commits wait for nobody.
	Async bool
	// StopEscalate is the time that a fast shutdown gets, on a standby too. 0 is
	// as in the manual: an immediate one on a primary, and 90 s on a standby.
	StopEscalate time.Duration
	// Monitor is the interval of PostgreSQL's monitors, and MonitorTimeout their
	// limit, for tests that would do nothing but wait for them; 0: the manual's.
	// The gateway is then asked as often, and its answer believed after 1 s, not 5.
	Monitor, MonitorTimeout time.Duration
	// Unwatched is our agent without its watcher (watch_server=false).
	Unwatched bool
	// Silence is after how long a silent replication connection is given up (the
	// servers' wal_sender_timeout and wal_receiver_timeout); 0: the manual's 20 s.
	Silence time.Duration
	// Token is Corosync's; 0: 1 s.
	Token time.Duration
	// Refuses is a packet filter in the nodes that answers for a clients' address
	// which is not there (any more): connections to it are refused at once.
	Refuses bool
	// PriorityDelay is priority-fencing-delay; 0: 5 s, and [NoDelay] none.
	PriorityDelay time.Duration
	// Fencing is the manual's cluster with STONITH: a device for each node that
	// takes its power, an advantage for the primary's node, and the disk check.
	Fencing bool
}

// Quick is the variant with monitors, time-outs and the watch of the gateway a
// third as long as the manual's or less.
func (v Variant) Quick() Variant {
	v.StopEscalate, v.Monitor, v.MonitorTimeout, v.Silence = 10*time.Second, 3*time.Second, 15*time.Second, 6*time.Second
	return v
}

// Tuned is the variant with the profile of docs/tuning.md. What else that asks
// for, every cluster of the lab has.
func (v Variant) Tuned() Variant {
	v.Token, v.PriorityDelay, v.Refuses = 500*time.Millisecond, 2*time.Second, true
	v.Monitor, v.MonitorTimeout, v.Silence = 3*time.Second, 30*time.Second, 6*time.Second
	return v
}

// NoDelay is a priority-fencing-delay of 0 s.
const NoDelay time.Duration = -1

// refusal is the packet filter of docs/tuning.md.
const refusal = `table inet pgrex_moved {
	chain refuse {
		type filter hook prerouting priority raw;
		ip daddr { ` + VIPMaster + `, ` + VIPSlave + ` } tcp dport 5432 fib daddr type != local reject with tcp reset
	}
}
`

// settings are those of the servers that differ from the manual's.
func (v Variant) settings() string {
	if v.PAF {
		return "include = '" + pafSettings + "'\n"
	}
	if v.Silence == 0 {
		return ""
	}
	return fmt.Sprintf("wal_sender_timeout = %[1]s\nwal_receiver_timeout = %[1]s\nwal_receiver_status_interval = %s\n", v.Silence, v.Silence/3)
}

// change makes the manual's definition the variant's.
func (v Variant) change(cib string, nodes ...string) (string, error) {
	seconds := func(d time.Duration) string { return fmt.Sprintf("%d", int(d.Seconds())) }
	var from, to []string
	if v.PAF {
		const stickiness, threshold = `name="resource-stickiness" value="%s"`, `name="migration-threshold" value="%s"`
		from, to = append(from, fmt.Sprintf(stickiness, "200"), fmt.Sprintf(threshold, "1")),
			append(to, fmt.Sprintf(stickiness, "10"), fmt.Sprintf(threshold, "5"))
	}
	if v.Async {
		from, to = append(from, `name="rep_mode" value="sync"`), append(to, `name="rep_mode" value="async"`)
	}
	if v.StopEscalate > 0 {
		from, to = append(from, `name="stop_escalate" value="0"`), append(to, fmt.Sprintf(
			`name="stop_escalate" value="%[1]s"/><nvpair id="pgsql-stop_escalate_in_slave" name="stop_escalate_in_slave" value="%[1]s"`, seconds(v.StopEscalate)))
	}
	if v.Monitor > 0 {
		// Two monitors of one resource may not have the same interval.
		monitor := `<op id="pgsql-monitor-%s" name="monitor" interval="%s" timeout="%s"`
		from = append(from, fmt.Sprintf(monitor, "10s", "10s", "60s"), fmt.Sprintf(monitor, "9s", "9s", "60s"))
		to = append(to, fmt.Sprintf(monitor, "10s", seconds(v.Monitor+time.Second)+"s", seconds(v.MonitorTimeout)+"s"),
			fmt.Sprintf(monitor, "9s", seconds(v.Monitor)+"s", seconds(v.MonitorTimeout)+"s"))
		const ping, believed = `<op id="prmPing-monitor-10s" name="monitor" interval="%s"`, `<nvpair id="prmPing-debug" name="debug" value="true"/>`
		from = append(from, fmt.Sprintf(ping, "10s"), believed)
		to = append(to, fmt.Sprintf(ping, seconds(v.Monitor)+"s"), believed+`<nvpair id="prmPing-dampen" name="dampen" value="1s"/>`)
	}
	if v.Unwatched {
		const list = `<nvpair id="pgsql-node_list"`
		from, to = append(from, list), append(to, `<nvpair id="pgsql-watch_server" name="watch_server" value="false"/>`+list)
	}
	if v.Fencing {
		cib = strings.ReplaceAll(cib, `on-fail="block"`, `on-fail="fence"`)
		const enabled, unreachable = `name="stonith-enabled" value="%s"/>`, `<rule id="loc-pgsql-ping" score="-INFINITY" boolean-op="or">`
		from, to = append(from, fmt.Sprintf(enabled, "false"), "<resources>", "<constraints>", unreachable),
			append(to, fmt.Sprintf(enabled, "true")+fmt.Sprintf(fencingProperties, seconds(max(0, cmp.Or(v.PriorityDelay, 5*time.Second)))), "<resources>"+devices(nodes)+diskCheck(),
				"<constraints>"+notOnItself(nodes)+diskConstraints, unreachable+diskUnknown)
	}
	for i := range from {
		if strings.Count(cib, from[i]) != 1 {
			return "", fmt.Errorf("the cluster's definition does not have %s once", from[i])
		}
		cib = strings.Replace(cib, from[i], to[i], 1)
	}
	return cib, nil
}

// fencingProperties: of two nodes that shoot at each other, that of the primary
// does it first. The first node of all, which starts alone, does not shoot at
// those that it has never seen; see onceWhole.
const fencingProperties = `
        <nvpair id="opt-priority-fencing-delay" name="priority-fencing-delay" value="%ss"/>
        <nvpair id="opt-startup-fencing" name="startup-fencing" value="false"/>
        <nvpair id="opt-health" name="node-health-strategy" value="only-green"/>`

// SystemDisk is the name of the disk that a node has in a cluster with a disk
// check, in /dev.
const (
	SystemDisk     = "sda"
	systemDiskSize = 16 // MiB
)

func diskCheck() string {
	return fmt.Sprintf(`
      <clone id="clnStorage">
        <meta_attributes id="clnStorage-meta">
          <nvpair id="clnStorage-unhealthy" name="allow-unhealthy-nodes" value="true"/>
        </meta_attributes>
        <primitive id="storage-mon" class="ocf" provider="heartbeat" type="storage-mon">
          <instance_attributes id="storage-mon-params">
            <nvpair id="storage-mon-drives" name="drives" value="/dev/%s"/>
            <nvpair id="storage-mon-timeout" name="io_timeout" value="10"/>
          </instance_attributes>
          <operations>
            %s
            %s
            %s
          </operations>
        </primitive>
      </clone>`, SystemDisk, operationXML("storage-mon", "start", "0s", "120s", "restart"),
		operationXML("storage-mon", "monitor", "10s", "120s", "restart"), operationXML("storage-mon", "stop", "0s", "120s", "fence"))
}

const (
	diskUnknown = `
          <expression id="loc-pgsql-disk-undefined" attribute="#health-storage-mon" operation="not_defined"/>`
	diskConstraints = `
      <rsc_colocation id="col-pgsql-disk" score="INFINITY" rsc="msPostgresql" with-rsc="clnStorage"/>
      <rsc_order id="ord-disk-pgsql" kind="Optional" first="clnStorage" then="msPostgresql" symmetrical="false"/>`
)

func devices(nodes []string) string {
	var b strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&b, `
      <primitive id="fence-%[1]s" class="stonith" type="%[2]s">
        <instance_attributes id="fence-%[1]s-params">
          <nvpair id="fence-%[1]s-host" name="pcmk_host_list" value="%[1]s"/>
        </instance_attributes>
        <operations>
          %[3]s
          %[4]s
          %[5]s
        </operations>
      </primitive>`, n, FenceAgent, operationXML("fence-"+n, "start", "0s", "60s", "restart"),
			operationXML("fence-"+n, "monitor", "3600s", "60s", "restart"), operationXML("fence-"+n, "stop", "0s", "60s", "ignore"))
	}
	return b.String()
}

func notOnItself(nodes []string) string {
	var b strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&b, "\n      <rsc_location id=\"loc-fence-%[1]s\" rsc=\"fence-%[1]s\" node=\"%[1]s\" score=\"-INFINITY\"/>", n)
	}
	return b.String()
}

// streams says whether a status of a standby means that it is as current as
// the definition asks for.
func (v Variant) streams(status string) bool {
	return status == "HS:sync" || v.Async && status == "HS:async"
}
