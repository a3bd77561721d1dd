package rebuild

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"pgrex/internal/node"
	"pgrex/internal/pg"
	"pgrex/internal/run"
)

// A job is done by a process of its own, which is killed.
type job struct {
	Server Server
	Source pg.Settings // of a rewind
	Facts  Facts       // of a base backup
	From   Primary
	Options
}

const jobVariable = "REBUILD_TEST_JOB"

// doJob is that process.
func doJob() int {
	var j job
	if err := json.Unmarshal([]byte(os.Getenv(jobVariable)), &j); err != nil {
		fmt.Println(err)
		return 2
	}
	j.Server.Run = run.Local{}
	var err error
	if j.From.Port != 0 {
		err = j.Server.BaseBackup(context.Background(), j.Facts, j.From, j.Options, nil)
	} else {
		err = j.Server.Rewind(context.Background(), Source{Node: node.Local{HostName: "node02"}, Settings: j.Source}, nil)
	}
	fmt.Println(err)
	return 0
}

// killJob does a job until something is the case, and kills it then.
func killJob(t *testing.T, j job, until func() bool) {
	t.Helper()
	j.Server.Run = nil
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
	var said strings.Builder
	cmd.Stdout = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the job is under way", until)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatalf("the job ended before: %s", said.String())
	}
}

// programs are the processes of programs that were told of a data directory,
// by pid.
func programs(data string) map[int]string {
	found := map[int]string{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, _ := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		args := strings.Split(string(text), "\x00")
		if strings.Contains(string(text), data) && (strings.HasSuffix(args[0], "/pg_rewind") || strings.HasSuffix(args[0], "/pg_basebackup")) {
			found[pid] = args[0]
		}
	}
	return found
}

// signalPrograms signals those that we have started, and not their children.
func signalPrograms(t *testing.T, name, data string, sig syscall.Signal) {
	t.Helper()
	for pid, program := range programs(data) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if strings.HasSuffix(program, "/"+name) && strings.Contains(string(status), fmt.Sprintf("PPid:\t%d\n", os.Getpid())) {
			_ = syscall.Kill(pid, sig)
		}
	}
}
