package sheet

import (
	"strings"
	"testing"

	"pgrex/internal/message"
)

// sheets are small ones, with what is to be said of them.
var sheets = []struct{ name, text, want string }{
	// CD-010: the wrong row is row 4, on line 7.
	{"line ends in cells", "\"# a\nb\r\nc\",\n,PROPERTY\n,,name,value\n,,,\"x\"\n", "E023@4(name)"},
	{"line ends in quotes, then an error", ",PROPERTY\n,,name,value\n,,a,\"1\r2\"\n,,,3", "E023@4(name)"},
	{"blank lines", "\n\n,PROPERTY\n\n,,name,value\n\n,,,3", "E023@7(name)"},
	// CD-011
	{"comment", ",PROPERTY\n,,name,value\n#,,,3\n\u3000 #x,,,3\n,,a,1", "-"},
	// CD-012
	{"commented table name", ",PROPERTY\n,,name,value\n,,a,1\n#,RSC_DEFAULTS\n,,,value\n", "I061@4 E023@5(name)"},
	{"commented table name and nothing wrong", ",PROPERTY\n,,name,value\n,,a,1\n#,RSC_DEFAULTS\n,,b,2\n", "I061@4"},
	{"commented table name of another table", ",PROPERTY\n,,name,value\n,,a,1\n#,RSC_DEFAULTS\n,,b,2\n,OP_DEFAULTS\n,,x,y\n", "I061@4 W017@7(C) W017@7(D) E014@7(name) E014@7(value)"},
	// CD-014
	{"full-width spaces", ",PROPERTY\n,,name,value\n,,\u3000a,\u3000 1\u3000", "-"},
	{"full-width space inside", ",PROPERTY\n,,name,value\n,,a,1\u30002", "W020@3(D)"},

	{"control character", "# a\x01\n,PROPERTY", "E004@1(A)"},
	{"control character in a cell", ",PROPERTY\n,,name,value\n,,a,x\x1b", "E004@3(D)"},
	{"quote not closed", ",PROPERTY\n,,name,\"value\n,,a,1", "E002@2"},
	{"text after a quote", ",PROPERTY\n,,\"name\"x,value", "E002@2"},
	{"quote in the middle", ",PROPERTY\n,,name,value\n,,a,1\"2\"", "-"},
	{"column twice", ",PROPERTY\n,,name,value,Name\n", "E015@2(name)"},
	{"column missing", ",PROPERTY\n,,name\n,,a\n,RSC_DEFAULTS\n,,value,name\n,,,x", "E014@2(value) I027@6(value)"},
	{"sub-table elsewhere", ",PROPERTY\n,P,id", "E011@2"},
	{"no rows", ",PRIMITIVE\n,P,id,class,provider,type\n,A,type,name,value\n,O,type,timeout\n", "W060@-"},
	{"attribute without primitive", ",PRIMITIVE\n,P,id,class,provider,type\n,A,type,name,value\n,,params,a,1\n", "E037@4"},
	{"empty", "", "W060@-"},
	{"ids", res + ",,Primitive,p\n,,Clone,p\n", "E034@4(3)"},
	{"id with a blank", res + ",,Primitive,p q\n", "E045@3"},
	{"no table of a primitive", res + ",,Primitive,p\n", "E038@-(3)"},
	{"two tables of a primitive", one + ",PRIMITIVE\n,P,id,class,provider,type\n,,p,ocf,x,y\n", "E036@9(6)"},
	{"provider without class", res + ",,Primitive,p\n,PRIMITIVE\n,P,id,class,provider,type\n,,p,,x,y\n", "E023@6(class)"},
	{"operations", one + ",A,type,name,value\n,,operations,a,1\n", "E025@8(name)"},
	{"operation without anything", one + ",O,type,timeout\n,,start,\n", "I028@8"},
	{"level of no device", one + ",FENCING_TOPOLOGY\n,,node,rsc,index\n,,n1,p,1.5", "E022@9(E)"},
	{"doubtful level", stonith + ",FENCING_TOPOLOGY\n,,node,rsc,index\n,,n3,s,1\n,,n1,p,2\n,,n2,s,10\n", "W049@18 W049@19"},
	{"score", one + ",COLOCATION\n,,rsc,with-rsc,score\n,,p,p,1.5\n,,p,q,inf\n", "E029@9 E035@10"},
	{"score of a column", one + ",LOCATION\n,,rsc,score:x\n,,p,n1\n", "E029@8"},
	{"the same constraint", one + ",COLOCATION\n,,rsc,with-rsc,score\n,,p,p,1\n,,p,p,1\n", "W044@10(9)"},
	{"comparison", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,1,,a,is,b\n", "E047@9"},
	{"comparison in capitals", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,1,OR,a,EQ,b\n,,p,,,a,Not_Defined,\n", "-"},
	{"bool_op", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,1,xor,a,eq,b\n", "E048@9"},
	{"ignored cells", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,1,or,a,defined,b\n,,,,or,a,eq,b\n", "W024@9(value) W024@10(bool_op)"},
	{"bare word", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,1,or,a,eq,b c\n", "E045@9"},
	{"node type of a continued row", ",NODE\n,,uname,ntype,ptype,name,value\n,,n1,normal,attributes,a,1\n,,,normal,,b,2", "W024@4(ntype)"},
	{"answer that is none", one + ",LOCATION\n,,rsc,diskd:d\n,,p,maybe\n", "W021@9(D)"},
	{"device that is none", ",RESOURCES\n,,resourceItem,id\n,,Primitive,p\n,,Stonith,s\n,STONITH\n,P,id,type\n,,p,x\n", "E035@7"},
	{"memo without data", ",PROPERTY\n,,name,value,,\n,,,,memo,あ\n,,a,1\n", "-"},
	{"attribute without a name", one + ",A,type,name,value\n,,params,,x\n", "E023@8(name)"},
	{"attribute name with a blank", one + ",A,type,name,value\n,,params,a b,x\n", "E045@8"},
	{"attribute without a value", one + ",A,type,name,value\n,,params,a,\n,,meta,,\n", "I027@8(value)"},
	{"property with a blank", ",PROPERTY\n,,name,value\n,,a b,x\n,,c,1\n", "E045@3"},
	{"kind of an attribute", one + ",RSC_ATTRIBUTES\n,,id,type,name,value\n,,,meta,a,1\n", "E023@9(id)"},
	{"attributes of what is not there", one + ",RSC_ATTRIBUTES\n,,id,type,name,value\n,,q,meta,a,1\n", "E035@9"},
	{"attributes of none", one + ",RSC_ATTRIBUTES\n,,id,type,name,value\n,,p,meta,,\n", "-"},
	{"operation column twice", one + ",O,type,timeout,timeout\n", "E015@7(timeout)"},
	{"operation before P", ",PRIMITIVE\n,P,id,class,provider,type\n,O,type,timeout\n,,start,1s\n", "E037@4"},
	{"node name with a quote", ",NODE\n,,uname,ptype,name,value\n,,n'1,,,\n", "E045@3"},
	{"kind of a node's attribute", ",NODE\n,,uname,ptype,name,value\n,,n1,x,a,1\n", "E025@3(ptype)"},
	{"node that comes back", ",NODE\n,,uname,ptype,name,value\n,,n1,attributes,a,1\n,,n2,,b,1\n,,n1,,a,2\n", "W026@5(3)"},
	{"location of what is not there", one + ",LOCATION\n,,rsc,score:1\n,,q,n1\n,,p,n\"1\n", "E035@9 E045@10"},
	{"parts of a location column", one + ",LOCATION\n,,rsc,ping:a\n", "E016@8(D)"},
	{"blank in a location column", one + ",LOCATION\n,,rsc,diskd:a b\n", "E016@8(D)"},
	{"rule of nothing", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,,1,,a,eq,b\n", "E023@9(rsc)"},
	{"rule with a wrong score", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,x,,a,eq,b\n", "E029@9"},
	{"rule without a condition", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,1,,,,b\n", "E023@9(attribute) E023@9(op)"},
	{"reference with more", one + ",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value,id_spec\n,,p,1,,a,,,$id-ref=r\n", "E023@9(op)"},
	{"order with a wrong score", one + ",ORDER\n,,first-rsc,then-rsc,score\n,,p,p,x\n", "E029@9"},
	{"level of a strange node", one + ",FENCING_TOPOLOGY\n,,node,rsc,index\n,,n 1,p,1\n", "E045@9"},
	{"ticket of what is not there", one + ",RSC_TICKET\n,,ticket,rsc\n,,T,q\n,,T U,p\n", "E035@9 E045@10"},
	{"alert path with a blank", ",ALERT\n,P,path\n,,/a b\n", "E045@3"},
	{"recipient with a blank", ",ALERT\n,P,path\n,,/a\n,R,recipient\n,,a b\n", "E045@5"},
	{"alert without a path", ",ALERT\n,P,path\n,A,type,name,value\n,,meta,a,1\n", "E051@4"},
	{"alert attribute without a kind", ",ALERT\n,P,path\n,,/a\n,A,type,name,value\n,,,a,1\n", "E023@5(type)"},
	{"skipped sub-tables", ",ALERT\n,R,recipient\n,P,path\n,,/a b\n,PROPERTY\n,,name,value\n,,,x\n", "E013@2 E023@7(name)"},

	// The layout of pm_pcsgen.
	{"pcsgen node", pcsgen + ",NODE\n,,uname,type,name,value\n,,n1,attribute,a,1\n,,,utilization,b,2\n,,,attributes,c,3\n", "E025@9(type)"},
	{"pcsgen kind", pcsgen + ",PRIMITIVE\n,P,id,class,provider,type\n,,p,ocf,x,y\n,A,type,name,value\n,,params,a,1\n", "E025@9(type)"},
	{"pcsgen level", pcsgen + ",STONITH_LEVEL\n,,node,id,level\n,,n1,q,x\n,,n1,,1\n", "E035@7 E022@7(E) E023@8(id)"},
	{"pcsgen location", pcsgen + ",LOCATION_NODE\n,,rsc,prefers/avoids,node,score\n,,p,likes,n1,\n,,p,,n1,\n,,p,avoids,n1,x\n,,q,avoids,n1,\n,,p,avoids,n'1,\n",
		"E025@7(prefers/avoids) E023@8(prefers/avoids) E029@9 E035@10 E045@11"},
	{"pcsgen order", pcsgen + ",ORDER\n,,first-rsc,then-rsc,kind\n,,p,p,Never\n", "E025@7(kind)"},
	{"table of the other layout", pcsgen + ",FENCING_TOPOLOGY\n,,node,rsc,index\n", "E011@5"},
	{"table of the other layout without its own", ",STONITH\n,P,id,type\n,FENCING_TOPOLOGY\n", "E011@3"},
	{"second path", ",ALERT\n,P,path\n,,/a\n,P,path", "E013@4"},
	{"data under a table of sub-tables", ",ALERT\n,,path", "E013@2"},
}

// Sheets that others are made of.
const (
	res     = ",RESOURCES\n,,resourceItem,id\n"
	pcsgen  = "# pm_pcsgen 1.1\n,RESOURCES\n,,resourceItem,id\n,,Primitive,p\n"
	one     = res + ",,Primitive,p\n,PRIMITIVE\n,P,id,class,provider,type\n,,p,ocf,x,y\n"
	stonith = res + ",,Primitive,p\n,,Primitive,s\n,PRIMITIVE\n,P,id,class,provider,type\n,,p,ocf,heartbeat,pgsql\n,A,type,name,value\n,,params,node_list,N1 n2\n" +
		",PRIMITIVE\n,P,id,class,provider,type\n,,s,stonith,,x\n\n\n\n"
)

// Conformance: CD-010, CD-011, CD-012, CD-014 (unit)
func TestSmallSheets(t *testing.T) {
	for _, tt := range sheets {
		_, list := Read([]byte(tt.text), Options{})
		if got := notes(list, Info); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	_, list := Read([]byte(",PROPERTY\n,,name,value\n#,RSC_DEFAULTS\n,,,value\n"), Options{})
	if !list[0].Always {
		t.Error("a commented table name is not told of before an error")
	}
	_, list = Read([]byte(",PROPERTY\n,,name,value\n#,RSC_DEFAULTS\n,,a,value\n,OP_DEFAULTS\n,,name,value\n,,,1"), Options{})
	if list[0].Always {
		t.Error("a commented table name is told of although the error is in another table")
	}
	s := read(t, one+",LOCATION_EXPERT\n,,rsc,score,bool_op,attribute,op,value\n,,p,1,,#uname,eq,#n1\n", Options{})
	if text := s.CRM(Options{}); !strings.Contains(text, "rule 1: #uname eq #n1") {
		t.Error(text)
	}
}

func TestLevels(t *testing.T) {
	for _, tt := range []struct {
		m    Message
		want Level
	}{
		{Message{ID: message.ERR023, Mild: true}, Error},
		{Message{ID: message.WRN026}, Warning},
		{Message{ID: message.WRN026, Strict: true, Mild: true}, Error},
		{Message{ID: message.WRN026, Mild: true}, Info},
		{Message{ID: message.INF027, Strict: true}, Info},
	} {
		if got := tt.m.Level(); got != tt.want {
			t.Errorf("%+v has level %v", tt.m, got)
		}
	}
	m := Message{ID: message.WRN041, Number: "W099", More: []message.ID{message.WRN020}}
	for lang, want := range map[string]string{
		"en": "x.csv:- - WARN W099 Only rsc is filled in; the row says nothing. The value is not ASCII.",
		"ja": "x.csv:- - WARN W099 rsc だけが記入されており、制約になりません。値に ASCII 以外の文字があります。",
	} {
		if got := m.Line("x.csv", message.In(lang)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for column, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := letters(column); got != want {
			t.Errorf("column %d is %s, want %s", column, got, want)
		}
	}
}
