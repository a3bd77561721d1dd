package agent_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgrex/internal/agent"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// The test binary is also the agent and stands in for Pacemaker's tools and
// for pg_ctl, which it passes on to the real one: what the agent starts is
// started for real, with real arguments, exit statuses and signals.
func TestMain(m *testing.M) {
	standIns := map[string]func(){
		"pgsql-ra": func() {
			agent.SetRuntime()
			os.Exit(int(agent.Main(os.Args[1:], ocf.OSEnv(), os.Stdin, os.Stdout, os.Stderr)))
		},
		"crm_mon":       func() { call(crmMon) },
		"crm_attribute": func() { call(crmAttribute) },
		"crm_node":      func() { call(func(*record) int { fmt.Println("node01"); return 0 }) },
		"crm_resource":  func() { call(func(*record) int { return 0 }) },
		"cibadmin":      func() { call(cibadmin) },
		"attrd_updater": func() { call(func(*record) int { return 0 }) },
		"pg_ctl":        func() { call(pgCtl) },

		"corosync-quorumtool": quorumTool,
	}
	if run, ok := standIns[filepath.Base(os.Args[0])]; ok {
		run()
		panic("a stand-in came back")
	}
	status := m.Run()
	if template.dir != "" {
		_ = os.RemoveAll(template.dir)
	}
	os.Exit(status)
}

// record is the cluster that the stand-ins keep, in one file for all of them.
type record struct {
	Online    map[string]bool
	Unclean   map[string]bool
	Role      map[string]string // node -> Promoted, Unpromoted
	Transient map[string]map[string]string
	Permanent map[string]map[string]string
	NoQuorum  bool
	Fencing   bool
	Fail      string // name of a program that fails
	Hang      string // name of a program that does not answer
	Unmanaged bool   // the cluster leaves the resource alone
	Behind    string // node in whose copy it may still be promoted
	Promoting string // node that the cluster promotes as soon as something is written of it
}

func newRecord() *record {
	r := &record{Online: map[string]bool{}, Unclean: map[string]bool{}, Role: map[string]string{},
		Transient: map[string]map[string]string{}, Permanent: map[string]map[string]string{}}
	for _, n := range []string{"node01", "node02"} {
		r.Online[n] = true
		r.Transient[n], r.Permanent[n] = map[string]string{}, map[string]string{}
	}
	return r
}

// lockRecord keeps others from changing the record until the file is closed.
func lockRecord(dir string) (*os.File, error) {
	path := filepath.Join(dir, "cluster.lock")
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	_ = os.Chmod(path, 0o666) // stand-ins run as several users
	return lock, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
}

func readRecord(dir string) (*record, error) {
	text, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if err != nil {
		return nil, err
	}
	r := &record{}
	return r, json.Unmarshal(text, r)
}

func (r *record) write(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, "cluster.json.new")
	if err := os.WriteFile(tmp, text, 0o666); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, "cluster.json"))
}

// quorumTool tells of every change of the membership until it is killed.
func quorumTool() {
	for seen := ""; ; time.Sleep(20 * time.Millisecond) {
		r, err := readRecord(os.Getenv("STANDIN_DIR"))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(70)
		}
		if now := fmt.Sprint(r.Online); now != seen {
			fmt.Println("Quorum information:", now)
			seen = now
		}
	}
}

// call runs a stand-in: it notes the call, has its effect, and kills the agent
// if this was the call after which it is to die.
func call(effect func(*record) int) {
	dir := os.Getenv("STANDIN_DIR")
	name := filepath.Base(os.Args[0])
	// Two actions may run at once, as on two nodes.
	if name == "crm_attribute" {
		if lock, err := lockRecord(dir); err == nil {
			defer lock.Close()
		}
	}
	r, err := readRecord(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(70)
	}
	if r.Hang == name {
		time.Sleep(time.Hour)
	}
	status := 102
	if r.Fail != name {
		status = effect(r)
	}
	if name == "crm_attribute" {
		if err := r.write(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(70)
		}
	}
	n := noteCall(dir, strings.Join(append([]string{name}, os.Args[1:]...), " "))
	if strconv.Itoa(n) == os.Getenv("STANDIN_KILL_AFTER") {
		killAgent(dir)
	}
	os.Exit(status)
}

// noteCall appends one line and returns how many calls there have been.
func noteCall(dir, line string) int {
	f, err := os.OpenFile(filepath.Join(dir, "calls"), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(70)
	}
	defer f.Close()
	fmt.Fprintln(f, strings.ReplaceAll(line, "\n", " "))
	text, _ := os.ReadFile(f.Name())
	return strings.Count(string(text), "\n")
}

// killAgent asks the test, which is root even where a stand-in is not, to do
// what Pacemaker does at a time-out.
func killAgent(dir string) {
	if err := os.WriteFile(filepath.Join(dir, "kill"), nil, 0o666); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	time.Sleep(10 * time.Second)
}

func flag(name string) string {
	for i, a := range os.Args {
		if a == name && i+1 < len(os.Args) {
			return os.Args[i+1]
		}
	}
	return ""
}

func has(name string) bool {
	for _, a := range os.Args {
		if a == name {
			return true
		}
	}
	return false
}

func crmAttribute(r *record) int {
	attrs := r.Transient
	if flag("-l") == "forever" {
		attrs = r.Permanent
	}
	node, ok := attrs[flag("-N")]
	if !ok || flag("-n") == "" {
		fmt.Fprintln(os.Stderr, "crm_attribute: no such node or no name")
		return 64
	}
	if flag("-N") == r.Promoting {
		r.Role[r.Promoting] = "Promoted"
	}
	if has("-D") {
		delete(node, flag("-n"))
	} else {
		node[flag("-n")] = flag("-v")
	}
	return 0
}

// crmMon prints what crm_mon 2.1.5 --output-as=xml prints, as far as the agent reads it.
func crmMon(r *record) int {
	type attr struct {
		XMLName xml.Name `xml:"attribute"`
		Name    string   `xml:"name,attr"`
		Value   string   `xml:"value,attr"`
	}
	fmt.Printf(`<pacemaker-result api-version="2.25" request="crm_mon"><summary><current_dc present="true" with_quorum="%t"/>`, !r.NoQuorum)
	fmt.Printf(`<cluster_options stonith-enabled="%t" no-quorum-policy="stop"/></summary><nodes>`, r.Fencing)
	nodes := sorted(r.Online)
	for i, n := range nodes {
		fmt.Printf(`<node name="%s" id="%d" online="%t" pending="false" unclean="%t"/>`, n, i+1, r.Online[n], r.Unclean[n])
	}
	fmt.Print(`</nodes><resources><clone id="msPostgresql" multi_state="true">`)
	for _, n := range sorted(r.Role) {
		fmt.Printf(`<resource id="pgsql" role="%s" active="true" failed="false" managed="%t"><node name="%s"/></resource>`, r.Role[n], !r.Unmanaged, n)
	}
	fmt.Print(`</clone></resources><node_attributes>`)
	for _, n := range nodes {
		if !r.Online[n] {
			continue // as the real one
		}
		fmt.Printf(`<node name="%s">`, n)
		for _, set := range []map[string]string{r.Transient[n], r.Permanent[n]} {
			for name, value := range set {
				text, _ := xml.Marshal(attr{Name: name, Value: value})
				os.Stdout.Write(text)
			}
		}
		fmt.Print(`</node>`)
	}
	fmt.Print(`</node_attributes><status code="0" message="OK"/></pacemaker-result>`)
	return 0
}

// cibadmin prints the section of the nodes or, for the agent's glance, what its
// XPath selects.
func cibadmin(r *record) int {
	if flag("-o") == "nodes" {
		if attrs := r.Permanent[flag("-N")]; r.Behind != "" && flag("-N") == r.Behind {
			status := attrs["pgsql-data-status"]
			attrs["pgsql-data-status"] = "STREAMING|SYNC"
			defer func() { attrs["pgsql-data-status"] = status }()
		}
		fmt.Print(`<nodes>`)
		printNodes(r)
		fmt.Print(`</nodes>`)
		return 0
	}
	if r.NoQuorum {
		const noSuchObject = 105
		return noSuchObject
	}
	fmt.Print(`<xpath-query>`)
	printNodes(r)
	for i, n := range sorted(r.Online) {
		if !r.Online[n] {
			continue
		}
		fmt.Printf(`<transient_attributes id="%d"><instance_attributes id="status-%d">`, i+1, i+1)
		for name, value := range r.Transient[n] {
			fmt.Printf(`<nvpair id="status-%d-%s" name="%s" value="%s"/>`, i+1, name, name, value)
		}
		fmt.Print(`</instance_attributes></transient_attributes>`)
	}
	fmt.Print(`</xpath-query>`)
	return 0
}

func printNodes(r *record) {
	for i, n := range sorted(r.Online) {
		fmt.Printf(`<node id="%d" uname="%s"><instance_attributes id="nodes-%d">`, i+1, n, i+1)
		for name, value := range r.Permanent[n] {
			fmt.Printf(`<nvpair id="nodes-%d-%s" name="%s" value="%s"/>`, i+1, name, name, value)
		}
		fmt.Print(`</instance_attributes></node>`)
	}
}

// pgCtl passes the call on, so that its effect is the real one. With
// STANDIN_KILL_SERVER the server dies of the call: "before" it hears of it, or
// "after" it has done what it was asked.
func pgCtl(*record) int {
	if os.Getenv("STANDIN_KILL_SERVER") == "before" {
		return killServer(flag("-D"))
	}
	status := realPgCtl()
	if os.Getenv("STANDIN_KILL_SERVER") == "after" {
		for !inProduction(flag("-D")) {
			time.Sleep(5 * time.Millisecond)
		}
		killServer(flag("-D"))
	}
	return status
}

// killServer does what the kernel does when memory runs out.
func killServer(data string) int {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 70
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil || syscall.Kill(pid, syscall.SIGKILL) != nil {
		fmt.Fprintln(os.Stderr, "cannot kill", first)
		return 70
	}
	for { // a signal takes its time, more so on a busy machine
		stat, err := os.ReadFile("/proc/" + first + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return 0
		}
		time.Sleep(time.Millisecond)
	}
}

func inProduction(data string) bool {
	c, err := pg.New(pg.Settings{Data: data}, nil).Control()
	return err == nil && c.State == pg.DBInProduction
}

func realPgCtl() int {
	program := os.Getenv("STANDIN_PG_CTL")
	attr := &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}}
	p, err := os.StartProcess(program, append([]string{program}, os.Args[1:]...), attr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 127
	}
	state, err := p.Wait()
	if err != nil {
		return 127
	}
	return state.ExitCode()
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
