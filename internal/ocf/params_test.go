package ocf

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func reskey(pairs ...string) Env {
	env := Env{}
	for i := 0; i < len(pairs); i += 2 {
		env["OCF_RESKEY_"+pairs[i]] = pairs[i+1]
	}
	return env
}

func defaults() Params {
	return Params{
		PgCtl: "/usr/bin/pg_ctl", Psql: "/usr/bin/psql", PgData: "/var/lib/pgsql/data", PgDBA: "postgres", PgPort: 5432,
		MonitorSQL: "select now();", Config: "/var/lib/pgsql/data/postgresql.conf", PgDB: "template1", LogFile: "/dev/null",
		StopEscalate: 90 * time.Second, RepMode: RepNone, NodeList: []string{}, RepUser: "postgres", TmpDir: "/var/lib/pgsql/tmp",
		XlogCheckCount: 3, CrmAttrTimeout: 5 * time.Second, StopEscalateInSlave: 90 * time.Second, WatchServer: true, ExternalStandbys: []string{},
	}
}

// paramNames lists the *ParamErrors in a joined error as name:code.
func paramNames(err error) string {
	var found []string
	for _, e := range flatten(err) {
		var p *ParamError
		if errors.As(e, &p) {
			found = append(found, fmt.Sprintf("%s:%d", p.Name, p.Code))
		} else {
			found = append(found, e.Error())
		}
	}
	return strings.Join(found, " ")
}

// Conformance: 10 (unit)
func TestParseParams(t *testing.T) {
	tests := []struct {
		name   string
		env    Env
		change func(*Params)
		errs   string
	}{
		{"all absent", nil, nil, ""},
		{"present and empty stays empty", reskey("monitor_sql", "", "repuser", "", "pglibs", "", "restore_command", ""),
			func(p *Params) { p.MonitorSQL, p.RepUser = "", "" }, ""},
		{"empty where that is nonsense", reskey("pgctl", "", "psql", "", "pgdata", "", "pgdba", "", "config", "", "pgdb", "", "logfile", "", "tmpdir", ""), nil, ""},
		{"config lies in pgdata", reskey("pgdata", "/x"), func(p *Params) { p.PgData, p.Config = "/x", "/x/postgresql.conf" }, ""},
		{"config given", reskey("pgdata", "/x", "config", "/etc/p.conf"), func(p *Params) { p.PgData, p.Config = "/x", "/etc/p.conf" }, ""},
		{"default pglibs is none", reskey("pglibs", "/usr/lib"), nil, ""},
		{"other pglibs", reskey("pglibs", "/opt/pg/lib"), func(p *Params) { p.PgLibs = "/opt/pg/lib" }, ""},
		{"lists", reskey("node_list", "  Node1   node2 ", "external_standby_node_list", "x"),
			func(p *Params) { p.NodeList, p.ExternalStandbys = []string{"Node1", "node2"}, []string{"x"} }, ""},
		{"numbers", reskey("pgport", " 5433 ", "stop_escalate", "0", "stop_escalate_in_slave", "-1", "xlog_check_count", "0", "crm_attr_timeout", "0"),
			func(p *Params) {
				p.PgPort, p.StopEscalate, p.StopEscalateInSlave, p.XlogCheckCount, p.CrmAttrTimeout = 5433, 0, 0, 0, time.Second
			}, ""},
		{"no numbers: reported together, default in use",
			reskey("pgport", "abc", "stop_escalate", "90s", "xlog_check_count", "", "crm_attr_timeout", "1.5", "stop_escalate_in_slave", "99999999999"),
			nil, "pgport:6 stop_escalate:6 xlog_check_count:6 crm_attr_timeout:6 stop_escalate_in_slave:6"},
		{"port 0", reskey("pgport", "0"), nil, "pgport:6"},
		{"port 65536", reskey("pgport", "65536"), nil, "pgport:6"},
		{"empty port", reskey("pgport", ""), nil, "pgport:6"},
		{"booleans", reskey("restart_on_promote", "Yes", "check_wal_receiver", "oN"),
			func(p *Params) { p.RestartOnPromote, p.CheckWalReceiver = true, true }, ""},
		{"everything else is false", reskey("restart_on_promote", "y", "check_wal_receiver", ""), nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults()
			if tt.change != nil {
				tt.change(&want)
			}
			got, err := ParseParams(tt.env)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %#v\nwant %#v", got, want)
			}
			if names := paramNames(err); names != tt.errs {
				t.Errorf("errors: got %q, want %q", names, tt.errs)
			}
		})
	}
}

// Every text parameter must land in a field of its own.
func TestParseParamsKeepsParametersApart(t *testing.T) {
	env := Env{}
	var want []string
	for _, p := range Table("") {
		if p.Type == "string" && p.Name != "rep_mode" {
			env["OCF_RESKEY_"+p.Name] = "value-of-" + p.Name
			want = append(want, "value-of-"+p.Name)
		}
	}
	p, err := ParseParams(env)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{p.PgCtl, p.StartOpt, p.CtlOpt, p.Psql, p.PgData, p.PgDBA, p.PgHost, p.PgLibs, p.MonitorUser, p.MonitorPassword,
		p.MonitorSQL, p.Config, p.PgDB, p.LogFile, p.SocketDir, strings.Join(p.NodeList, " "), p.RestoreCommand, p.ArchiveCleanupCommand,
		p.RecoveryEndCommand, p.MasterIP, p.RepUser, p.PrimaryConninfoOpt, p.SlotName, p.TmpDir, strings.Join(p.ExternalStandbys, " ")}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestUnknownRepModeHasStandIn(t *testing.T) {
	for _, written := range []string{"", "Sync", "master"} {
		p, err := ParseParams(reskey("rep_mode", written))
		if err != nil || p.RepMode != RepNone {
			t.Errorf("%q: got %q, %v", written, p.RepMode, err)
		}
		env := reskey("rep_mode", written)
		env[meta+"promotable"] = "true"
		if p, _ = ParseParams(env); p.RepMode != RepAsync {
			t.Errorf("%q in a promotable clone: got %q", written, p.RepMode)
		}
		if !strings.Contains(paramNames(p.Check(Call{Promotable: true})), "rep_mode:6") {
			t.Errorf("%q: Check does not report it", written)
		}
	}
}

// Conformance: 27 (unit)
func TestCheck(t *testing.T) {
	sync := Call{Action: "start", Promotable: true, InClone: true, NotifyKnown: true, NotifyEnabled: true, OnNode: "node1"}
	with := func(change func(*Call)) Call { c := sync; change(&c); return c }
	single := Call{Action: "start"}
	good := []string{"rep_mode", "sync", "master_ip", "192.0.2.1", "node_list", "node1 node2"}
	slave := []string{"rep_mode", "slave", "master_ip", "192.0.2.1"}
	long := strings.Repeat("n", 63)
	tests := []struct {
		name   string
		call   Call
		params []string
		more   []string
		want   string
	}{
		{"defaults", single, nil, nil, ""},
		{"good sync", sync, good, nil, ""},
		{"good slave", single, slave, nil, ""},
		{"password without user", single, nil, []string{"monitor_password", "x"}, "monitor_password:6"},
		{"password with user", single, nil, []string{"monitor_password", "x", "monitor_user", "m"}, ""},
		{"sync, not promotable", single, good, nil, "rep_mode:6"},
		{"slave, promotable", sync, slave, nil, "rep_mode:6"},
		{"no master_ip", sync, good, []string{"master_ip", ""}, "master_ip:6"},
		{"slave, no master_ip", single, slave, []string{"master_ip", ""}, "master_ip:6"},
		{"no repuser", sync, good, []string{"repuser", ""}, "repuser:6"},
		{"no repuser, single", single, nil, []string{"repuser", ""}, ""},
		{"no node_list", sync, good, []string{"node_list", " "}, "node_list:6"},
		{"external list with async", sync, good, []string{"rep_mode", "async", "external_standby_node_list", "x"}, "external_standby_node_list:6"},
		{"external list with none", single, nil, []string{"external_standby_node_list", "x"}, "external_standby_node_list:6"},
		{"external list with sync", sync, good, []string{"external_standby_node_list", "x"}, ""},
		{"notify false", with(func(c *Call) { c.NotifyEnabled = false }), good, nil, "clone meta-attribute notify:6"},
		{"notify absent, scheduled by the cluster", with(func(c *Call) { c.NotifyEnabled, c.NotifyKnown = false, false }), good, nil, "clone meta-attribute notify:6"},
		{"notify absent under crm_resource", with(func(c *Call) { c.NotifyEnabled, c.NotifyKnown, c.InClone = false, false, false }), good, nil, ""},
		{"notify absent by hand", with(func(c *Call) { c.NotifyEnabled, c.NotifyKnown, c.ByHand = false, false, true }), good, nil, ""},
		{"good slot prefix", sync, good, []string{"replication_slot_name", "slot_1"}, ""},
		{"slot prefix in capitals", sync, good, []string{"replication_slot_name", "Slot"}, "replication_slot_name:6"},
		{"slot prefix with a hyphen, single", single, nil, []string{"replication_slot_name", "a-b"}, "replication_slot_name:6"},
		{"slots collide", sync, good, []string{"replication_slot_name", "s", "node_list", "db-1 db.1"}, "replication_slot_name:6"},
		{"one node in two cases is one node", sync, good, []string{"replication_slot_name", "s", "node_list", "db-1 DB-1"}, ""},
		{"slot of 63 bytes", sync, good, []string{"replication_slot_name", "s", "node_list", long[:61]}, ""},
		{"slot of 64 bytes", sync, good, []string{"replication_slot_name", "s", "node_list", long[:62]}, "replication_slot_name:6"},
		{"slot of 64 bytes in slave", with(func(c *Call) { c.Promotable, c.OnNode = false, long[:62] }), slave, []string{"replication_slot_name", "s"}, "replication_slot_name:6"},
		{"node that no slot can be named after", sync, good, []string{"replication_slot_name", "s", "node_list", "nöde"}, "replication_slot_name:6"},
		{"application name of 63 bytes", sync, good, []string{"node_list", long}, ""},
		{"application name of 64 bytes", sync, good, []string{"node_list", long + "n"}, "node_list:6"},
		{"external name of 64 bytes", sync, good, []string{"external_standby_node_list", long + "n"}, "external_standby_node_list:6"},
		{"all at once", sync, []string{"rep_mode", "async"}, []string{"external_standby_node_list", "x", "replication_slot_name", "-", "monitor_password", "p"},
			"monitor_password:6 master_ip:6 external_standby_node_list:6 node_list:6 replication_slot_name:6"},
		{"validate-all looks only at the user", Call{Action: "validate-all"}, []string{"rep_mode", "x"}, []string{"monitor_password", "p"}, "monitor_password:6"},
		{"validate-all at level 10", Call{Action: "validate-all", CheckLevel: 10}, []string{"rep_mode", "x"}, nil, "rep_mode:6"},
		{"other actions whatever the level", Call{Action: "monitor"}, []string{"rep_mode", "x"}, nil, "rep_mode:6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParseParams(reskey(slices.Concat(tt.params, tt.more)...))
			if err != nil {
				t.Fatal(err)
			}
			if got := paramNames(p.Check(tt.call)); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestParamErrorText(t *testing.T) {
	tests := []struct {
		name, param, value, want string
	}{
		{"value", "pgport", "abc", `cannot use pgport="abc": must be X`},
		{"empty", "pgport", "", `cannot use an empty pgport: must be X`},
		{"line break", "pgport", "a\nb", `cannot use pgport="a\nb": must be X`},
		{"long Japanese", "node_list", strings.Repeat("長", 90), `cannot use node_list="` + strings.Repeat("長", 12) + `...": must be X`},
		{"password", "monitor_password", "geheim", "cannot use monitor_password (value not shown): must be X"},
		{"may hold a password", "primary_conninfo_opt", "geheim", "cannot use primary_conninfo_opt (value not shown): must be X"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := wrong(tt.param, tt.value, "X").Error(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestSlotName(t *testing.T) {
	if got := SlotName("pg", "DB-1.example.com"); got != "pg_db_1_example_com" {
		t.Error(got)
	}
}

func FuzzParseParams(f *testing.F) {
	f.Add("pgport", "abc", "sync", "node1 node2", "slot", "user=x password='a b'")
	f.Add("monitor_password", "'\\", "", " ", "-", "password=")
	f.Add("pgdata", "\xff\n<&>", "slave", "nöde", "s", "sslpassword = a\\")
	f.Fuzz(func(t *testing.T, name, value, mode, nodes, slot, conninfo string) {
		env := reskey("rep_mode", mode, "node_list", nodes, "replication_slot_name", slot, "primary_conninfo_opt", conninfo, name, value)
		p, err := ParseParams(env)
		if !p.RepMode.known() || p.PgPort < 1 || p.PgPort > 65535 || p.XlogCheckCount < 0 || p.CrmAttrTimeout < time.Second || p.PgData == "" {
			t.Errorf("not usable: %#v", p)
		}
		code, reason := FirstReason(errors.Join(err, p.Check(Call{Promotable: true})))
		if (code == Success) != (reason == "") || len([]rune(reason)) > maxReason || strings.ContainsAny(reason, "\n\r") {
			t.Errorf("reason %d %q", code, reason)
		}
		_ = p.String()
	})
}

// The words are those of ocf_is_true, and Pacemaker compares them without case.
//
// Conformance: 12 (unit)
func TestBooleans(t *testing.T) {
	for word, want := range map[string]bool{
		"yes": true, "true": true, "1": true, "YES": true, "TRUE": true, "True": true, "ja": true, "on": true, "ON": true,
		"Yes": true, "yEs": true, "tRUE": true, "Ja": true, "JA": true, "On": true,
		"": false, "no": false, "false": false, "0": false, "2": false, "off": false, "y": false, "t": false, "yes please": false, "nein": false,
	} {
		p, err := ParseParams(reskey("restart_on_promote", word, "check_wal_receiver", word))
		if err != nil || p.RestartOnPromote != want || p.CheckWalReceiver != want {
			t.Errorf("%q: %t and %t, %v", word, p.RestartOnPromote, p.CheckWalReceiver, err)
		}
	}
}
