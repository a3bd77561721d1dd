package review

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgrex/internal/definition"
	"pgrex/internal/message"
)

const (
	old          = "pgrex96-stonith.crm" // of Pacemaker 1.1
	oldNoFence   = "pgrex96-nostonith.crm"
	withKdump    = "pacemaker2-stonith-kdump.crm"
	noFence      = "pacemaker2-nostonith.crm"
	byPcs        = "pcs-stonith.xml"
	byPcsNoFence = "pcs-nostonith.xml"
)

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// changed is a file with texts replaced, each of which has to be there.
func changed(t *testing.T, name string, changes ...string) definition.Definition {
	t.Helper()
	s := text(t, name)
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(s, changes[i]) {
			t.Fatalf("%s has no %q", name, changes[i])
		}
		s = strings.ReplaceAll(s, changes[i], changes[i+1])
	}
	return parse(t, s)
}

func parse(t *testing.T, s string) definition.Definition {
	t.Helper()
	d, err := definition.Read([]byte(s))
	if err != nil {
		t.Fatalf("%v in\n%s", err, s)
	}
	return d
}

// generationOf is that of the files, by their words.
func generationOf(name string) Generation {
	if strings.HasPrefix(name, "pgrex96") {
		return Pacemaker1
	}
	return Pacemaker2
}

// short is a finding in a word or a few: code, number of the text, number of
// the constraint, what it is about.
func short(f Finding) string {
	s := f.Code + " " + string(f.ID[4:])
	if len(f.Args) > 0 && f.Args[0] == "number" {
		s += " " + f.Args[1].(string)
	}
	return s + " " + strings.Join(f.Objects, " ")
}

func shorts(list []Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, short(f))
	}
	return out
}

// base are the findings in the files as they are.
var base = map[string][]string{
	old:          nil,
	oldNoFence:   {"W071 711 stonith-enabled"},
	withKdump:    {"W082 821 fence1-ipmi", "W082 821 fence2-ipmi"},
	noFence:      {"W071 711 stonith-enabled"},
	byPcs:        {"W082 821 fence1-ipmi", "W082 821 fence2-ipmi"},
	byPcsNoFence: {"W071 711 stonith-enabled"},
}

// The examples and the golden definitions have nothing but what they are meant
// to have: no STONITH, and a placeholder for the password. STONITH disabled is
// told once, with what that means.
//
// Conformance: CD-052 (unit)
func TestExamples(t *testing.T) {
	for name, want := range base {
		got := Check(changed(t, name), Options{Generation: generationOf(name)})
		if !slices.Equal(shorts(got), want) {
			t.Errorf("%s:\n%q\nwant\n%q", name, shorts(got), want)
		}
		if more := Beyond(changed(t, name), Options{Generation: generationOf(name)}); len(more) > 0 {
			t.Errorf("%s: %q", name, shorts(more))
		}
	}
	for language, words := range map[string][]string{
		"en": {"two instances of Primary with the same service address", "promotes at once", "blocked until the operator acts", "has no addresses"},
		"ja": {"Primary が 2 つ", "直ちに昇格", "運用者が対処するまでブロック", "アドレスを持てません"},
	} {
		_, why, _ := Check(changed(t, noFence), Options{})[0].Texts(message.In(language))
		for _, w := range words {
			if !strings.Contains(why, w) {
				t.Errorf("%q lacks %q", why, w)
			}
		}
	}
}

// removable says by what a constraint is known in the files, and its number.
// What says the same in one rule has several.
var removable = []struct{ pattern, numbers string }{
	{`\bclnPing msPostgresql|first="clnPing"`, "O1"},
	{`\bclnDiskd1 msPostgresql|clnStorage msPostgresql|first="clnStorage"`, "O2"},
	{`\bclnDiskd2 msPostgresql`, "O3"},
	{`:promote master-group|first-action="promote"`, "O4"},
	{`:demote master-group|first-action="demote"`, "O5"},
	{`msPostgresql clnPing$|with-rsc="clnPing"`, "C1"},
	{`msPostgresql (clnDiskd1|clnStorage)$|with-rsc="clnStorage"`, "C2"},
	{`msPostgresql clnDiskd2$`, "C3"},
	{`master-group msPostgresql:(Master|Promoted)$|with-rsc-role="Promoted"`, "C4"},
	{`(?s)default_ping_set.*health`, "L1 L3'"},
	{`default_ping_set`, "L1"},
	{`diskcheck_status `, "L2"},
	{`diskcheck_status_internal`, "L3"},
	{`(?s)ne HS:sync|operation="ne"`, "L7"},
	{`eq HS:sync|value="HS:sync"`, "L4"},
	{`eq PRI|value="PRI"`, "L5"},
	{`not_defined pgsql-status|location-vip-slave-2"`, "L6"},
	{`#uname eq node0|-inf: node0|node="node0`, "L8"},
}

// constraints finds the pieces of a text that are one constraint each. Of a
// location of crmsh these are its rules.
var (
	crmPieces = regexp.MustCompile(`(?m)^(colocation|order|location \S+ \S+ -inf:).*\n| \\\n\trule [^\\\n]*[^\\\n ]`)
	xmlPieces = regexp.MustCompile(`(?m)^ *<rsc_(colocation|order|location [^>]*node=).*/>\n|(?s)<rsc_location id="[^"]*" rsc="[^"]*">.*?</rsc_location>`)
)

// Without any one of the constraints of the model there is W077 with its
// number, and W073 too where a device may then run on its target. Nothing else
// is said.
//
// Conformance: CD-047 (unit)
func TestEveryConstraintIsMissed(t *testing.T) {
	counts := map[string]int{old: 4 + 5 + 3 + 4 + 2, oldNoFence: 4 + 5 + 3 + 4, withKdump: 3 + 4 + 1 + 4 + 4, noFence: 3 + 4 + 1 + 4,
		byPcs: 3 + 4 + 1 + 4 + 2, byPcsNoFence: 3 + 4 + 1 + 4}
	for name, count := range counts {
		whole := text(t, name)
		pieces := crmPieces.FindAllStringIndex(whole, -1)
		if strings.HasSuffix(name, ".xml") {
			pieces = xmlPieces.FindAllStringIndex(whole, -1)
		}
		if len(pieces) != count {
			t.Fatalf("%s: %d constraints found, want %d", name, len(pieces), count)
		}
		for _, at := range pieces {
			piece := whole[at[0]:at[1]]
			rest := whole[:at[0]] + whole[at[1]:]
			var want []string
			for _, r := range removable {
				if regexp.MustCompile(r.pattern).MatchString(strings.TrimSpace(piece)) {
					want = strings.Fields(r.numbers)
					break
				}
			}
			var got, other []string
			for _, f := range Check(parse(t, withoutEmptyLocations(rest)), Options{Generation: generationOf(name)}) {
				switch s := short(f); {
				case f.Code == "W077":
					got = append(got, f.Args[1].(string))
				case f.Code == "W073" && slices.Equal(want, []string{"L8"}):
				case !slices.Contains(base[name], s):
					other = append(other, s)
				}
			}
			// One rule of a fencing group holds for each of its devices.
			if slices.Sort(got); !slices.Equal(slices.Compact(got), want) || len(other) > 0 {
				t.Errorf("%s without %q:\n%q and %q, want %q", name, piece, got, other, want)
			}
		}
	}
}

// withoutEmptyLocations drops statements that have lost their only rule.
func withoutEmptyLocations(s string) string {
	return regexp.MustCompile(`(?m)^location \S+ \S+\n`).ReplaceAllString(s, "")
}

// A constraint that is there and says something else is named as such.
func TestConstraintsTurnedRound(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		want           []string
	}{
		{withKdump, "inf: msPostgresql clnPing", "inf: clnPing msPostgresql", []string{"W077 772 C1 col-pgsql-ping"}},
		{withKdump, "inf: msPostgresql clnPing", "1000: msPostgresql clnPing", []string{"W077 771 C1 msPostgresql clnPing"}},
		{withKdump, "inf: msPostgresql clnPing", "-inf: msPostgresql clnPing", []string{"W077 771 C1 msPostgresql clnPing"}},
		{withKdump, "inf: msPostgresql clnStorage", "inf: clnStorage msPostgresql", []string{"W077 772 C2 col-pgsql-disk"}},
		{old, "INFINITY: msPostgresql clnDiskd2", "INFINITY: clnDiskd2 msPostgresql", []string{"W077 772 C3 rsc_colocation-msPostgresql-clnDiskd2-3"}},
		{withKdump, "inf: master-group msPostgresql:Promoted", "inf: msPostgresql:Promoted master-group", []string{"W077 772 C4 col-vips-primary"}},
		{withKdump, "inf: master-group msPostgresql:Promoted", "inf: master-group msPostgresql", []string{"W077 771 C4 master-group msPostgresql"}},
		{withKdump, "inf: master-group msPostgresql:Promoted", "inf: master-group msPostgresql:Unpromoted", []string{"W077 771 C4 master-group msPostgresql"}},
		{withKdump, "Optional: clnPing msPostgresql", "Optional: msPostgresql clnPing", []string{"W077 774 O1 ord-ping-pgsql"}},
		{withKdump, "Optional: clnPing msPostgresql", "Mandatory: clnPing msPostgresql", nil},
		{withKdump, "clnPing msPostgresql symmetrical=false", "clnPing msPostgresql", []string{"W077 774 O1 ord-ping-pgsql"}},
		{withKdump, "Optional: clnStorage msPostgresql", "Serialize: clnStorage msPostgresql", []string{"W077 774 O2 ord-disk-pgsql"}},
		{withKdump, "msPostgresql:promote master-group:start", "master-group:start msPostgresql:promote", []string{"W077 774 O4 ord-promote-vips"}},
		{withKdump, "Mandatory: msPostgresql:promote", "Optional: msPostgresql:promote", []string{"W077 774 O4 ord-promote-vips"}},
		{withKdump, "msPostgresql:promote master-group:start symmetrical=false", "msPostgresql:promote master-group:start", []string{"W077 774 O4 ord-promote-vips"}},
		{withKdump, "msPostgresql:demote master-group:stop", "master-group:stop msPostgresql:demote", []string{"W077 774 O5 ord-demote-vips"}},
		{withKdump, "Optional: msPostgresql:demote", "Mandatory: msPostgresql:demote", []string{"W077 774 O5 ord-demote-vips"}},
		{withKdump, "msPostgresql:demote master-group:stop", "msPostgresql:demote master-group:start", []string{"W077 773 O5 msPostgresql master-group"}},
		{withKdump, "rule 200: pgsql-status eq HS:sync", "rule 50: pgsql-status eq HS:sync", []string{"W077 775 L4 vip-slave"}},
		{withKdump, "rule 100: pgsql-status eq PRI", "rule -100: pgsql-status eq PRI", []string{"W077 775 L5 vip-slave"}},
		{withKdump, "rule -inf: not_defined pgsql-status", "rule -100: not_defined pgsql-status", []string{"W077 775 L6 vip-slave"}},
		{withKdump, "ne HS:sync and pgsql-status ne PRI", "ne HS:sync or pgsql-status ne PRI", []string{"W077 775 L7 vip-slave"}},
		{withKdump, " or not_defined #health-storage-mon", "", []string{"W077 775 L3' msPostgresql"}},
		{withKdump, "not_defined default_ping_set or default_ping_set lt 100", "not_defined default_ping_set", []string{"W077 775 L1 msPostgresql"}},
		{withKdump, " \\\n\tnode-health-strategy=only-green", "", []string{"W077 777 L3' node-health-strategy"}},
		{withKdump, "node-health-strategy=only-green", "node-health-strategy=none", []string{"W077 777 L3' node-health-strategy"}},
		{old, "or diskcheck_status eq ERROR", "or diskcheck_status ne ERROR", []string{"W077 775 L2 msPostgresql"}},
		{withKdump, "fence1-kdump -inf: node01", "fence1-kdump -inf: node02", []string{"W073 732 fence1-kdump node01", "W077 775 L8 fence1-kdump"}},
		{withKdump, "fence1-kdump -inf: node01", "fence1-kdump -100: node01", []string{"W073 732 fence1-kdump node01", "W077 775 L8 fence1-kdump"}},
		{withKdump, "-inf: not_defined default_ping_set or default_ping_set lt 100 or not_defined #health-storage-mon",
			"-inf: not_defined default_ping_set \\\n\trule -inf: default_ping_set lte 99 \\\n\trule -inf: not_defined #health-storage-mon", nil},
	} {
		got := shorts(Check(changed(t, c.name, c.from, c.to), Options{Generation: generationOf(c.name)}))
		want := slices.Clone(base[c.name])
		want = append(want, c.want...)
		slices.SortStableFunc(want, func(a, b string) int { return strings.Compare(a[:4], b[:4]) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q for %q:\n%q\nwant\n%q", c.name, c.to, c.from, got, want)
		}
	}
}

// A rule of nested rules means what it says.
func TestNestedRules(t *testing.T) {
	from := `<rule id="location-msPostgresql-rule" boolean-op="or" score="-INFINITY">`
	d := changed(t, byPcs, from, from+`<rule id="r1" boolean-op="and"><expression id="e1" operation="eq" attribute="#kind" value="x"/>`+
		`<rule id="r2" boolean-op="or"><expression id="e2" operation="defined" attribute="a"/><expression id="e3" operation="defined" attribute="b"/></rule></rule>`)
	for _, l := range d.Locations() {
		if l.Resource != "msPostgresql" {
			continue
		}
		want := "[[{#kind eq x} {a defined }] [{#kind eq x} {b defined }] [{default_ping_set not_defined }] [{default_ping_set lt 100}] [{#health-storage-mon not_defined }]]"
		if got := fmt.Sprint(l.Any); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
	got := shorts(Check(d, Options{Generation: Pacemaker2}))
	want := append([]string{"W078 781 location-msPostgresql msPostgresql", "W078 781 location-msPostgresql msPostgresql"}, base[byPcs]...)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Each check finds its one change, and nothing else does.
//
// Conformance: CD-044, CD-048, CD-049, CD-050, CD-051, CD-053, CD-054 (unit)
func TestEveryCheck(t *testing.T) {
	const monitorOfPing = "multiplier=100 attempts=2 timeout=2 debug=true \\\n\top start interval=0s timeout=60s on-fail=restart \\\n\top monitor interval=10s timeout=60s"
	for _, c := range []struct {
		name    string
		changes []string
		want    []string
	}{
		// W071 is there unless fencing is said to be used; without the property it is.
		{noFence, []string{"stonith-enabled=false", "stonith-enabled=off"}, nil},

		// W072
		{withKdump, []string{"op demote interval=0s timeout=300s on-fail=fence", "op demote interval=0s timeout=300s on-fail=block"}, []string{"W072 721 pgsql"}},
		{withKdump, []string{"op demote interval=0s timeout=300s on-fail=fence", "op demote interval=0s timeout=300s on-fail=stop"}, []string{"W072 723 pgsql"}},
		{noFence, []string{"op demote interval=0s timeout=300s on-fail=block", "op demote interval=0s timeout=300s on-fail=stop"}, []string{"W072 723 pgsql"}},
		{noFence, []string{"op stop interval=0s timeout=120s on-fail=block", "op stop interval=0s timeout=120s on-fail=fence"}, []string{"W072 722 storage-mon"}},

		// W073
		{withKdump, []string{"location loc-fence1-ipmi fence1-ipmi -inf: node01\n", ""}, []string{"W073 732 fence1-ipmi node01", "W077 775 L8 fence1-ipmi"}},
		{withKdump, []string{"pcmk_host_list=node01 ip=", "pcmk_host_list=node02 ip=", "fence1-ipmi -inf: node01", "fence1-ipmi -inf: node02"}, []string{"W073 731 node01"}}, // kdump cuts no power
		{withKdump, []string{"pcmk_host_list=node01 ip=", "ip="}, nil}, // the device says itself what it can fence
		{withKdump, []string{"pcmk_host_list=node01 ip=", "pcmk_host_map=node01:7;node02:8 ip="}, nil},
		{old, []string{`hostname="node01"`, `hostname="node02"`, "rule -INFINITY: #uname eq node01", "rule -INFINITY: #uname eq node01 \\\n\trule -INFINITY: #uname eq node02"}, []string{"W073 731 node01"}}, // nor does stonith-helper
		{withKdump, []string{"pcmk_host_list=node01 ip=", "pcmk_host_list=node02 ip=", "fence1-ipmi -inf: node01", "fence1-ipmi -inf: node02", "stonith-enabled=true", "stonith-enabled=true stonith-watchdog-timeout=10s"}, nil},

		// W074
		{withKdump, []string{" notify=true", ""}, []string{"W074 741 msPostgresql"}},
		{old, []string{` \` + "\n\t\tnotify=\"true\"", ""}, []string{"W074 741 msPostgresql"}},
		{byPcs, []string{`name="notify" value="true"`, `name="notify" value="false"`}, []string{"W074 741 msPostgresql"}},
		{withKdump, []string{"clone-max=2", "clone-max=3"}, []string{"W074 742 msPostgresql"}},
		{withKdump, []string{"clone-max=2 ", ""}, nil}, // as many as there are nodes
		{withKdump, []string{"promoted-max=1", "promoted-max=2"}, []string{"W074 743 msPostgresql"}},
		{old, []string{`master-max="1"`, `master-max="2"`}, []string{"W074 743 msPostgresql"}},

		// W075
		{withKdump, []string{"interval=9s", "interval=10s"}, []string{"W075 751 pgsql"}},
		{old, []string{`interval="9s"`, `interval="10000ms"`}, []string{"W075 751 pgsql"}},
		{withKdump, []string{"\top monitor interval=9s role=Promoted timeout=60s on-fail=restart \\\n", ""}, []string{"W075 752 pgsql"}},
		{withKdump, []string{"role=Promoted", "role=Unpromoted"}, []string{"W075 752 pgsql"}},

		// W076
		{withKdump, []string{"master_ip=192.168.2.3", "master_ip=192.168.2.4"}, []string{"W076 761 pgsql"}},
		{withKdump, []string{"master_ip=192.168.2.3", "master_ip=192.168.0.20"}, []string{"W076 761 pgsql"}}, // vip-slave's
		{withKdump, []string{"params ip=192.168.2.3", "params ip=192.168.2.4"}, []string{"W076 761 pgsql"}},

		// W078
		{withKdump, []string{"name=default_ping_set", "name=other"}, []string{"W077 775 L1 msPostgresql", "W078 781 loc-pgsql msPostgresql"}},
		{withKdump, []string{"rule -inf: not_defined default_ping_set", "rule -inf: not_defined nobody or not_defined default_ping_set"}, []string{"W078 781 loc-pgsql msPostgresql"}},
		{withKdump, []string{"rule -inf: not_defined default_ping_set", "rule -inf: not_defined rack or not_defined default_ping_set",
			"group master-group", "node node01 rack=1\nnode node02 rack=2\ngroup master-group"}, nil},

		// W079
		{withKdump, []string{monitorOfPing, strings.Replace(monitorOfPing, "interval=10s timeout=60s", "interval=10s timeout=59s", 1)}, []string{"W079 791 prmPing"}},
		{withKdump, []string{"op notify interval=0s timeout=90s", "op notify interval=0s timeout=60s"}, []string{"W079 791 pgsql"}},
		{withKdump, []string{"\top notify interval=0s timeout=90s \\\n", ""}, []string{"W079 791 pgsql"}}, // 20 s by default
		{withKdump, []string{"\top notify interval=0s timeout=90s \\\n", "", "rsc_defaults", "op_defaults timeout=100\nrsc_defaults"}, nil},
		{withKdump, []string{"op promote interval=0s timeout=300s", "op promote interval=0s timeout=2min"}, nil},
		{old, []string{`op notify interval="0s" timeout="60s"`, `op notify interval="0s" timeout="59s"`}, []string{"W079 791 pgsql"}},
		{withKdump, []string{"multiplier=100", "multiplier=50"}, []string{"W079 792 prmPing"}},
		{withKdump, []string{"multiplier=100", "multiplier=50", "host_list=192.168.0.254", `host_list="192.168.0.254 192.168.0.253"`}, nil},
		{withKdump, []string{" multiplier=100", "", "default_ping_set lt 100", "default_ping_set lt 1"}, nil},

		// W080
		{withKdump, []string{`node_list="node01 node02"`, `node_list="Node01 node02"`}, []string{"W080 801 Node01"}},
		{withKdump, []string{"fence1-kdump -inf: node01", "fence1-kdump -inf: NODE01"}, []string{"W080 801 NODE01"}},
		{withKdump, []string{`node_list="node01 node02"`, `node_list="node01 node03"`},
			[]string{"W073 731 node03", "W080 802 node02", "W080 802 node02", "W080 802 node02", "W080 802 node02", "W080 802 node02"}},
		{old, []string{"hostlist=\"node01\"", "hostlist=\"node1\""}, []string{"W073 732 prmStonith1-1 node1", "W077 775 L8 prmStonith1-1", "W080 802 node1"}},
		{withKdump, []string{"group master-group", "node node01\ngroup master-group"}, []string{"W080 803 node02"}},
		{withKdump, []string{"group master-group", "node node01\nnode node02\ngroup master-group"}, nil},

		// W081
		{withKdump, []string{"params ip=192.168.0.20", "params ip=192.168.0.10"}, []string{"W081 811 vip-slave vip-master"}},
		{withKdump, []string{"params ip=192.168.0.20", "params ip=192.168.0.11"}, []string{"W081 812 vip-slave node01"}},

		// W082; values are looked at wherever they are
		{withKdump, []string{"drives=\"/dev/sda /dev/sdb\"", "drives=\"/dev/xxx\""}, []string{"W082 821 storage-mon"}},
		{withKdump, []string{"nic=bond0", "nic={{nic}}"}, []string{"W082 821 vip-master", "W082 821 vip-slave"}},
		{noFence, []string{"repuser=repuser", "repuser=XXX"}, []string{"W082 821 pgsql"}},
		{old, []string{`passwd="example-only"`, `passwd=""`}, []string{"W082 822 prmStonith1-2", "W082 822 prmStonith2-2"}},
		{noFence, []string{"no-quorum-policy=ignore", "no-quorum-policy={{policy}}"}, []string{"W082 821 property"}},
	} {
		addresses := map[string][]netip.Addr{"node01": {netip.MustParseAddr("192.168.0.11")}}
		got := shorts(Check(changed(t, c.name, c.changes...), Options{Generation: generationOf(c.name), Addresses: addresses}))
		want := append(slices.Clone(base[c.name]), c.want...)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s with %q:\n%q\nwant\n%q", c.name, c.changes, got, want)
		}
	}
}

// Agents that a generation does not have are named with what takes their
// place, and their time-outs are those of today's agents.
func TestAgentsOfAnotherGeneration(t *testing.T) {
	want := []string{"W070 701 prmDiskd1", "W070 701 prmDiskd2", "W070 702 prmStonith1-1", "W070 701 prmStonith1-2",
		"W070 702 prmStonith2-1", "W070 701 prmStonith2-2", "W079 791 pgsql"}
	for _, g := range []Generation{Pacemaker2, Pacemaker3} {
		got := Check(changed(t, old), Options{Generation: g})
		if !slices.Equal(shorts(got), want) {
			t.Errorf("%v: %q", g, shorts(got))
		}
		for i, replacement := range map[int]string{0: "ocf:heartbeat:storage-mon", 2: "priority-fencing-delay", 3: "stonith:fence_ipmilan"} {
			if _, _, cure := got[i].Texts(message.In("en")); !strings.Contains(cure, replacement) {
				t.Errorf("%q lacks %s", cure, replacement)
			}
		}
	}
	d := parse(t, "primitive p ocf:pacemaker:pingd\nprimitive q ocf:heartbeat:pgsql params pgdata=/d\n")
	got := Check(d, Options{Generation: Pacemaker2})
	if !slices.Equal(shorts(got), []string{"W070 701 p"}) { // a server alone is none of PG-REX
		t.Errorf("%q", shorts(got))
	}
}

func TestBeyond(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []string
		want    []string
	}{
		{withKdump, []string{"node01: fence1-kdump fence1-ipmi", "node01: fence2-kdump fence1-ipmi"}, []string{"DR-53 532 fence2-kdump"}},
		{withKdump, []string{"priority-fencing-delay=10s", "priority-fencing-delay=0s"}, []string{"DR-70 601 priority-fencing-delay"}},
		{withKdump, []string{" priority=1", ""}, []string{"DR-70 601 priority-fencing-delay"}},
		{withKdump, []string{" priority=1", "", "username=Administrator", "pcmk_delay_base=5s username=Administrator"}, []string{"DR-70 601 priority-fencing-delay"}},
		{withKdump, []string{" priority=1", "", "ip=172.20.144.43", "ip=172.20.144.43 pcmk_delay_base=5s"}, nil},
	} {
		if got := shorts(Beyond(changed(t, c.name, c.changes...), Options{Generation: Pacemaker2})); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.changes, got, c.want)
		}
	}
	d := changed(t, byPcs, "</configuration>", `<fencing-topology><fencing-level id="l" target="node01" index="1" devices="nobody"/></fencing-topology></configuration>`)
	if got := shorts(Beyond(d, Options{})); !slices.Equal(got, []string{"DR-53 531 nobody"}) {
		t.Errorf("%q", got)
	}
	got := Beyond(changed(t, oldNoFence), Options{Generation: Pacemaker3})
	if len(got) != 1 || got[0].Code != "DR-74" || !slices.Equal(got[0].Objects, []string{"Master", "master-max", "master-node-max", "ms"}) {
		t.Errorf("%q", shorts(got))
	}
}

// Every finding has its three texts in both languages, with every name filled in.
func TestTexts(t *testing.T) {
	seen := map[message.ID]bool{}
	look := func(list []Finding) {
		for _, f := range list {
			seen[f.ID] = true
			for _, language := range []string{"en", "ja"} {
				found, why, cure := f.Texts(message.In(language))
				for _, s := range []string{found, why, cure} {
					if len(s) < 15 || strings.Contains(strings.ReplaceAll(s, "{{", ""), "{") || strings.HasPrefix(s, "RE") && s[3] == '-' {
						t.Errorf("%s %s: %q", short(f), language, s)
					}
				}
				if strings.Contains(found, "bmcuser") || strings.Contains(found, "example-only") {
					t.Errorf("%q shows a value", found)
				}
			}
		}
	}
	for name := range base {
		for _, from := range []string{"node01", "192.168.2.3", "default_ping_set", "notify=true", "INFINITY: ", "inf: msP", `"clnPing"`} {
			s := strings.Replace(text(t, name), from, strings.ToUpper(from)+"{{", 1)
			if d, err := definition.Read([]byte(s)); err == nil {
				look(Check(d, Options{Generation: Pacemaker3}))
				look(Beyond(d, Options{Generation: Pacemaker3}))
			}
		}
	}
	if len(seen) < 12 {
		t.Errorf("only %d kinds of findings were made", len(seen))
	}
}

// Parts are found whatever they are called.
func TestFind(t *testing.T) {
	for name := range base {
		renamed := strings.NewReplacer("vip-master", "ipaddr-primary", "vip-rep", "ipaddr-replication", "vip-slave", "ipaddr-standby",
			"master-group", "primary-group", "msPostgresql", "pgsql-clone", "clnPing", "ping-clone", "prmPing", "ping").Replace(text(t, name))
		d := parse(t, renamed)
		c, ok := Find(d)
		ids := func(list []definition.Resource) string {
			var s []string
			for _, r := range list {
				s = append(s, r.ID)
			}
			return strings.Join(s, " ")
		}
		got := fmt.Sprintln(ok, c.Server.ID, c.Clone, c.Group, ids(c.Primary), ids(c.Replication), ids(c.Standby), c.Gateways[0].Top, c.Nodes)
		if want := "true pgsql pgsql-clone primary-group ipaddr-primary ipaddr-replication ipaddr-standby ping-clone [node01 node02]\n"; got != want {
			t.Errorf("%s: %s", name, got)
		}
		if got := shorts(Check(d, Options{Generation: generationOf(name)})); !slices.Equal(got, base[name]) {
			t.Errorf("%s renamed: %q", name, got)
		}
	}
}
