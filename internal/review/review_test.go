package review

import (
	"fmt"
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

func readFile(t testing.TB, name string) string {
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
	s := readFile(t, name)
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

// shorts are findings in short. Each has its three texts in both languages,
// with every name filled in; values of parameters, which may be passwords, are
// in none.
func shorts(t *testing.T, list []Finding) []string {
	t.Helper()
	var out []string
	for _, f := range list {
		out = append(out, short(f))
		for _, language := range []string{"en", "ja"} {
			found, why, cure := f.Texts(message.In(language))
			for _, s := range []string{found, why, cure} {
				if len(s) < 15 || strings.Contains(strings.ReplaceAll(s, "{{", ""), "{") || strings.HasPrefix(s, "RE") && s[3] == '-' ||
					strings.Contains(s, "bmcuser") || strings.Contains(s, "example-only") {
					t.Errorf("%s, %s: %q", short(f), language, s)
				}
			}
		}
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
		if !slices.Equal(shorts(t, got), want) {
			t.Errorf("%s:\n%q\nwant\n%q", name, shorts(t, got), want)
		}
		if more := Beyond(changed(t, name), Options{Generation: generationOf(name)}); len(more) > 0 {
			t.Errorf("%s: %q", name, shorts(t, more))
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
		whole := readFile(t, name)
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

const rulesOfReaders = "\trule 200: pgsql-status eq HS:sync \\\n\trule 100: pgsql-status eq PRI \\\n\trule -inf: not_defined pgsql-status \\\n" +
	"\trule -inf: pgsql-status ne HS:sync and pgsql-status ne PRI\n"

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
		{withKdump, "ne HS:sync and pgsql-status ne PRI", "ne HS:sync and pgsql-status ne PRI and #uname eq node01", []string{"W077 775 L7 vip-slave"}},
		{withKdump, "rule 100: pgsql-status eq PRI", "rule 100: pgsql-status eq PRI and #uname eq node01", []string{"W077 775 L5 vip-slave"}},
		{withKdump, "rule -inf: not_defined default_ping_set", "rule $role=Promoted -inf: not_defined default_ping_set", []string{"W077 775 L1 msPostgresql", "W077 775 L3' msPostgresql"}},
		{withKdump, "location loc-vip-slave vip-slave \\\n" + rulesOfReaders, "", []string{"W077 775 L4 vip-slave", "W077 775 L5 vip-slave", "W077 775 L6 vip-slave", "W077 775 L7 vip-slave"}},
		{withKdump, "group master-group", "primitive other ocf:heartbeat:IPaddr2 params ip=10.0.0.1\ngroup master-group", nil}, // the site's own
		{withKdump, "location loc-vip-slave vip-slave \\\n" + rulesOfReaders,
			"primitive other ocf:heartbeat:IPaddr2 params ip=10.0.0.1\ncolocation o inf: other msPostgresql:Promoted\n", // at the primary, not for readers
			[]string{"W077 775 L4 vip-slave", "W077 775 L5 vip-slave", "W077 775 L6 vip-slave", "W077 775 L7 vip-slave"}},
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
		got := shorts(t, Check(changed(t, c.name, c.from, c.to), Options{Generation: generationOf(c.name)}))
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
	got := shorts(t, Check(d, Options{Generation: Pacemaker2}))
	want := append([]string{"W078 781 location-msPostgresql msPostgresql", "W078 781 location-msPostgresql msPostgresql"}, base[byPcs]...)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
