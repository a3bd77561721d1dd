package main

import (
	"regexp"
	"slices"
	"testing"
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
		if got := width(pad(s, 20)); got != 20 {
			t.Errorf("pad(%q) is %d columns wide", s, got)
		}
	}
}
