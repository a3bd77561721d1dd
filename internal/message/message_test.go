package message

import (
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`%(?:\[(\d+)\])?[-+ 0-9.]*([a-zA-Z])`)

// placeholders are the verbs of a text by the argument that each takes.
func placeholders(s string) map[int]string {
	verbs := map[int]string{}
	next := 1
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		verbs[next] = m[2]
		next++
	}
	return verbs
}

func TestEveryTextHasBothLanguages(t *testing.T) {
	for key, m := range catalogue {
		if m.en == "" || m.ja == "" {
			t.Errorf("text %d lacks a language: %+v", key, m)
		}
		if en, ja := placeholders(m.en), placeholders(m.ja); !maps.Equal(en, ja) {
			t.Errorf("text %d: %v in %q, %v in %q", key, en, m.en, ja, m.ja)
		}
		if strings.ContainsFunc(m.en, wide) {
			t.Errorf("text %d is not English: %q", key, m.en)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	if got := placeholders("%[2]s の %[1]d"); !maps.Equal(got, placeholders("%d of %s")) || maps.Equal(got, placeholders("%s of %d")) {
		t.Errorf("%v", got)
	}
}

func TestLanguageIsChosenByLocale(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		ja   bool
	}{
		{"nothing set", nil, false},
		{"LANG", map[string]string{"LANG": "ja_JP.UTF-8"}, true},
		{"another language", map[string]string{"LANG": "de_DE.UTF-8"}, false},
		{"LC_MESSAGES before LANG", map[string]string{"LC_MESSAGES": "C", "LANG": "ja_JP.UTF-8"}, false},
		{"LC_ALL before all", map[string]string{"LC_ALL": "ja_JP.UTF-8", "LC_MESSAGES": "C"}, true},
	} {
		p := For(func(name string) string { return tt.env[name] })
		if p.japanese != tt.ja {
			t.Errorf("%s: japanese = %v, want %v", tt.name, p.japanese, tt.ja)
		}
		if want := map[bool]string{false: "offline", true: "オフライン"}[tt.ja]; p.Say(Offline) != want {
			t.Errorf("%s: says %q", tt.name, p.Say(Offline))
		}
	}
}

func TestLayoutCountsJapaneseTwice(t *testing.T) {
	for _, s := range []string{"node01", "ノード", "故障から 3 秒", "オンライン、未フェンス"} {
		if got := Width(Pad(s, 24)); got != 24 {
			t.Errorf("Pad(%q) is %d columns wide", s, got)
		}
	}
	lines := Align([][]string{{"ノード", "x", "y"}, {"n", "役割", "y"}, {"short"}})
	if Width(lines[0]) != Width(lines[1]) || lines[2] != "short" || !strings.HasPrefix(lines[0], "ノード  x     y") {
		t.Errorf("%q", lines)
	}
}
