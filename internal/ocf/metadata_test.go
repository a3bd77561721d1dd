package ocf

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type metadata struct {
	Name       string `xml:"name,attr"`
	Version    string `xml:"version"`
	Parameters []struct {
		Name       string   `xml:"name,attr"`
		Reloadable string   `xml:"reloadable,attr"`
		Unique     string   `xml:"unique,attr"`
		Required   string   `xml:"required,attr"`
		Long       []string `xml:"longdesc"`
		Short      []string `xml:"shortdesc"`
		Content    struct {
			Type    string `xml:"type,attr"`
			Default string `xml:"default,attr"`
		} `xml:"content"`
	} `xml:"parameters>parameter"`
	Actions []struct {
		Name     string `xml:"name,attr"`
		Depth    string `xml:"depth,attr"`
		Timeout  string `xml:"timeout,attr"`
		Interval string `xml:"interval,attr"`
		Role     string `xml:"role,attr"`
	} `xml:"actions>action"`
}

func readMetadata(t *testing.T, pgdata string) metadata {
	t.Helper()
	return readMetadataFor(t, Env{"OCF_RESKEY_pgdata": pgdata})
}

func readMetadataFor(t *testing.T, env Env) metadata {
	t.Helper()
	var b bytes.Buffer
	if err := WriteMetadata(&b, env); err != nil {
		t.Fatal(err)
	}
	var m metadata
	if err := xml.Unmarshal(b.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// The parameters of the shell agent, in its order, and after them our own. A
// change here breaks configurations in the field.
const wantParameters = `pgctl string "/usr/bin/pg_ctl"
start_opt string ""
ctl_opt string ""
psql string "/usr/bin/psql"
pgdata string "/var/lib/pgsql/data"
pgdba string "postgres"
pghost string ""
pgport integer "5432"
pglibs string "/usr/lib"
monitor_user string ""
monitor_password string ""
monitor_sql string "select now();"
config string "/var/lib/pgsql/data/postgresql.conf"
pgdb string "template1"
logfile string "/dev/null"
socketdir string ""
stop_escalate integer "90"
rep_mode string "none"
node_list string ""
restore_command string ""
archive_cleanup_command string ""
recovery_end_command string ""
master_ip string ""
repuser string "postgres"
primary_conninfo_opt string ""
restart_on_promote boolean "false"
replication_slot_name string ""
tmpdir string "/var/lib/pgsql/tmp"
xlog_check_count integer "3"
crm_attr_timeout integer "5"
stop_escalate_in_slave integer "90"
check_wal_receiver boolean "false"
external_standby_node_list string ""
watch_server boolean "true"
`

// Conformance: 2 (unit)
func TestMetadataParameters(t *testing.T) {
	m := readMetadata(t, "")
	var got strings.Builder
	for _, p := range m.Parameters {
		got.WriteString(p.Name + " " + p.Content.Type + ` "` + p.Content.Default + "\"\n")
		if p.Unique != "0" || p.Required != "0" || len(p.Long) != 1 || len(p.Short) != 1 {
			t.Errorf("wrong attributes or descriptions: %+v", p)
		}
	}
	if len(m.Parameters) != 34 || got.String() != wantParameters {
		t.Errorf("%d parameters:\n%s", len(m.Parameters), got.String())
	}
}

// Conformance: 4 (unit)
func TestMetadataActions(t *testing.T) {
	var got []string
	for _, a := range readMetadata(t, "").Actions {
		got = append(got, strings.Join([]string{a.Name, a.Depth, a.Timeout, a.Interval, a.Role}, "|"))
	}
	want := []string{
		"start||120s||", "stop||120s||", "status||60s||", "monitor|0|30s|30s|", "monitor|0|30s|29s|Promoted",
		"promote||120s||", "demote||120s||", "notify||90s||", "meta-data||5s||", "validate-all||5s||", "methods||5s||",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Conformance: 3 (unit)
func TestMetadataConfigDefault(t *testing.T) {
	for pgdata, want := range map[string]string{
		"":              "/var/lib/pgsql/data/postgresql.conf",
		"/x":            "/x/postgresql.conf",
		`/a&"<b>` + "'": `/a&"<b>'/postgresql.conf`,
		"/a\x01\xff":    "/a ?/postgresql.conf",
	} {
		m := readMetadata(t, pgdata)
		if got := m.Parameters[12].Content.Default; got != want {
			t.Errorf("%q: got %q, want %q", pgdata, got, want)
		}
	}
}

func TestMetadataGolden(t *testing.T) {
	for golden, env := range map[string]Env{
		"testdata/metadata.xml":    {"OCF_RA_VERSION_MAJOR": "1", "OCF_RA_VERSION_MINOR": "0"},
		"testdata/metadata-11.xml": {"OCF_RA_VERSION_MAJOR": "1", "OCF_RA_VERSION_MINOR": "1"},
	} {
		var b bytes.Buffer
		if err := WriteMetadata(&b, env); err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("differs from %s; run with -update and look at the difference. Got:\n%s", golden, b.String())
		}
	}
}

// What may change without a restart of the database, and who is told of it:
// callers of the OCF API 1.1, which Pacemaker speaks from 2.1.0 on.
//
// Conformance: 4 (unit)
func TestMetadataReload(t *testing.T) {
	const reloadable = "psql monitor_user monitor_password monitor_sql pgdb stop_escalate" +
		" restart_on_promote xlog_check_count crm_attr_timeout stop_escalate_in_slave check_wal_receiver watch_server"
	for _, c := range []struct {
		major, minor string
		offered      bool
	}{
		{"", "", false}, {"1", "0", false}, {"1", "", false}, {"", "1", false}, {"2", "1", false},
		{"1", "1", true}, {"1", "2", true}, {"1", "10", true},
	} {
		m := readMetadataFor(t, Env{"OCF_RA_VERSION_MAJOR": c.major, "OCF_RA_VERSION_MINOR": c.minor})
		var names []string
		for _, p := range m.Parameters {
			switch p.Reloadable {
			case "1":
				names = append(names, p.Name)
			case "":
			default:
				t.Errorf("%s is reloadable=%q", p.Name, p.Reloadable)
			}
		}
		want, version := "", "1.0"
		if c.offered {
			want, version = reloadable, "1.1"
		}
		if got := strings.Join(names, " "); got != want || m.Version != version {
			t.Errorf("%q.%q: version %s, reloadable %q", c.major, c.minor, m.Version, got)
		}
		last := m.Actions[len(m.Actions)-1]
		if (last.Name == "reload-agent" && last.Timeout == "20s") != c.offered || len(m.Parameters) != 34 {
			t.Errorf("%q.%q: last action %+v, %d parameters", c.major, c.minor, last, len(m.Parameters))
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestMetadataReportsFailedWrite(t *testing.T) {
	if err := WriteMetadata(brokenPipe{}, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestMethods(t *testing.T) {
	const want = "start stop status monitor promote demote notify methods meta-data validate-all"
	if got := strings.Join(Methods(), " "); got != want {
		t.Errorf("got %q", got)
	}
	for _, m := range Methods() {
		if !strings.Contains(Usage(), m) {
			t.Errorf("usage does not name %s", m)
		}
	}
}

// grammar is what ra-api-1.dtd, which ocf-tester asks, and ra-api.rng of OCF
// 1.1 both allow: the children of an element in their order, each name with a
// blank after it, and its attributes. A ! marks an attribute that must be there.
var grammar = map[string]struct {
	children   string
	attributes map[string]string
}{
	"resource-agent": {"version longdesc shortdesc parameters actions ", map[string]string{"name!": ".+", "version": ".+"}},
	"version":        {"", nil},
	"longdesc":       {"", map[string]string{"lang!": "en"}},
	"shortdesc":      {"", map[string]string{"lang!": "en"}},
	"parameters":     {"(parameter )+", nil},
	"parameter":      {"(longdesc )+(shortdesc )+content ", map[string]string{"name!": ".+", "unique": "[01]", "required": "[01]"}},
	"content":        {"", map[string]string{"type!": "string|integer|boolean", "default": ".*"}},
	"actions":        {"(action )+", nil},
	"action": {"", map[string]string{
		"name!":    "start|stop|recover|monitor|restart|migrate_to|migrate_from|promote|demote|notify|status|reload|meta-data|usage|methods|validate-all",
		"timeout!": ".+", "interval": ".+", "depth": ".+", "role": ".+",
	}},
}

// Conformance: 4 (unit)
func TestMetadataFollowsTheSchemas(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMetadata(&b, nil); err != nil {
		t.Fatal(err)
	}
	whole := func(pattern, text string) bool { return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(text) }
	type open struct{ name, children string }
	path := []open{{}}
	elements := 0
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			elements++
			name := e.Name.Local
			path[len(path)-1].children += name + " "
			path = append(path, open{name: name})
			rule, ok := grammar[name]
			if !ok {
				t.Fatalf("no schema knows %s", name)
			}
			have := map[string]bool{}
			for _, a := range e.Attr {
				have[a.Name.Local+"!"] = true
				pattern, ok := rule.attributes[a.Name.Local]
				if !ok {
					pattern, ok = rule.attributes[a.Name.Local+"!"]
				}
				if !ok || !whole(pattern, a.Value) {
					t.Errorf("%s has %s=%q", name, a.Name.Local, a.Value)
				}
			}
			for a := range rule.attributes {
				if strings.HasSuffix(a, "!") && !have[a] {
					t.Errorf("%s lacks %s", name, a)
				}
			}
		case xml.EndElement:
			e2 := path[len(path)-1]
			path = path[:len(path)-1]
			if !whole(grammar[e2.name].children, e2.children) {
				t.Errorf("%s holds %q", e2.name, e2.children)
			}
		}
	}
	if path[0].children != "resource-agent " || elements < 33*4+11 {
		t.Errorf("top %q, %d elements", path[0].children, elements)
	}
}
