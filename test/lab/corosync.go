package lab

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// corosyncConf is two heartbeat rings without encryption: nobody else is on
// these networks. The two-node settings let one node go on alone, and let the
// first node of a test start without the other.
func corosyncConf(nodes []*Node, token time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, `totem {
	version: 2
	cluster_name: pgrex
	transport: knet
	token: %d
	crypto_cipher: none
	crypto_hash: none
}
quorum {
	provider: corosync_votequorum
`, cmp.Or(token, time.Second).Milliseconds())
	if len(nodes) == 2 {
		b.WriteString("\ttwo_node: 1\n\twait_for_all: 0\n")
	}
	b.WriteString("}\nnodelist {\n")
	for _, n := range nodes {
		fmt.Fprintf(&b, "\tnode {\n\t\tname: %s\n\t\tnodeid: %d\n\t\tring0_addr: %s\n\t\tring1_addr: %s\n\t}\n",
			n.Name, n.Index, n.Address(ICLAN1), n.Address(ICLAN2))
	}
	b.WriteString(`}
logging {
	to_logfile: yes
	logfile: /var/log/corosync/corosync.log
	to_syslog: yes
	timestamp: hires
}
`)
	return b.String()
}
