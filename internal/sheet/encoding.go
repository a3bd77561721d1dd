package sheet

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
)

// decode makes UTF-8 of what spreadsheets write, and says whether the encoding
// is one of those that are accepted.
//
// EUC-JP is looked for before CP932, because most of its bytes are half-width
// kana there. A CP932 sheet that has nothing else but these is refused for it.
func decode(b []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		b = b[3:]
		return string(b), utf8.Valid(b)
	case bytes.IndexByte(b, 0) >= 0, bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return "", false // UTF-16, or no text
	case isISO2022JP(b):
		return "", false
	case utf8.Valid(b): // ASCII too
		return string(b), true
	}
	if _, ok := decodeAs(japanese.EUCJP, b); ok {
		return "", false
	}
	return decodeAs(japanese.ShiftJIS, b) // with the extensions of CP932
}

// isISO2022JP finds the sequences that begin a Japanese character set.
func isISO2022JP(b []byte) bool {
	for _, escape := range []string{"\x1b$@", "\x1b$B", "\x1b$(", "\x1b(J", "\x1b(I"} {
		if bytes.Contains(b, []byte(escape)) {
			return true
		}
	}
	return false
}

// decodeAs decodes in full or not at all.
func decodeAs(e encoding.Encoding, b []byte) (string, bool) {
	text, err := e.NewDecoder().Bytes(b)
	return string(text), err == nil && !strings.ContainsRune(string(text), utf8.RuneError)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
