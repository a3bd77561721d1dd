package crm

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgrex/internal/run"
)

// script answers by the whole command line; what it does not know succeeds in silence.
type script struct {
	calls   []string
	answers map[string]answer
}

func (s *script) Run(_ context.Context, c run.Command) (run.Result, error) {
	line := strings.Join(c.Argv, " ")
	s.calls = append(s.calls, line)
	a := s.answers[line]
	return run.Result{Stdout: a.text}, a.err
}

func (s *script) want(t *testing.T, calls ...string) {
	t.Helper()
	if !slices.Equal(s.calls, calls) {
		t.Errorf("ran\n%s\nwant\n%s", strings.Join(s.calls, "\n"), strings.Join(calls, "\n"))
	}
	s.calls = nil
}

func said(text string) answer { return answer{text: []byte(text)} }

func failed(status int, stderr string) answer {
	return answer{err: &run.ExitError{Argv: []string{"x"}, Status: status, Stderr: stderr}}
}

var background = context.Background()

// Actions of one program each, and what they say when it fails.
func TestActions(t *testing.T) {
	for _, tt := range []struct {
		do    func(*Client) error
		want  []string
		error string // where the last program fails
	}{
		{func(c *Client) error { return c.Cleanup(background, "pgsql", "node02") },
			[]string{"crm_resource --cleanup --resource pgsql --node node02"}, "cannot clean up pgsql on node02: "},
		{func(c *Client) error { return c.ClearFencingHistory(background, "node02") },
			[]string{"stonith_admin -c -H node02"}, "cannot clear the fencing history of node02: "},
		{func(c *Client) error { return c.WriteHeld(background) },
			[]string{"attrd_updater -R"}, "cannot have the node attributes written: "},
		{func(c *Client) error { return c.Freeze(background, "pgsql-clone") },
			[]string{"crm_resource --meta -r pgsql-clone -p maintenance -v true"}, "cannot suspend the monitoring of pgsql-clone: "},
		{func(c *Client) error { return c.Thaw(background, "pgsql-clone") },
			[]string{"crm_resource --meta -r pgsql-clone -d maintenance"}, "cannot resume the monitoring of pgsql-clone: "},
		{func(c *Client) error { return c.StartStack(background) },
			[]string{"systemctl start corosync.service", "systemctl start pacemaker.service"}, "cannot start Pacemaker: "},
		{func(c *Client) error { return c.StopStack(background) },
			[]string{"systemctl stop pacemaker.service", "systemctl stop corosync.service"}, "cannot stop Corosync: "},
	} {
		s := &script{}
		if err := tt.do(&Client{Run: s}); err != nil {
			t.Error(err)
		}
		s.want(t, tt.want...)
		s.answers = map[string]answer{tt.want[len(tt.want)-1]: failed(1, "it is broken")}
		err := tt.do(&Client{Run: s})
		if err == nil || !strings.HasPrefix(err.Error(), tt.error) || !strings.HasSuffix(err.Error(), "it is broken") {
			t.Errorf("error %v, want %s", err, tt.error)
		}
	}
}

// Nothing is started on top of what did not start, and nothing taken away from below what runs.
func TestStackStopsHalfway(t *testing.T) {
	const journal = "journalctl --unit=corosync.service --lines=5 --output=cat --no-pager"
	s := &script{answers: map[string]answer{"systemctl start corosync.service": failed(1, ""), "systemctl stop pacemaker.service": failed(1, ""),
		journal: {text: []byte("corosync: the key cannot be read\nFailed to start it\n")}}}
	c := &Client{Run: s}
	if err := c.StartStack(background); err == nil || !strings.HasSuffix(err.Error(), "; the journal of corosync.service: corosync: the key cannot be read Failed to start it") {
		t.Errorf("error %v", err)
	}
	if c.StopStack(background) == nil {
		t.Error("no error")
	}
	s.want(t, "systemctl start corosync.service", journal, "systemctl stop pacemaker.service")
}

const (
	askWait   = "corosync-cmapctl -g runtime.votequorum.wait_for_all_status"
	endWait   = "corosync-cmapctl -s quorum.cancel_wait_for_all u8 1"
	waiting   = "runtime.votequorum.wait_for_all_status (u8) = 1\n"
	satisfied = "runtime.votequorum.wait_for_all_status (u8) = 0\n"
)

// Conformance: AT-045 (unit)
func TestUnblockQuorum(t *testing.T) {
	noOption := failed(1, "Can't get key runtime.votequorum.wait_for_all_status. Error CS_ERR_NOT_EXIST")
	down := failed(1, "Failed to initialize the cmap API. Error CS_ERR_LIBRARY")
	for _, tt := range []struct {
		name    string
		wait    answer
		members string
		fencing bool
		done    bool
		error   string
		want    []string
	}{
		{"not waiting", said(satisfied), "", true, false, "", []string{askWait}},
		{"does not know of waiting", noOption, "", true, false, "", []string{askWait}},
		{"Corosync is down", down, "", true, false, "cannot ask Corosync", []string{askWait}},
		{"no answer", said(""), "", true, false, "cannot ask Corosync", []string{askWait}},
		{"waiting, with fencing", said(waiting), "node01 \n", true, true, "", []string{askWait, "crm_node -p", "stonith_admin -C node02", endWait}},
		{"waiting, without fencing", said(waiting), "node01 \n", false, true, "", []string{askWait, "crm_node -p", endWait}},
		{"the node is there", said(waiting), "node01 Node02 \n", true, false, "node02: it is a member", []string{askWait, "crm_node -p"}},
		{"one with a longer name is there", said(waiting), "node01 node021 \n", false, true, "", []string{askWait, "crm_node -p", endWait}},
	} {
		s := &script{answers: map[string]answer{askWait: tt.wait, "crm_node -p": said(tt.members)}}
		done, err := (&Client{Run: s}).UnblockQuorum(background, []string{"node02"}, tt.fencing)
		if done != tt.done || (err != nil) != (tt.error != "") || err != nil && !strings.Contains(err.Error(), tt.error) {
			t.Errorf("%s: %t, %v", tt.name, done, err)
		}
		s.want(t, tt.want...)
	}
	// A node that could not be confirmed would be fenced: the cluster goes on waiting.
	s := &script{answers: map[string]answer{askWait: said(waiting), "stonith_admin -C node02": failed(1, "")}}
	if done, err := (&Client{Run: s}).UnblockQuorum(background, []string{"node02"}, true); done || err == nil || slices.Contains(s.calls, endWait) {
		t.Errorf("%t, %v, ran %q", done, err, s.calls)
	}
	s.answers = map[string]answer{askWait: said(waiting), endWait: failed(1, "")}
	if done, err := (&Client{Run: s}).UnblockQuorum(background, nil, false); done || err == nil {
		t.Errorf("%t, %v", done, err)
	}
}

func TestNodeNames(t *testing.T) {
	s := &script{answers: map[string]answer{"crm_node -p": said("node01 node02 \n")}}
	c := &Client{Run: s}
	if got, err := c.Members(background); err != nil || !slices.Equal(got, []string{"node01", "node02"}) {
		t.Errorf("members %q, %v", got, err)
	}
	s.answers = map[string]answer{"crm_node -p": failed(102, "")}
	if _, err := c.Members(background); err == nil {
		t.Error("no error")
	}
}

// Pacemaker's own tools understand what they are told and are understood.
func TestWithInstalledTools(t *testing.T) {
	for _, tool := range []string{"crm_mon", "crm_attribute", "cibadmin"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" || os.Getenv("PGREX_REQUIRE_ALL") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	file := filepath.Join(t.TempDir(), "cib.xml")
	if err := os.WriteFile(file, fixture(t, "cibadmin-2.1.5-query.xml"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Client{Run: onFile{file}}
	ctx, cancel := context.WithTimeout(background, time.Minute)
	defer cancel()
	property := func(argv ...string) error {
		return c.do(ctx, "write the property", append([]string{"crm_attribute", "-t", "crm_config", "-n", "maintenance-mode"}, argv...)...)
	}
	mode := func(want bool) {
		t.Helper()
		if o, err := c.Overview(ctx); err != nil || o.MaintenanceMode != want || o.DC != "node01" {
			t.Errorf("%+v, %v", o, err)
		}
	}
	frozen := func(want bool) {
		t.Helper()
		o, err := c.Overview(ctx)
		for _, r := range o.Of(theClone) {
			if err != nil || (r.Maintenance || !r.Managed) != want {
				t.Errorf("%+v, %v", r, err)
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	mode(false)
	must(property("-v", "true"))
	mode(true)
	must(property("-D"))
	mode(false)
	for range 2 { // the second time there is nothing to do
		must(c.Freeze(ctx, theClone))
		frozen(true)
	}
	for range 2 {
		must(c.Thaw(ctx, theClone))
		frozen(false)
	}

	must(c.SetAttribute(ctx, Permanent, "node02", "standby", "on"))
	o, err := c.Overview(ctx)
	must(err)
	if ok, why := o.Online("node02"); ok || why != "standby" {
		t.Errorf("node02: %t, %s", ok, why)
	}
	if ok, why := o.PrimaryRuns(theClone, theDatabase, "node01"); !ok {
		t.Error(why)
	}
	text, err := c.CIB(ctx)
	must(err)
	saved, err := ParseSavedNodes(text)
	if n, _ := saved.Node("node02"); err != nil || n.Attrs["standby"] != "on" {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestHeld(t *testing.T) {
	const query = "attrd_updater -Q -A -n gw"
	s := &script{answers: map[string]answer{query: said(`name="gw" host="node01" value="100"
name="gw" host="node02" value="0"
`)}}
	got, err := (&Client{Run: s}).Held(background, "gw")
	if want := map[string]string{"node01": "100", "node02": "0"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	s.answers[query] = failed(78, "attribute does not exist")
	if got, err := (&Client{Run: s}).Held(background, "gw"); err == nil {
		t.Errorf("%v of an attribute that is not there", got)
	}
}
