package message

import (
	"strings"
	"testing"
)

// Every finding of a review has a cure, and its check says why it matters. That
// they are told in full is seen in package review.
func TestEveryFindingHasItsThreeTexts(t *testing.T) {
	findings := 0
	for id := range numbered() {
		number, ok := strings.CutPrefix(string(id), "REV-")
		if !ok {
			continue
		}
		findings++
		for _, other := range []ID{ID("REC-" + number), ID("REW-" + number[:2] + "0")} {
			if _, there := numbered()[other]; !there && other != "REW-770" { // W077 has a reason for each constraint
				t.Errorf("%s has no %s", id, other)
			}
		}
	}
	for id := range numbered() {
		if number, ok := strings.CutPrefix(string(id), "REC-"); ok && numbered()[ID("REV-"+number)].text.en == "" {
			t.Errorf("%s is of no finding", id)
		}
	}
	if findings < 30 {
		t.Errorf("only %d findings", findings)
	}
}
