package main

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	layout "pgrex/internal/message"
	"pgrex/test/lab"
)

var placeholder = regexp.MustCompile(`%[-+ 0-9.]*[a-z]`)

func TestEveryMessageHasBothLanguages(t *testing.T) {
	for key, m := range messages {
		if m.en == "" || m.ja == "" {
			t.Errorf("message %d lacks a language: %+v", key, m)
		}
		en, ja := placeholder.FindAllString(m.en, -1), placeholder.FindAllString(m.ja, -1)
		if !slices.Equal(en, ja) {
			t.Errorf("message %d: placeholders differ: %v in %q, %v in %q", key, en, m.en, ja, m.ja)
		}
	}
}

func TestLanguageIsChosenByLocale(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		ja   bool
	}{
		{"nothing set", nil, false},
		{"LANG", map[string]string{"LANG": "ja_JP.UTF-8"}, true},
		{"LC_MESSAGES before LANG", map[string]string{"LC_MESSAGES": "C", "LANG": "ja_JP.UTF-8"}, false},
		{"LC_ALL before all", map[string]string{"LC_ALL": "ja_JP.UTF-8", "LC_MESSAGES": "C"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := catalogueFor(func(name string) string { return tt.env[name] })
			if got.japanese != tt.ja {
				t.Errorf("japanese = %v, want %v", got.japanese, tt.ja)
			}
		})
	}
}

func TestPadCountsJapaneseTwice(t *testing.T) {
	for _, s := range []string{"node01", "ノード", "故障から 3 秒"} {
		if got := layout.Width(layout.Pad(s, 20)); got != 20 {
			t.Errorf("pad(%q) is %d columns wide", s, got)
		}
	}
}

// Help and errors are in the operator's language, also where cobra writes them.
func TestHelpIsInOneLanguage(t *testing.T) {
	japanese := regexp.MustCompile(`\p{Hiragana}|\p{Katakana}|\p{Han}`)
	english := regexp.MustCompile(`Usage:|Flags:|Examples:|Available|help for|Help about|for more information`)
	for _, ja := range []bool{false, true} {
		a := &app{out: io.Discard, text: catalogue{japanese: ja}}
		root := a.command()
		var seen int
		var check func(cmd *cobra.Command)
		check = func(cmd *cobra.Command) {
			seen++
			var text strings.Builder
			cmd.SetOut(&text)
			if err := cmd.Help(); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(text.String()) {
				if !ja && japanese.MatchString(line) || ja && english.MatchString(line) {
					t.Errorf("japanese = %v: %s: %s", ja, cmd.CommandPath(), line)
				}
			}
			for line := range strings.Lines(cmd.Flags().FlagUsages()) {
				if ja && !japanese.MatchString(line) {
					t.Errorf("%s: not Japanese: %s", cmd.CommandPath(), line)
				}
			}
			if ja && !japanese.MatchString(cmd.Short) {
				t.Errorf("%s: %q is not Japanese", cmd.CommandPath(), cmd.Short)
			}
			for _, sub := range cmd.Commands() {
				if !sub.Hidden {
					check(sub)
				}
			}
		}
		check(root)
		if seen < 14 {
			t.Errorf("only %d commands seen", seen)
		}
	}
}

func TestOperatorsErrorsAreTranslated(t *testing.T) {
	a := &app{out: io.Discard, text: catalogue{japanese: true}}
	run := func(args ...string) error {
		root := a.command()
		root.SetArgs(args)
		root.SetOut(io.Discard)
		return root.Execute()
	}
	_, unknownLAN := lab.ParseLAN("x-lan")
	tests := []struct {
		name   string
		err    error
		want   string
		status int
	}{
		{"too few arguments", run("kill"), "pgrex-lab kill NODE: 引数", exitUsage},
		{"unknown option", run("up", "--nonsense"), "コマンドライン", exitUsage},
		{"unknown command", run("nonsense"), "コマンドライン", exitUsage},
		{"no agent", run("up", "--agent", "/nonexistent/agent"), "エージェントが見つかりません", exitFailed},
		{"unknown network", usageError{unknownLAN}, "s-lan, d-lan, ic-lan1, ic-lan2 です", exitUsage},
		{"unknown node", usageError{&lab.UnknownError{What: "node", Name: "node09", Known: []string{"node01"}}}, `ノード "node09"`, exitUsage},
		{"node is off", &lab.PowerError{Node: "node01"}, "起動していません", exitFailed},
		{"node is on", &lab.PowerError{Node: "node01", On: true}, "すでに起動", exitFailed},
		{"unknown suite", run("suites", "build", "sarge"), "bullseye, bookworm, trixie, forky", exitUsage},
		{"suite not built", &lab.SuiteError{Suite: "trixie", Err: io.EOF}, "trixie のルートファイルシステムを作成できません", exitFailed},
		{"programs missing", &lab.MissingError{Programs: []string{"corosync"}}, "起動できません: corosync", exitFailed},
		{"programs missing in a suite", &lab.MissingError{Suite: "forky", Programs: []string{"crm"}}, "forky のルートファイルシステムに不足しているもの: crm", exitFailed},
	}
	for _, tt := range tests {
		if tt.err == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		if errors.Is(tt.err, lab.ErrNotRoot) { // the question was not reached
			continue
		}
		if got := a.describe(tt.err); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q does not say %q", tt.name, got, tt.want)
		}
		if got := status(tt.err, false); got != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.status)
		}
	}
}
