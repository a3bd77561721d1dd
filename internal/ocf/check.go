package ocf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxName is the longest name of a slot or an application that PostgreSQL
// keeps whole (NAMEDATALEN less the final zero), in bytes.
const maxName = 63

// deepCheck is the level from which validate-all checks everything.
const deepCheck = 10

// Check finds what is wrong with the parameters as such and with how they fit
// the call: everything that needs neither the system nor the version of the
// server. Its error joins one *[ParamError] for each finding. What the values
// must look like to be read at all is [ParseParams]'s part.
//
// validate-all below level 10 asks for a quick look only; every other action
// is checked in full, whatever its level, as with the shell agent.
func (p Params) Check(c Call) error {
	errs := p.checkMonitorUser()
	if c.Action != "validate-all" || c.CheckLevel >= deepCheck {
		errs = append(errs, p.checkMode(c)...)
		errs = append(errs, p.checkReplication(c)...)
		errs = append(errs, p.checkNames(c)...)
	}
	return errors.Join(errs...)
}

func wrong(name, value, allowed string) error {
	return &ParamError{ErrConfigured, name, value, allowed}
}

func (p Params) checkMonitorUser() []error {
	if p.MonitorPassword != "" && p.MonitorUser == "" {
		return []error{wrong("monitor_password", p.MonitorPassword, "unset unless monitor_user is set")}
	}
	return nil
}

func (p Params) checkMode(c Call) (errs []error) {
	const modes = `"none", "async", "sync" or "slave"`
	mode := string(p.RepMode)
	switch {
	case p.badRepMode != nil:
		errs = append(errs, wrong("rep_mode", *p.badRepMode, modes))
	case !p.RepMode.known():
		errs = append(errs, wrong("rep_mode", mode, modes))
	case p.RepMode.Replicated() && !c.Promotable:
		errs = append(errs, wrong("rep_mode", mode, `"none" or "slave" outside a promotable clone`))
	case p.RepMode == RepSlave && c.Promotable:
		errs = append(errs, wrong("rep_mode", mode, `"async" or "sync" in a promotable clone`))
	}
	if p.RepMode != RepNone && p.MasterIP == "" {
		errs = append(errs, wrong("master_ip", "", "the address at which standbys reach the primary"))
	}
	if p.RepMode != RepNone && p.RepUser == "" {
		// In primary_conninfo the keyword would take the next one for its value.
		errs = append(errs, wrong("repuser", "", "the database role for replication"))
	}
	return errs
}

func (p Params) checkReplication(c Call) (errs []error) {
	if len(p.ExternalStandbys) > 0 && p.RepMode != RepSync {
		errs = append(errs, wrong("external_standby_node_list", strings.Join(p.ExternalStandbys, " "), `empty unless rep_mode is "sync"`))
	}
	if !p.RepMode.Replicated() {
		return errs
	}
	if len(p.NodeList) == 0 {
		errs = append(errs, wrong("node_list", "", "the names of all nodes that may run the resource"))
	}
	if c.notifyMissing() {
		errs = append(errs, wrong("clone meta-attribute notify", "false", "true when rep_mode is async or sync"))
	}
	return errs
}

// notifyMissing says whether notifications are off. crm_resource --force-* and
// a person do not pass that meta-attribute: there, absent says nothing.
func (c Call) notifyMissing() bool {
	known := c.NotifyKnown || !c.ByHand && c.InClone
	return known && !c.NotifyEnabled
}

func (p Params) checkNames(c Call) (errs []error) {
	if p.RepMode.Replicated() {
		errs = append(errs, longNames("node_list", p.NodeList)...)
		errs = append(errs, longNames("external_standby_node_list", p.ExternalStandbys)...)
	}
	switch {
	case p.SlotName == "":
	case !slotCharacters(p.SlotName):
		errs = append(errs, wrong("replication_slot_name", p.SlotName, "lower-case letters, digits and underscores only"))
	default:
		errs = append(errs, p.checkSlots(c)...)
	}
	return errs
}

// longNames finds application names that PostgreSQL would cut off. They then
// match no entry of synchronous_standby_names.
func longNames(param string, names []string) (errs []error) {
	for _, name := range names {
		if len(name) > maxName {
			errs = append(errs, wrong(param, name, fmt.Sprintf("names of at most %d bytes", maxName)))
		}
	}
	return errs
}

func (p Params) checkSlots(c Call) (errs []error) {
	owner := map[string]string{}
	for _, node := range p.slotNodes(c) {
		slot := SlotName(p.SlotName, node)
		other, taken := owner[slot]
		owner[slot] = node
		switch {
		case taken && !strings.EqualFold(other, node):
			errs = append(errs, wrong("replication_slot_name", p.SlotName,
				fmt.Sprintf("empty as nodes %s and %s would share slot %s", other, node, slot)))
		case len(slot) > maxName:
			errs = append(errs, wrong("replication_slot_name", p.SlotName,
				fmt.Sprintf("shorter: slot %s has more than %d bytes", slot, maxName)))
		case !slotCharacters(slot):
			errs = append(errs, wrong("replication_slot_name", p.SlotName,
				fmt.Sprintf("empty as node %s has characters that a slot name cannot have", node)))
		}
	}
	return errs
}

// slotNodes are the nodes that need a slot. A single standby knows only itself.
func (p Params) slotNodes(c Call) []string {
	switch {
	case p.RepMode.Replicated():
		return p.NodeList
	case p.RepMode == RepSlave && c.OnNode != "":
		return []string{c.OnNode}
	}
	return nil
}

// SlotName is the replication slot of a node: the prefix, an underscore, and
// the node's name with what a slot name cannot hold translated as the shell
// agent does it, so that slots made by it are found again.
func SlotName(prefix, node string) string {
	return prefix + "_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r == '.' || r == '-':
			return '_'
		}
		return r
	}, node)
}

func slotCharacters(s string) bool {
	return !slices.ContainsFunc([]rune(s), func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}
