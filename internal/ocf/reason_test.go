package ocf

import (
	"bytes"
	"strings"
	"testing"
)

// Conformance: 14 (unit)
func TestPrintReason(t *testing.T) {
	tests := []struct {
		name string
		env  Env
		text string
		want string
	}{
		{"default prefix", nil, "cannot start", "ocf-exit-reason:cannot start\n"},
		{"prefix given", Env{"OCF_EXIT_REASON_PREFIX": "why:"}, "x", "why:x\n"},
		{"empty prefix is none", Env{"OCF_EXIT_REASON_PREFIX": ""}, "x", "ocf-exit-reason:x\n"},
		{"one line", nil, "a\nb\u2028c\x00d\n", "ocf-exit-reason:a b c d\n"},
		{"prefix inside", nil, "said ocf-exit-reason:no", "ocf-exit-reason:said no\n"},
		{"200 characters stay", nil, strings.Repeat("a", 200), "ocf-exit-reason:" + strings.Repeat("a", 200) + "\n"},
		{"201 are cut", nil, strings.Repeat("a", 201), "ocf-exit-reason:" + strings.Repeat("a", 197) + "...\n"},
		{"127 bytes of other text stay", nil, "a" + strings.Repeat("あ", 42), "ocf-exit-reason:a" + strings.Repeat("あ", 42) + "\n"},
		{"128 are cut between two characters", nil, "ab" + strings.Repeat("あ", 42), "ocf-exit-reason:ab" + strings.Repeat("あ", 40) + "...\n"},
		{"marks of XML stay in ASCII", nil, `a "b" <c> &`, "ocf-exit-reason:a \"b\" <c> &\n"},
		{"but not beside other text", nil, `"b" <c> & 失敗 "x"`, "ocf-exit-reason:'b' (c) + 失敗 'x'\n"},
		{"no UTF-8", nil, "a\xe3\x81b", "ocf-exit-reason:a?b\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			PrintReason(&b, tt.env, tt.text)
			if b.String() != tt.want {
				t.Errorf("got  %q\nwant %q", b.String(), tt.want)
			}
		})
	}
}
