package history

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// listed is one request on the list of a key as the model sees it.
type listed struct {
	append bool
	value  int64
	open   bool // nobody knows what came of it
}

// lists is the model: the list of one key, to which values are appended.
var lists = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		in := input.(listed)
		next := state.(string)
		if in.append {
			next += text([]int64{in.value})
		}
		return in.open || output.(string) == next, next
	},
}

// text is a list as a value that can be compared.
func text(values []int64) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(strconv.FormatInt(v, 10))
		b.WriteByte(' ')
	}
	return b.String()
}

// ErrUndecided says that a history was not found to be right or wrong in time.
var ErrUndecided = errors.New("no verdict on the register in time")

// Register says whether appends and reads on the primary, with the lists that are
// there at the end, are as of one machine that does one request at a time, each
// between its begin and its end. Limit bounds the search for each key.
//
// Values are never appended twice to a key. So an append of unknown fate whose
// value is not there at the end has not happened, unless a read saw it, which is
// then wrong by itself. The others stay open to the end.
func Register(all []Request, final map[int][]int64, limit time.Duration) []error {
	byKey := map[int][]Request{}
	for _, r := range of(all, Append, Read) {
		byKey[r.Key] = append(byKey[r.Key], r)
	}
	for key := range final {
		if byKey[key] == nil {
			byKey[key] = nil // a list that nobody has made
		}
	}
	var finds []error
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		operations := operations(byKey[key], final[key])
		switch porcupine.CheckOperationsTimeout(lists, operations, limit) {
		case porcupine.Ok:
		case porcupine.Unknown:
			finds = append(finds, fmt.Errorf("key %d, %d requests: %w", key, len(operations), ErrUndecided))
		default:
			finds = append(finds, explain(key, byKey[key], final[key]))
		}
	}
	return few(finds)
}

// operations are the requests on one key for the search, with the list at the end
// as a read after all others.
func operations(requests []Request, final []int64) []porcupine.Operation {
	var found []porcupine.Operation
	clients := map[string]int{}
	var last int64
	// Differences are taken by the monotonic clock, which nobody sets.
	since := func(t time.Time) int64 { return int64(t.Sub(requests[0].Begin)) }
	for _, r := range requests {
		if _, known := clients[r.Client]; !known {
			clients[r.Client] = len(clients)
		}
		in := listed{append: r.Op == Append, value: r.ID, open: r.Answer != OK}
		until := since(r.End)
		last = max(last, until)
		switch {
		case r.Answer == Failed, in.open && !in.append, in.open && !slices.Contains(final, r.ID):
			continue
		case in.open:
			until = math.MaxInt64
		}
		found = append(found, porcupine.Operation{
			ClientId: clients[r.Client], Input: in, Call: since(r.Begin), Output: text(r.Values), Return: until,
		})
	}
	return append(found, porcupine.Operation{
		ClientId: len(clients), Input: listed{}, Call: last + 1, Output: text(final), Return: last + 2,
	})
}

// explain names what is wrong with a history that is not right, as far as it is simple.
func explain(key int, requests []Request, final []int64) error {
	what := "its requests do not follow one after the other"
	slices.SortStableFunc(requests, func(a, b Request) int { return a.End.Compare(b.End) })
	acknowledged := map[int64]Request{}
	for _, r := range requests {
		if r.Answer != OK {
			continue
		}
		if !Prefix(r.Values, final) {
			what = fmt.Sprintf("%v returned %v, which is not how the list at the end begins: %v", r, tail(r.Values), tail(final))
			break
		}
		if missed, ok := missed(r, acknowledged); ok {
			what = fmt.Sprintf("%v does not see %d, which %v had appended", r, missed.ID, missed)
			break
		}
		if r.Op == Append {
			acknowledged[r.ID] = r
			if !slices.Contains(final, r.ID) {
				what = fmt.Sprintf("%v: value %d was acknowledged and is not there at the end", r, r.ID)
				break
			}
		}
	}
	return fmt.Errorf("register, key %d: %s", key, what)
}

// missed is an append that was acknowledged before a request began that does not
// see it: the first one that it should have seen.
func missed(r Request, acknowledged map[int64]Request) (Request, bool) {
	var found []Request
	for _, a := range acknowledged {
		if a.End.Before(r.Begin) && !slices.Contains(r.Values, a.ID) {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return Request{}, false
	}
	return slices.MinFunc(found, func(a, b Request) int { return a.End.Compare(b.End) }), true
}

func tail(values []int64) []int64 { return values[max(0, len(values)-10):] }

// Prefix says whether a list begins with another one.
func Prefix(values, list []int64) bool {
	return len(values) <= len(list) && slices.Equal(values, list[:len(values)])
}
