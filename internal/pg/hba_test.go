package pg

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const hbaText = `# TYPE DATABASE USER ADDRESS METHOD
local   all             all                                     peer
host    "all",b , c     u1,"u 2"        10.0.0.0/8              md5
host    replication     rep             192.168.2.1 255.255.255.255 scram-sha-256
hostssl all             all             ::1/128                 cert clientcert=1 map="a b"
host    replication     all             samehost                reject
host    all             all             .example.com            trust
host    replication \
        rep2            all             trust   # goes on
nonsense a b c
host    all             all             10.0.0.1
host    all             all             10.0.0.0/8
include 'more.conf'
`

func TestReadHBA(t *testing.T) {
	i := files(t, map[string]string{"pg_hba.conf": hbaText, "more.conf": "local replication all trust\n"})
	rules, err := i.ReadHBA(i.set.Data + "/pg_hba.conf")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rules {
		s := strings.TrimPrefix(r.At(), i.set.Data+"/") + " " + r.String()
		if r.Error != "" {
			s += " !" + r.Error
		}
		got = append(got, s)
	}
	want := []string{
		"pg_hba.conf:2 local all all peer", "pg_hba.conf:3 host all,b,c u1,u 2 10.0.0.0 255.0.0.0 md5",
		"pg_hba.conf:4 host replication rep 192.168.2.1 255.255.255.255 scram-sha-256",
		"pg_hba.conf:5 hostssl all all ::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff cert clientcert=1 map=a b",
		"pg_hba.conf:6 host replication all samehost reject", "pg_hba.conf:7 host all all .example.com trust",
		"pg_hba.conf:8 host replication rep2 all trust",
		`pg_hba.conf:10 nonsense !invalid connection type "nonsense"`,
		"pg_hba.conf:11 host all all 10.0.0.1 !no mask after address 10.0.0.1",
		"pg_hba.conf:12 host all all 10.0.0.0 255.0.0.0 !the line is not complete",
	}
	if len(got) != len(want)+1 || !slices.Equal(got[:len(want)], want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMatchHBA(t *testing.T) {
	own := []netip.Prefix{netip.MustParsePrefix("192.168.2.1/24"), netip.MustParsePrefix("127.0.0.1/8")}
	from := func(a string) HBAConn {
		return HBAConn{Replication: true, User: "rep", From: netip.MustParseAddr(a), Own: own}
	}
	socket := HBAConn{Database: "template1", User: "postgres"}
	for _, tt := range []struct {
		name, rules string
		conn        HBAConn
		line        int // that matches, 0 for none
		unsure      bool
	}{
		{"the first counts", "host replication all 192.168.2.0/24 reject\nhost replication rep 192.168.2.2/32 md5", from("192.168.2.2"), 1, false},
		{"all is no replication", "host all all 0.0.0.0/0 md5\nhost replication rep 192.168.2.2/32 md5", from("192.168.2.2"), 2, false},
		{"another user", "host replication other 0.0.0.0/0 md5", from("192.168.2.2"), 0, false},
		{"another address", "host replication rep 192.168.2.3/32 md5", from("192.168.2.2"), 0, false},
		{"an IPv6 rule", "host replication rep ::/0 md5", from("192.168.2.2"), 0, false},
		{"a mask", "host replication rep 192.168.2.3 255.255.255.0 md5", from("192.168.2.2"), 1, false},
		{"samehost", "host replication all samehost reject\nhost replication all all md5", from("192.168.2.1"), 1, false},
		{"not the same host", "host replication all samehost reject\nhost replication all all md5", from("192.168.2.2"), 2, false},
		{"samenet", "host replication all samenet md5", from("192.168.2.9"), 1, false},
		{"not the same net", "host replication all samenet md5", from("192.168.3.9"), 0, false},
		{"with TLS only", "hostssl replication all all md5", from("192.168.2.2"), 0, false},
		{"without TLS only", "hostnossl replication all all md5", from("192.168.2.2"), 1, false},
		{"a host name", "host replication all standby.example.com md5", from("192.168.2.2"), 1, true},
		{"a host name of another user", "host replication other standby.example.com md5\nhost replication rep all md5", from("192.168.2.2"), 2, false},
		{"a group", "host replication +reps all md5", from("192.168.2.2"), 1, true},
		{"the group of the role itself", "host replication +rep all md5", from("192.168.2.2"), 1, false},
		{"a pattern", "host replication /^re.$ all md5", from("192.168.2.2"), 1, false},
		{"another pattern", "host replication /^x all md5", from("192.168.2.2"), 0, false},
		{"a broken line", "host replication rep 192.168.2.2 md5\nhost replication rep all md5", from("192.168.2.2"), 2, false},
		{"the socket", "host all all all trust\nlocal all postgres peer", socket, 2, false},
		{"the same user", "local sameuser all trust\nlocal all all peer", socket, 2, false},
		{"a file of names", "local @names all trust", socket, 1, true},
	} {
		var rules []HBARule
		for n, l := range strings.Split(tt.rules, "\n") {
			if r, there := hbaRule(l); there {
				r.Line = n + 1
				rules = append(rules, r)
			}
		}
		r, found, sure := MatchHBA(rules, tt.conn)
		if r.Line != tt.line || found != (tt.line > 0) || sure == tt.unsure {
			t.Errorf("%s: line %d, %t, %t", tt.name, r.Line, found, sure)
		}
	}
}
