package drill

import "fmt"

const tools = `D-LAN_IPAddress = 192.168.2.1 , 192.168.2.2
Archive_dir = /dbfp/pgarch/arc1
STONITH = %s
VIP_SLAVE = enable
PEER_NODE_SSH_PASS_MODE = nopass
`

// Tools is the configuration of the operation commands (pg-rex_tools.conf) in the
// cluster of a scenario.
func Tools(fencing bool) string {
	return fmt.Sprintf(tools, map[bool]string{false: "disable", true: "enable\nSTONITH_ResourceID = fence-node01 , fence-node02"}[fencing])
}
