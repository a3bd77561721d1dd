package ocf

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParseCall(f *testing.F) {
	f.Add("monitor", "pgsql:0", "CRM_meta_interval=10000\nCRM_meta_timeout=60000\nCRM_meta_on_node=node01\nCRM_meta_notify=true\nCRM_meta_clone=0\nCRM_meta_promoted_max=1")
	f.Add("notify", "pgsql", "CRM_meta_notify_type=post\nCRM_meta_notify_operation=start\nCRM_meta_notify_slave_uname= \nCRM_meta_notify_master_uname=node01 node02")
	f.Add("", "", "CRM_meta_timeout=-1\nCRM_meta_interval=99999999999999999999\nOCF_CHECK_LEVEL=x")
	f.Add("stop", ":", "CRM_meta_timeout=9223372036854775807\nCRM_meta_master_max=1 \n=")
	f.Fuzz(func(t *testing.T, action, instance, variables string) {
		env := Env{"OCF_RESOURCE_INSTANCE": instance}
		for line := range strings.Lines(variables) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			env["OCF_RESKEY_"+name] = value
		}
		c, err := ParseCall([]string{action}, env)
		if c.Timeout < 0 || c.Interval < 0 || strings.Contains(c.Resource, ":") || !strings.HasPrefix(c.Instance, c.Resource) {
			t.Errorf("%+v", c)
		}
		if err == nil && action == "" {
			t.Error("no action and no error")
		}
		if c.Probe() && c.Interval != 0 {
			t.Errorf("a recurring %s is a probe", action)
		}
		for _, list := range [][]string{c.Notify.Start, c.Notify.Stop, c.Notify.Promote, c.Notify.Demote,
			c.Notify.Active, c.Notify.Promoted, c.Notify.Unpromoted, c.Notify.Available} {
			if slices.Contains(list, "") {
				t.Errorf("a node without a name in %q", list)
			}
		}
		if len(c.Notify.Unpromoted) > 0 && !c.Notify.UnpromotedKnown {
			t.Errorf("%+v", c.Notify)
		}
	})
}

func FuzzNodeList(f *testing.F) {
	f.Add("node01 node02", "external01")
	f.Add("  Node-1.example.com\tnode02\n", " ")
	f.Add("nöde \u3000ノード", "\xff \x00")
	f.Fuzz(func(t *testing.T, nodes, external string) {
		p, _ := ParseParams(reskey("rep_mode", "sync", "node_list", nodes, "external_standby_node_list", external))
		for _, list := range [][]string{p.NodeList, p.ExternalStandbys} {
			again, _ := ParseParams(reskey("node_list", strings.Join(list, " ")))
			if !slices.Equal(again.NodeList, list) {
				t.Errorf("%q comes back as %q", list, again.NodeList)
			}
			for _, name := range list {
				if !Contains(list, strings.ToUpper(name)) && strings.EqualFold(name, strings.ToUpper(name)) {
					t.Errorf("%q is not found in %q", name, list)
				}
			}
		}
	})
}

// A password is hidden in every form in which our own quoting or libpq shows it.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{"", "x", "it's", `a\b`, "blank blank", `'`, `\`, "''", "パス", "=", `"`} {
		f.Add(s, "host=a", "connection to server failed: ")
	}
	f.Fuzz(func(t *testing.T, middle, options, message string) {
		if strings.ContainsRune(middle, 0) {
			return // cannot stand in the environment
		}
		const begin, finish = "geheim", "schluss"
		if strings.Contains(options+message, begin) || strings.Contains(options+message, finish) || strings.ContainsAny(options, `'\`) {
			return
		}
		secret := begin + middle + finish
		conninfo := "password='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret) + "'"
		p, _ := ParseParams(reskey("monitor_password", secret, "primary_conninfo_opt", options+" "+conninfo))
		for _, text := range []string{
			secret, message + " " + conninfo, message + conninfo, p.String(),
			strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(conninfo), // in a configuration file
		} {
			if got := p.Redact(text); strings.Contains(got, begin) || strings.Contains(got, finish) {
				t.Errorf("%q becomes %q", text, got)
			}
		}
	})
}
