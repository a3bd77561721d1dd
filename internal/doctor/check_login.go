package doctor

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pgrex/internal/message"
	"pgrex/internal/pg"
)

func loginChecks() []check {
	return []check{
		{"DR-30", replicationRule}, {"DR-31", replicationMethod}, {"DR-32", login}, {"DR-33", passwordFile},
		{"DR-34", replicationRole}, {"DR-35", connections}, {"DR-47", refusesItself},
	}
}

// dlan are the D-LAN addresses of a node and of the other one.
func (c *Case) dlan(n Node) (own, peer netip.Addr) {
	if n.Own {
		return c.Lans.Own, c.Lans.Peer
	}
	return c.Lans.Peer, c.Lans.Own
}

// hostPrefix is an address as the only one of a network.
func hostPrefix(a netip.Addr) []netip.Prefix {
	if !a.IsValid() {
		return nil
	}
	return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}
}

// replicates is the connection of a standby, as the server of another node sees
// it whose addresses are own.
func replicates(c *Case, s Server, from netip.Addr, own []netip.Prefix) pg.HBAConn {
	return pg.HBAConn{Replication: true, User: c.Database.Value.Params.RepUser, From: from,
		TLS: s.Settings.Value["ssl"].Value == "on", Own: own}
}

// needsRules are the facts that a look at the rules takes.
func needsRules(c *Case, n Node, s Server) []Finding {
	if missing := needs(n.Name, s.HBA, c.Database); missing != nil {
		return missing
	}
	if own, peer := c.dlan(n); !own.IsValid() || !peer.IsValid() {
		return []Finding{notKnown(n.Name, say(message.DRU011))}
	}
	return nil
}

// replicationRule makes sure that each node is let in for replication by the
// other. The rules are the same on both, so that of each node is looked for on
// each, as the other one would apply them.
func replicationRule(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needsRules(c, n, s); missing != nil {
			return missing
		}
		own, peer := c.dlan(n)
		var found []Finding
		for _, pair := range [][2]netip.Addr{{own, peer}, {peer, own}} {
			from, to := pair[0], pair[1]
			rule, matched, sure := pg.MatchHBA(s.HBA.Value, replicates(c, s, from, hostPrefix(to)))
			f := Finding{State: Error, Expected: say(message.DRX030), Why: say(message.DRW030), Cure: []Phrase{c.hbaLine(s, from)}}
			switch {
			case !matched:
				f.Found = say(message.DRA030, "address", from, "user", c.Database.Value.Params.RepUser)
			case !sure:
				f = Finding{State: Unknown, Found: say(message.DRC030, "where", rule.At(), "rule", rule, "address", from)}
			case rule.Method == "reject":
				f.Found = say(message.DRB030, "address", from, "where", rule.At(), "rule", rule)
			default:
				continue
			}
			found = append(found, f)
		}
		return found
	})
}

// hbaLine is the line that lets a standby in.
func (c *Case) hbaLine(s Server, from netip.Addr) Phrase {
	method := "scram-sha-256"
	if s.Release.Known && (s.Release.Value < 14 || s.Release.Value > 900) {
		method = "md5"
	}
	prefix := netip.PrefixFrom(from, from.BitLen())
	return say(message.DRM030, "line", "host replication "+c.Database.Value.Params.RepUser+" "+prefix.String()+" "+method, "file", s.Settings.Value["hba_file"].Value,
		"command", s.reload())
}

// replicationMethod makes sure that the method of the rule fits the password.
func replicationMethod(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needsRules(c, n, s); missing != nil {
			return missing
		}
		own, peer := c.dlan(n)
		rule, matched, sure := pg.MatchHBA(s.HBA.Value, replicates(c, s, peer, hostPrefix(own)))
		if !matched || !sure || rule.Method == "reject" {
			return nil // DR-30
		}
		if rule.Method == "trust" {
			return []Finding{{State: Notice, Found: say(message.DRA031, "where", rule.At(), "rule", rule), Expected: say(message.DRX031),
				Why: say(message.DRV031), Cure: []Phrase{c.hbaLine(s, peer)}}}
		}
		if !slices.Contains([]string{"md5", "scram-sha-256", "password"}, rule.Method) {
			return nil // the site's own way
		}
		if missing := needs(n.Name, s.Survey); missing != nil {
			return missing
		}
		role := s.Survey.Value.Role
		if role == nil {
			return nil // DR-34
		}
		if role.Password != "" && !(rule.Method == "scram-sha-256" && role.Password == "md5") {
			return nil
		}
		what := say(message.DRB031, "where", rule.At(), "method", rule.Method, "stored", role.Password)
		if role.Password == "" {
			what = say(message.DRC031, "where", rule.At(), "method", rule.Method, "user", c.Database.Value.Params.RepUser)
		}
		return []Finding{{State: Error, Found: what, Expected: say(message.DRX031), Why: say(message.DRW031),
			Cure: []Phrase{say(message.DRM031, "statement", `\password `+c.Database.Value.Params.RepUser)}}}
	})
}

// login makes sure that the agent gets in without a password.
func login(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, c.Database); missing != nil {
			return missing
		}
		f := Finding{State: Error, Expected: say(message.DRX032), Why: say(message.DRW032), Cure: []Phrase{say(message.DRM032, "line", "local all "+s.User.Value.Name+" peer")}}
		if s.Login.Known {
			switch l := s.Login.Value; {
			case l.Error == "":
				return nil
			case !l.Refused:
				return []Finding{notKnown(n.Name, literal(l.Error))}
			default:
				f.Found = say(message.DRA032, "user", s.User.Value.Name, "err", l.Error)
				return []Finding{f}
			}
		}
		if missing := needs(n.Name, s.HBA); missing != nil {
			return missing
		}
		rule, matched, sure := pg.MatchHBA(s.HBA.Value, pg.HBAConn{Database: c.Database.Value.Params.PgDB, User: s.User.Value.Name})
		switch {
		case matched && !sure:
			return []Finding{notKnown(n.Name, s.Login.Why)}
		case matched && (rule.Method == "peer" || rule.Method == "trust"):
			return nil
		}
		f.Found = say(message.DRB032, "user", s.User.Value.Name, "rule", quoted(rule.String()))
		return []Finding{f}
	})
}

// matches says whether an entry is taken for a connection for replication.
func (e PasswordEntry) matches(host, port, user string) bool {
	is := func(field, value string) bool { return field == "*" || field == value }
	return is(e.Host, host) && is(e.Port, port) && is(e.Database, "replication") && is(e.User, user)
}

// passwordFile makes sure that a standby on this node finds its password.
func passwordFile(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Password, c.Database); missing != nil {
			return missing
		}
		p, f := c.Database.Value.Params, s.Password.Value
		var found []Finding
		add := func(what, cure Phrase) {
			found = append(found, Finding{State: Error, Found: what, Expected: say(message.DRX033), Why: say(message.DRW033), Cure: []Phrase{cure}})
		}
		owner := s.User.Value
		if f.Exists && f.Mode&0o077 != 0 {
			add(say(message.DRA033, "path", f.Path, "mode", mode(f.Mode)), literal("chmod 0600 "+f.Path))
		}
		if f.Exists && f.UID != int(owner.UID) {
			add(say(message.DRB033, "path", f.Path, "uid", f.UID), literal("chown "+owner.Name+": "+f.Path))
		}
		port := strconv.Itoa(p.PgPort)
		hosts := []string{p.MasterIP}
		if _, peer := c.dlan(n); peer.IsValid() {
			hosts = append(hosts, peer.String())
		}
		for _, host := range hosts {
			if host == "" {
				continue
			}
			line := strings.Join([]string{host, port, "replication", p.RepUser}, ":")
			first := slices.IndexFunc(f.Entries, func(e PasswordEntry) bool { return e.matches(host, port, p.RepUser) })
			if first < 0 {
				add(say(message.DRC033, "path", f.Path, "line", line), say(message.DRM033, "path", f.Path, "line", line))
				continue
			}
			for _, later := range f.Entries[first+1:] {
				if later.matches(host, port, p.RepUser) && later.Secret != f.Entries[first].Secret {
					add(say(message.DRD033, "path", f.Path, "first", f.Entries[first].Line, "later", later.Line, "line", line), say(message.DRN033, "path", f.Path, "first", f.Entries[first].Line))
					break
				}
			}
		}
		return found
	})
}

// replicationRole makes sure that the role can be used.
func replicationRole(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Survey, c.Database); missing != nil {
			return missing
		}
		name := c.Database.Value.Params.RepUser
		var found []Finding
		add := func(what Phrase, statement string) {
			found = append(found, Finding{State: Error, Found: what, Expected: say(message.DRX034, "user", name), Why: say(message.DRW034), Cure: []Phrase{s.onPrimary(statement)}})
		}
		role, quotedName := s.Survey.Value.Role, pg.QuoteName(name)
		if role == nil {
			add(say(message.DRA034, "user", name), "CREATE ROLE "+quotedName+" LOGIN REPLICATION")
			return found
		}
		alter := "ALTER ROLE " + quotedName + " "
		if !role.Login {
			add(say(message.DRB034, "user", name, "word", "LOGIN"), alter+"LOGIN")
		}
		if !role.Replication {
			add(say(message.DRB034, "user", name, "word", "REPLICATION"), alter+"REPLICATION")
		}
		if role.Expired {
			add(say(message.DRC034, "user", name, "time", role.Until), alter+"VALID UNTIL 'infinity'")
		}
		if role.Limit >= 0 && role.Limit < 2 {
			add(say(message.DRD034, "user", name, "limit", role.Limit), alter+"CONNECTION LIMIT -1")
		}
		return found
	})
}

// connections tells of replication connections that could not be opened.
func connections(c *Case) []Finding {
	if !c.Connect {
		return skipped()
	}
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needs(n.Name, s.Connections); missing != nil {
			return missing
		}
		var found []Finding
		for _, conn := range s.Connections.Value {
			switch {
			case conn.Error == "":
			case conn.Refused || c.serverRuns(n):
				found = append(found, Finding{State: Error, Found: say(message.DRA035, "address", conn.To, "err", conn.Error), Expected: say(message.DRX035),
					Why: say(message.DRW035), Cure: []Phrase{say(message.DRM035)}})
			default:
				found = append(found, notKnown(n.Name, literal(conn.Error)))
			}
		}
		return found
	})
}

// serverRuns says that the server of the other node runs for certain.
func (c *Case) serverRuns(not Node) bool {
	return slices.ContainsFunc(c.Nodes, func(n Node) bool {
		r := server(n).Running
		return n.Name != not.Name && r.Known && r.Value
	})
}

// refusesItself makes sure that a server does not replicate from itself: a
// standby that connects to vip-rep while its own node holds it would.
func refusesItself(c *Case) []Finding {
	return eachServer(c, func(n Node, s Server) []Finding {
		if missing := needsRules(c, n, s); missing != nil {
			return missing
		}
		own, _ := c.dlan(n)
		addresses := s.Addresses.Value
		if !isOwn(addresses, own) {
			addresses = slices.Concat(addresses, hostPrefix(own))
		}
		rule, matched, _ := pg.MatchHBA(s.HBA.Value, replicates(c, s, own, addresses))
		if !matched || rule.Method == "reject" {
			return nil
		}
		return []Finding{{State: Warning, Found: say(message.DRA047, "address", own, "where", rule.At(), "rule", rule), Expected: say(message.DRX047),
			Why: say(message.DRW047), Cure: []Phrase{say(message.DRM047, "line", "host replication all samehost reject", "file", s.Settings.Value["hba_file"].Value)}}}
	})
}
