package crm

import (
	"context"
	"errors"
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

func TestMaintenanceMode(t *testing.T) {
	const query = "crm_attribute -t crm_config -n maintenance-mode -G -q"
	for _, tt := range []struct {
		answer answer
		value  string
		set    bool
		fails  bool
	}{
		{said("true\n"), "true", true, false},
		{said("false\n"), "false", true, false},
		{said("\n"), "", true, false},
		{failed(105, "No such device or address"), "", false, false},
		{failed(6, "No such device or address"), "", false, false},
		{failed(102, "Not connected"), "", false, true},
	} {
		s := &script{answers: map[string]answer{query: tt.answer}}
		value, set, err := (&Client{Run: s}).MaintenanceMode(background)
		if value != tt.value || set != tt.set || (err != nil) != tt.fails {
			t.Errorf("%+v: %q, %t, %v", tt, value, set, err)
		}
		s.want(t, query)
	}
}

func TestChangingMaintenanceMode(t *testing.T) {
	const set, unset = "crm_attribute -t crm_config -n maintenance-mode -v true", "crm_attribute -t crm_config -n maintenance-mode -D"
	s := &script{}
	c := &Client{Run: s}
	if err := errors.Join(c.SetMaintenanceMode(background, "true"), c.UnsetMaintenanceMode(background)); err != nil {
		t.Error(err)
	}
	s.want(t, set, unset)
	for status, ok := range map[int]bool{6: true, 105: true, 1: false, 102: false} {
		s.answers = map[string]answer{set: failed(status, ""), unset: failed(status, "")}
		if err := c.UnsetMaintenanceMode(background); (err == nil) != ok {
			t.Errorf("unset with status %d: %v", status, err)
		}
		if err := c.SetMaintenanceMode(background, "true"); err == nil {
			t.Errorf("set with status %d", status)
		}
	}
}

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
		{func(c *Client) error { return c.RemoveNode(background, "node02") },
			[]string{"crm_node -f -R node02"}, "cannot remove the node node02: "},
		{func(c *Client) error { return c.SetStandby(background, "node02") },
			[]string{"crm_attribute -l forever -N node02 -n standby -v on"}, "cannot set standby on node02: "},
		{func(c *Client) error { return c.UnsetStandby(background, "node02") },
			[]string{"crm_attribute -l forever -N node02 -n standby -D", "crm_attribute -l reboot -N node02 -n standby -D"}, "cannot delete standby on node02: "},
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
	s := &script{answers: map[string]answer{"systemctl start corosync.service": failed(1, ""), "systemctl stop pacemaker.service": failed(1, "")}}
	c := &Client{Run: s}
	if c.StartStack(background) == nil || c.StopStack(background) == nil {
		t.Error("no error")
	}
	s.want(t, "systemctl start corosync.service", "systemctl stop pacemaker.service")
}

func TestStack(t *testing.T) {
	const ask = "systemctl is-active corosync.service pacemaker.service"
	with := func(a answer, text string) answer { a.text = []byte(text); return a }
	for _, tt := range []struct {
		answer  answer
		want    Stack
		stopped bool
	}{
		{said("active\nactive\n"), Stack{"active", "active"}, false},
		{with(failed(3, ""), "active\ninactive\n"), Stack{"active", "inactive"}, false},
		{with(failed(3, ""), "inactive\ndeactivating\n"), Stack{"inactive", "deactivating"}, false},
		{with(failed(3, ""), "activating\ninactive\n"), Stack{"activating", "inactive"}, false},
		{with(failed(3, ""), "inactive\nfailed\n"), Stack{"inactive", "failed"}, true},
		{with(failed(4, ""), "inactive\nunknown\n"), Stack{"inactive", "unknown"}, true},
	} {
		s := &script{answers: map[string]answer{ask: tt.answer}}
		got, err := (&Client{Run: s}).Stack(background)
		if err != nil || got != tt.want || got.Stopped() != tt.stopped {
			t.Errorf("%+v, stopped %t, %v, want %+v", got, got.Stopped(), err, tt.want)
		}
	}
	for _, a := range []answer{said(""), said("active\n"), failed(1, "System has not been booted with systemd"), {err: errors.New("cannot run systemctl")}} {
		if got, err := (&Client{Run: &script{answers: map[string]answer{ask: a}}}).Stack(background); err == nil {
			t.Errorf("%+v: %+v", a, got)
		}
	}
}

func TestWaitWritable(t *testing.T) {
	mon := string(fixture(t, "overview-2.1.5.xml"))
	answers := []answer{failed(102, "Not connected"), said(strings.Replace(mon, `present="true"`, `present="false"`, 1)), said(mon)}
	looks := 0
	r := runnerFunc(func(run.Command) (run.Result, error) {
		a := answers[min(looks, len(answers)-1)]
		looks++
		return run.Result{Stdout: a.text}, a.err
	})
	if err := (&Client{Run: r}).WaitWritable(background); err != nil || looks != 3 {
		t.Errorf("%v after %d looks", err, looks)
	}
	late := errors.New("60 s have passed")
	ctx, cancel := context.WithTimeoutCause(background, 20*time.Millisecond, late)
	defer cancel()
	answers = answers[:1]
	err := (&Client{Run: r}).WaitWritable(ctx)
	if !errors.Is(err, late) || !strings.Contains(err.Error(), "Not connected") {
		t.Errorf("error %v", err)
	}
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
	s := &script{answers: map[string]answer{"crm_node -l": said("1 node01 member\n2 node02 lost\n3 (null) lost\n\n"), "crm_node -p": said("node01 node02 \n")}}
	c := &Client{Run: s}
	if got, err := c.KnownNodes(background); err != nil || !slices.Equal(got, []string{"node01", "node02"}) {
		t.Errorf("known %q, %v", got, err)
	}
	if got, err := c.Members(background); err != nil || !slices.Equal(got, []string{"node01", "node02"}) {
		t.Errorf("members %q, %v", got, err)
	}
	s.answers = map[string]answer{"crm_node -l": failed(102, ""), "crm_node -p": failed(102, "")}
	if _, err := c.KnownNodes(background); err == nil {
		t.Error("no error")
	}
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
	mode := func(wantValue string, wantSet, wantSeen bool) {
		t.Helper()
		value, set, err := c.MaintenanceMode(ctx)
		if err != nil || value != wantValue || set != wantSet {
			t.Errorf("maintenance-mode is %q, %t, %v", value, set, err)
		}
		if o, err := c.Overview(ctx); err != nil || o.MaintenanceMode != wantSeen || o.DC != "node01" {
			t.Errorf("%+v, %v", o, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	mode("", false, false)
	must(c.UnsetMaintenanceMode(ctx))
	must(c.SetMaintenanceMode(ctx, "true"))
	must(c.SetMaintenanceMode(ctx, "true"))
	mode("true", true, true)
	must(c.UnsetMaintenanceMode(ctx))
	mode("", false, false)

	must(c.SetStandby(ctx, "node02"))
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
