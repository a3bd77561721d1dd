package setup

import (
	"net/netip"
	"slices"
	"strings"
)

// rules are the lines of pg_hba.conf that PG-REX needs (specification 5.5), in
// their order: the second keeps a server from replicating from itself when
// vip-rep is its own.
func (w Wanted) rules(release int) []string {
	method := "scram-sha-256"
	if !since(release, 10) {
		method = "md5"
	}
	replication := func(a netip.Addr) string {
		return "host replication " + w.RepUser + " " + netip.PrefixFrom(a, a.BitLen()).String() + " " + method
	}
	first, second := w.Own, w.Peer
	if second.Less(first) { // the same text on both nodes
		first, second = second, first
	}
	return []string{
		"local all " + w.User.Name + " peer",
		"host replication all samehost reject",
		replication(first), replication(second),
	}
}

const (
	hbaHeader = "# PG-REX: the cluster's own access, the same on both nodes. Keep these lines first.\n"
	hbaSite   = "\n# Lines for your clients, who come through vip-master and vip-slave, go below.\n"
)

// newHBA is pg_hba.conf of a new database.
func newHBA(release int, w Wanted) string {
	return hbaHeader + strings.Join(w.rules(release), "\n") + "\n" + hbaSite + "local all all peer\n"
}

// withRules is a pg_hba.conf with our lines as the first of their kind. It is
// the same text when they are that already.
func withRules(text string, release int, w Wanted) string {
	ours := w.rules(release)
	if hasRules(text, ours) {
		return text
	}
	at := 0
	for line := range strings.Lines(text) {
		if len(ruleFields(line)) > 0 {
			break
		}
		at += len(line)
	}
	if at > 0 && !strings.HasSuffix(text[:at], "\n") {
		text += "\n"
		at++
	}
	return text[:at] + hbaHeader + strings.Join(ours, "\n") + "\n" + text[at:]
}

// hasRules says whether the first rule for the local login of the server's user
// lets it in without a password, and the first rules for replication are ours.
// md5 takes a password that is stored as scram as well.
func hasRules(text string, ours []string) bool {
	var local []string
	var replication []string
	for line := range strings.Lines(text) {
		f := ruleFields(line)
		if len(f) == 0 {
			continue
		}
		databases := strings.Split(f[1], ",")
		switch {
		case f[0] == "local" && (slices.Contains(databases, "all") || slices.Contains(databases, "template1")):
			local = append(local, strings.Join(f, " "))
		case f[0] != "local" && slices.Contains(databases, "replication"):
			replication = append(replication, strings.Join(f, " "))
		}
	}
	login := strings.Fields(ours[0])
	if len(local) == 0 || len(replication) < len(ours)-1 {
		return false
	}
	first := strings.Fields(local[0])
	users := strings.Split(first[2], ",")
	if !slices.Contains(users, "all") && !slices.Contains(users, login[2]) || !slices.Contains([]string{"peer", "trust"}, first[3]) {
		return false
	}
	if replication[0] != ours[1] {
		return false
	}
	have := slices.Clone(replication[1 : len(ours)-1])
	for _, want := range ours[2:] {
		address, _ := strings.CutSuffix(want, " scram-sha-256")
		address, _ = strings.CutSuffix(address, " md5")
		if !slices.Contains(have, address+" scram-sha-256") && !slices.Contains(have, address+" md5") {
			return false
		}
	}
	return true
}

// ruleFields are the fields of a rule, none for a line that is no rule. Quotes
// go: what is quoted stands for itself, but for words such as all.
func ruleFields(line string) []string {
	line, _, _ = strings.Cut(line, "#")
	f := strings.Fields(line)
	if len(f) < 4 {
		return nil
	}
	return f
}
