package sheet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// Conformance: CD-027 (unit)
func TestQuotesSurvive(t *testing.T) {
	for _, value := range []string{`say "hello" twice`, `C:\new`, `a\`, `\"`, `\\`, `'`, `$HOME`, "`hostname`", "#x", "100%", `a 'b' "c" \d`, "x=y", "{x}"} {
		quoted := `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
		s := read(t, one+",A,type,name,value\n,,params,x,"+quoted+"\n,O,type,timeout,description\n,,start,60s,"+quoted+"\n", Options{})
		if got := s.Resources[0].Lists.value("params", "x"); got != value {
			t.Errorf("%q is read as %q", value, got)
		}
		primitive := parse(t, cib(t, s.CRM(Options{}), Target11)).named("configuration")[0].named("resources")[0].Children[0]
		if got := primitive.named("instance_attributes")[0].Children[0].attr("value"); got != value {
			t.Errorf("%q is %q in the CIB", value, got)
		}
		if got := primitive.named("operations")[0].Children[0].attr("description"); got != value {
			t.Errorf("%q is %q in an operation of the CIB", value, got)
		}
	}
}

// Conformance: CD-027 (unit)
func TestCrmshReadsQuotes(t *testing.T) {
	t.Parallel()
	program(t, "crm")
	const value = "a \"b\" C:\\new `id` $HOME #x 100% 'c'"
	s := read(t, res+",,Primitive,p\n,PRIMITIVE\n,P,id,class,provider,type\n,,p,ocf,heartbeat,Dummy\n"+
		",A,type,name,value\n,,params,fake,\""+strings.ReplaceAll(value, `"`, `""`)+"\"\n"+",PROPERTY\n,,name,value\n,,stonith-enabled,false\n", Options{})
	e := parse(t, crmsh(t, s.CRM(Options{})))
	primitive := e.named("configuration")[0].named("resources")[0].Children[0]
	if got := primitive.named("instance_attributes")[0].Children[0].attr("value"); got != value {
		t.Errorf("crmsh stores %q, want %q", got, value)
	}
}

var titles = []string{"Cluster Node", "Cluster Option", "Resource Defaults", "Operations Defaults", "Group Configuration", "Clone Configuration",
	"Master/Slave Configuration", "Fencing Topology", "Primitive Configuration", "Resource Location", "Resource Colocation", "Resource Order",
	"Resource Ticket", "Additional Config", "Alert Configuration"}

// titlesOf are the comment lines of a text.
func titlesOf(text string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^### (.*) ###$`).FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// all is a sheet with rows in every table, the tables in another order than that
// of the text.
func all() string {
	return ",RESOURCES\n,,resourceItem,resourceItem,id\n,,Group,,g\n,,,Primitive,p1\n,,Clone,,c\n,,,Primitive,p2\n,,Ms,,m\n,,,Primitive,p3\n,,Primitive,,s\n" +
		",ALERT\n,P,path\n,,/a.sh\n,ADDITIONAL_CONFIG\n,,config\n,,tag x p1\n,RSC_TICKET\n,,ticket,rsc\n,,T,g\n" +
		",ORDER\n,,first-rsc,then-rsc,score\n,,c,g,0\n,COLOCATION\n,,rsc,with-rsc,score\n,,g,c,inf\n" +
		",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,g,1,,#uname,eq,n1\n,LOCATION\n,,rsc,score:5\n,,c,n1\n" +
		",PRIMITIVE\n,P,id,class,provider,type\n,,p3,ocf,x,y\n,PRIMITIVE\n,P,id,class,provider,type\n,,p2,ocf,x,y\n" +
		",PRIMITIVE\n,P,id,class,provider,type\n,,p1,ocf,x,y\n,PRIMITIVE\n,P,id,class,provider,type\n,,s,stonith,,x\n" +
		",FENCING_TOPOLOGY\n,,node,rsc,index\n,,n1,s,1\n,OP_DEFAULTS\n,,name,value\n,,timeout,60s\n,RSC_DEFAULTS\n,,name,value\n,,a,1\n" +
		",PROPERTY\n,,name,value\n,,b,2\n,NODE\n,,uname,ptype,name,value\n,,n1,,,\n"
}

// Conformance: CD-028 (unit)
func TestSectionsInTheirOrder(t *testing.T) {
	text := read(t, all(), Options{}).CRM(Options{})
	if got := titlesOf(text); !slices.Equal(got, titles) {
		t.Errorf("sections %q", got)
	}
	if strings.Contains(text, "\n\n\n") || strings.HasPrefix(text, "\n") || strings.HasSuffix(text, "\n\n") {
		t.Errorf("blank lines: %q", text)
	}
	if strings.Index(text, "primitive p1") > strings.Index(text, "primitive p2") || strings.Index(text, "location rsc_location-c-1") < 0 || strings.Index(text, "location rsc_location-g-2") < 0 {
		t.Error(text)
	}
	if got := titlesOf(read(t, one, Options{}).CRM(Options{})); !slices.Equal(got, []string{"Primitive Configuration"}) {
		t.Errorf("sections without rows: %q", got)
	}
}

// Conformance: CD-029 (unit)
func TestLevelsByNumber(t *testing.T) {
	content := res + ",,Primitive,a\n,,Primitive,b\n,,Primitive,c\n"
	for _, id := range []string{"a", "b", "c"} {
		content += ",PRIMITIVE\n,P,id,class,provider,type\n,," + id + ",stonith,,x\n"
	}
	s := read(t, content+",FENCING_TOPOLOGY\n,,node,rsc,index\n,,n2,a,10\n,,,b,2\n,,,c,2\n,,n1,a,1\n", Options{})
	if text := s.CRM(Options{}); !strings.Contains(text, "fencing_topology \\\n\tn1: a \\\n\tn2: b,c a\n") {
		t.Error(text)
	}
}

var constraintID = regexp.MustCompile(`(?m)^(?:location|colocation|order) (\S+)`)

// Conformance: CD-030 (unit)
func TestIdsOfConstraints(t *testing.T) {
	for _, addition := range []string{"", ",COLOCATION\n,,rsc,with-rsc,score\n,,c,m,5\n", ",ORDER\n,,first-rsc,then-rsc,score\n,,m,g,5\n",
		",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,m,1,,#uname,eq,n1\n"} {
		var ids []string
		for _, m := range constraintID.FindAllStringSubmatch(read(t, all()+addition, Options{}).CRM(Options{}), -1) {
			ids = append(ids, m[1])
		}
		want := []string{"rsc_location-c-1", "rsc_location-g-2", "rsc_colocation-g-c-1", "rsc_order-c-g-1"}
		switch {
		case strings.HasPrefix(addition, ",COL"):
			want = slices.Insert(want, 3, "rsc_colocation-c-m-2")
		case strings.HasPrefix(addition, ",ORD"):
			want = append(want, "rsc_order-m-g-2")
		case addition != "":
			want = slices.Insert(want, 2, "rsc_location-m-3")
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%q: %q, want %q", addition, ids, want)
		}
	}
}

// Conformance: CD-031 (unit)
func TestRowEqualToADerivedOne(t *testing.T) {
	content := string(golden(t, "messages/auto-vs-explicit.csv"))
	for _, tt := range []struct {
		content string
		n       int
	}{
		{content, 1},
		{strings.Replace(content, ",,g1,c1,inf", ",,g1,c1,5", 1), 2}, // another score is another constraint
	} {
		s, list := Read([]byte(tt.content), Options{})
		if len(list) > 0 || len(s.Colocations) != tt.n || len(s.Orders) != 1 {
			t.Errorf("%s %+v %+v", notes(list, Info), s.Colocations, s.Orders)
		}
	}
}

var old = regexp.MustCompile(`(?m)\b(Master|Slave|ms|master-max|master-node-max)\b|^order \S+ (-?[0-9]+|INFINITY):`)

// Conformance: CD-032 (unit)
func TestWordsOfTarget2(t *testing.T) {
	for _, target := range []Target{Target2, Target3} {
		o := Options{Target: target}
		text := read(t, string(golden(t, "pgrex96-stonith.csv")), o).CRM(o)
		for _, s := range []string{
			"clone msPostgresql \\\n\tpgsql \\\n\tmeta \\\n\t\tpromotable=\"true\" \\\n\t\tpromoted-max=\"1\" \\\n\t\tpromoted-node-max=\"1\" \\\n",
			`op monitor role="Promoted" interval="9s"`, " master-group msPostgresql:Promoted\n",
			" Optional: clnPing msPostgresql symmetrical=false\n", " Mandatory: msPostgresql:promote master-group:start symmetrical=false\n",
			" Optional: msPostgresql:demote master-group:stop symmetrical=false\n",
		} {
			if !strings.Contains(text, s) {
				t.Errorf("target %v lacks %q", target, s)
			}
		}
		if found := old.FindAllString(text, -1); len(found) > 0 {
			t.Errorf("target %v has %q", target, found)
		}
	}
	// A score that is lost is told of, and the sheet may have the words already.
	content := all() + ",ORDER\n,,first-rsc,then-rsc,score\n,,m,g,50\n"
	_, list := Read([]byte(content), Options{Target: Target2})
	if got := notes(list, Info); !strings.HasPrefix(got, "W062@") {
		t.Error(got)
	}
	for _, o := range []Options{{Target: Target2}, {}} {
		s, list := Read([]byte(res+",,Promotable,p\n"), o)
		if known := notes(list, Info) == "E039@-(3)"; known != (o.Target == Target2) {
			t.Errorf("%+v %s", s.Resources, notes(list, Info))
		}
	}
}

var newer = regexp.MustCompile(`Promoted|Unpromoted|promotable|promoted-|Optional:|Mandatory:`)

// Conformance: CD-033 (unit)
func TestWordsOfTarget11(t *testing.T) {
	text := read(t, example(t, "pcsgen-stonith.csv"), Options{}).CRM(Options{})
	for _, s := range []string{
		"### Master/Slave Configuration ###\nms msPostgresql \\\n\tpgsql \\\n\tmeta \\\n\t\tmaster-max=\"1\" \\\n\t\tmaster-node-max=\"1\" \\\n",
		`op monitor role="Master" interval="9s"`, " INFINITY: master-group msPostgresql:Master\n", " 0: clnPing msPostgresql symmetrical=false\n",
		" INFINITY: msPostgresql:promote master-group:start symmetrical=false\n", " 0: msPostgresql:demote master-group:stop symmetrical=false\n",
		"primitive fence1-ipmi stonith:fence_ipmilan \\\n",
	} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is missing", s)
		}
	}
	if found := newer.FindAllString(text, -1); len(found) > 0 {
		t.Errorf("it has %q", found)
	}
}

// Conformance: CD-038 (unit)
func TestOnlyASCIIFromTarget2(t *testing.T) {
	content := one + ",A,type,name,value\n,,params,a,表\n,,meta,description,表\n,RSC_DEFAULTS\n,,name,value\n,,description,表\n"
	for _, tt := range []struct {
		o      Options
		want   string
		status int
	}{
		{Options{}, "W020@8(E) W020@9(E) W020@12(D)", 2},
		{Options{Target: Target2}, "E020@8(E) E020@9(E) E020@12(D)", 1},
		{Options{Target: Target3, Format: PCS}, "E020@8(E) E020@9(E) E020@12(D)", 1},
		{Options{Target: Target2, Format: XML}, "E020@8(E)", 1},
	} {
		_, list := Read([]byte(content), tt.o)
		if got := notes(list, Info); got != tt.want || status(list) != tt.status {
			t.Errorf("%+v: %d %s", tt.o, status(list), got)
		}
	}
}

// A worksheet of Excel is read as the CSV that it is exported to.
func TestWorkbook(t *testing.T) {
	f := excelize.NewFile()
	records := csv.NewReader(bytes.NewReader(golden(t, "pgrex96-stonith.utf8.csv")))
	list, err := records.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.NewSheet("定義 書"); err != nil {
		t.Fatal(err)
	}
	for n, cells := range list {
		for i, cell := range cells {
			if cell != "" {
				if err := f.SetCellValue("定義 書", fmt.Sprintf("%s%d", letters(i), n+1), cell); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, worksheet := range []string{"2", "定義 書"} {
		s, messages := Read(b.Bytes(), Options{Worksheet: worksheet})
		if got, want := s.CRM(Options{}), string(golden(t, "pgrex96-stonith.crm")); len(messages) > 0 || got != want {
			t.Errorf("%s %s", notes(messages, Info), difference(got, want))
		}
	}
	for worksheet, want := range map[string]string{"": "W060@-", "3": "E002@-", "0": "E002@-", "x": "E002@-"} {
		if _, messages := Read(b.Bytes(), Options{Worksheet: worksheet}); notes(messages, Info) != want {
			t.Errorf("worksheet %q: %s", worksheet, notes(messages, Info))
		}
	}
	if _, messages := Read([]byte(all()), Options{Worksheet: "1"}); notes(messages, Info) != "E002@-" {
		t.Errorf("a worksheet of CSV: %s", notes(messages, Info))
	}
}

// A name that is set twice has its last value, in every format.
func TestLastValueCounts(t *testing.T) {
	content := one + ",A,type,name,value\n,,params,a,1\n,,,b,2\n,,,a,3\n,PROPERTY\n,,name,value\n,,x,1\n,,x,2\n"
	s := read(t, content, Options{})
	if text := s.CRM(Options{}); strings.Count(text, "\t\ta=") != 2 || !strings.Contains(text, "x=\"1\" \\\n\tx=\"2\"") {
		t.Error(text)
	}
	for _, text := range []string{s.CRM(Options{Format: XML}), cib(t, s.CRM(Options{Format: XML}), Target2)} {
		if strings.Contains(text, `"1"`+" \\") || strings.Contains(text, `value="1"`) {
			t.Error(text)
		}
	}
	commands, _ := s.PCS(Options{})
	if script := Script(commands); !strings.Contains(script, "set x=2\n") || !strings.Contains(script, " a=3 b=2\n") {
		t.Error(script)
	}
}

// What pcs has no words for is an error; the rest is made.
func TestCommandsOfPcs(t *testing.T) {
	o := Options{Target: Target3, Format: PCS}
	s := read(t, strings.Replace(all(), ",RSC_TICKET\n,,ticket,rsc\n,,T,g\n", ",RSC_TICKET\n,,ticket,rsc,role,loss-policy\n,,T,m,Master,stop\n", 1)+
		",RSC_ATTRIBUTES\n,,id,type,name,value\n,,c,params,x,1\n,,g,meta,target-role,Master\n"+
		",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value,role,id_spec\n,,m,-inf,or,#health,not_defined,,Slave,\"$id=\"\"r1\"\"\"\n,,,,,a,lt,5,,\n"+
		",ALERT\n,P,path\n,,/b.sh\n,A,type,name,value\n,,meta,timeout,5s\n,R,recipient\n,,r1\n,A,type,name,value\n,,attributes,z,a b\n", o)
	commands, list := s.PCS(o)
	script := Script(commands)
	for _, want := range []string{
		"resource meta g target-role=Promoted", "stonith create s x", "stonith level add 1 n1 s --force", "resource promotable p3 m",
		"constraint location m rule id=r1 role=Unpromoted score=-INFINITY 'not_defined #health or a lt 5'",
		"constraint ticket add T Promoted m loss-policy=stop", "alert create path=/b.sh id=alert_2 meta timeout=5s", "alert recipient add alert_2 value=r1 options 'z=a b'",
	} {
		if !strings.Contains(script, `pcs -f "$F" `+want+"\n") {
			t.Errorf("%q is missing in\n%s", want, script)
		}
	}
	if got := notes(list, Info); got != "E063@- E063@-" { // params of a clone, and a statement of crmsh
		t.Error(got)
	}
}

// LOCATION_NODE says how a resource stands to a node.
func TestLocationsOfNodes(t *testing.T) {
	s := read(t, one+",LOCATION_NODE\n,,rsc,prefers/avoids,node,score\n,,p,avoids,n1,\n,,p,PREFERS,n2,100\n,,p,avoids,n3,+5\n,,p,prefers,n4,-inf\n", Options{})
	text := s.CRM(Options{})
	commands, _ := s.PCS(Options{})
	script := Script(commands)
	for crm, pcs := range map[string]string{"-INFINITY: n1": "avoids n1", "100: n2": "prefers n2=100", "-5: n3": "avoids n3=5", "-INFINITY: n4": "avoids n4"} {
		if !strings.Contains(text, " p "+crm+"\n") || !strings.Contains(script, "constraint location p "+pcs+"\n") {
			t.Errorf("%s, %s:\n%s%s", crm, pcs, text, script)
		}
	}
}
