package history

import (
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// request is one of a client, from a second to another one.
func request(client string, op Operation, begin, end float64, answer Answer) Request {
	at := func(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }
	return Request{Client: client, Session: 1, Op: op, Begin: at(begin), End: at(end), Answer: answer}
}

func transfer(id int64, from, to, amount int, answer Answer) Request {
	r := request("transfer1", Move, float64(id), float64(id)+0.5, answer)
	r.ID, r.From, r.To, r.Amount = id, from, to, amount
	return r
}

func list(r Request, key int, value int64, values ...int64) Request {
	r.Key, r.ID, r.Values = key, value, values
	return r
}

// found wants one find that says a word, or none for "".
func found(t *testing.T, finds []error, want string) {
	t.Helper()
	var all []string
	for _, f := range finds {
		all = append(all, f.Error())
	}
	text := strings.Join(all, "\n")
	switch {
	case want == "" && text != "":
		t.Errorf("found what is not there:\n%s", text)
	case want != "" && !strings.Contains(text, want):
		t.Errorf("did not find %q:\n%s", want, text)
	}
}

func TestTransfers(t *testing.T) {
	asked := []Request{transfer(1, 1, 2, 10, OK), transfer(2, 2, 3, 5, Unknown), transfer(3, 3, 1, 7, Failed), transfer(4, 1, 3, 2, Unknown)}
	tests := []struct {
		name     string
		balances map[int]int64
		ledger   map[int64]Transfer
		want     string
	}{
		{"one of unknown fate is there, one is not", map[int]int64{1: 90, 2: 105, 3: 105}, map[int64]Transfer{1: {1, 2, 10}, 2: {2, 3, 5}}, ""},
		{"an acknowledged one is lost", map[int]int64{1: 100, 2: 95, 3: 105}, map[int64]Transfer{2: {2, 3, 5}}, "number 1 was acknowledged"},
		{"a failed one is there", map[int]int64{1: 97, 2: 110, 3: 93}, map[int64]Transfer{1: {1, 2, 10}, 3: {3, 1, 7}}, "number 3 had failed"},
		{"half of one", map[int]int64{1: 90, 2: 110, 3: 105}, map[int64]Transfer{1: {1, 2, 10}, 2: {2, 3, 5}}, "hold 305 in all"},
		{"one without its ledger row", map[int]int64{1: 88, 2: 110, 3: 102}, map[int64]Transfer{1: {1, 2, 10}}, "account 1 holds 88, and by the ledger 90"},
		{"another one than was asked for", map[int]int64{1: 90, 2: 100, 3: 110}, map[int64]Transfer{1: {1, 3, 10}}, "number 1 is"},
		{"one that nobody asked for", map[int]int64{1: 90, 2: 109, 3: 101}, map[int64]Transfer{1: {1, 2, 10}, 9: {2, 3, 1}}, "nobody asked for transfer 9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found(t, Transfers(asked, Bank{Opening: 100, Balances: tt.balances, Ledger: tt.ledger}), tt.want)
		})
	}
}

func TestRegister(t *testing.T) {
	tests := []struct {
		name     string
		requests []Request
		final    []int64
		want     string
	}{
		{"one after the other", []Request{
			list(request("a", Append, 0, 1, OK), 1, 11, 11),
			list(request("b", Append, 2, 3, OK), 1, 12, 11, 12),
			list(request("a", Read, 4, 5, OK), 1, 0, 11, 12),
		}, []int64{11, 12}, ""},
		{"at the same time, in the other order", []Request{
			list(request("a", Append, 0, 5, OK), 1, 11, 12, 11),
			list(request("b", Append, 1, 4, OK), 1, 12, 12),
			list(request("c", Read, 2, 3, OK), 1, 0),
		}, []int64{12, 11}, ""},
		{"one of unknown fate happens later", []Request{
			list(request("a", Append, 0, 1, Unknown), 1, 11),
			list(request("b", Append, 2, 3, OK), 1, 12, 12),
			list(request("b", Append, 4, 5, OK), 1, 13, 12, 11, 13),
		}, []int64{12, 11, 13}, ""},
		{"one of unknown fate never happens", []Request{
			list(request("a", Append, 0, 1, Unknown), 1, 11),
			list(request("a", Append, 0, 1, Failed), 1, 10),
			list(request("b", Append, 2, 3, OK), 1, 12, 12),
		}, []int64{12}, ""},
		{"a lost append", []Request{
			list(request("a", Append, 0, 1, OK), 1, 11, 11),
			list(request("b", Append, 2, 3, OK), 1, 12, 11, 12),
		}, []int64{11}, "returned [11 12], which is not how the list at the end begins"},
		{"a lost append whose answer nobody could see", []Request{
			list(request("a", Append, 0, 1, OK), 1, 11, 11),
		}, nil, "returned [11], which is not"},
		{"a stale read", []Request{
			list(request("a", Append, 0, 1, OK), 1, 11, 11),
			list(request("b", Append, 2, 3, OK), 1, 12, 11, 12),
			list(request("a", Read, 4, 5, OK), 1, 0, 11),
		}, []int64{11, 12}, "does not see 12"},
		{"a read that goes back", []Request{
			list(request("a", Append, 0, 9, OK), 1, 11, 11),
			list(request("b", Read, 1, 2, OK), 1, 0, 11),
			list(request("b", Read, 3, 4, OK), 1, 0),
		}, []int64{11}, "key 1"},
		{"a value seen and gone again, of unknown fate", []Request{
			list(request("a", Append, 0, 1, Unknown), 1, 11),
			list(request("b", Read, 2, 3, OK), 1, 0, 11),
		}, nil, "returned [11]"},
		{"a failed one is there", []Request{
			list(request("a", Append, 0, 1, Failed), 1, 11),
		}, []int64{11}, "key 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found(t, Register(tt.requests, map[int][]int64{1: tt.final}, time.Minute), tt.want)
		})
	}
}

// Many requests of unknown fate at once are what a freeze leaves.
func TestRegisterWithManyOpenRequests(t *testing.T) {
	var all []Request
	var values []int64
	for i := range int64(150) {
		at := float64(i)
		switch {
		case i%3 == 0:
			all = append(all, list(request("a", Append, at, at+0.5, Unknown), 1, i))
			if i%2 == 1 {
				continue
			}
			values = append(values, i)
		default:
			values = append(values, i)
			all = append(all, list(request("b", Append, at, at+0.5, OK), 1, i, append([]int64(nil), values...)...))
		}
	}
	found(t, Register(all, map[int][]int64{1: values}, time.Minute), "")
}

func TestSnapshots(t *testing.T) {
	snapshot := func(session int, begin float64, sum int64, values ...int64) Request {
		r := list(request("reader1", Snapshot, begin, begin+0.1, OK), 1, 0, values...)
		r.Session, r.Sum = session, sum
		return r
	}
	final := map[int][]int64{1: {11, 12, 13}}
	tests := []struct {
		name     string
		requests []Request
		want     string
	}{
		{"late, and never wrong", []Request{snapshot(1, 0, 300), snapshot(1, 1, 300, 11), snapshot(1, 2, 300, 11, 12), snapshot(2, 3, 300, 11)}, ""},
		{"half a transfer", []Request{snapshot(1, 0, 295, 11)}, "hold 295 in all"},
		{"another order", []Request{snapshot(1, 0, 300, 12)}, "is not how the list at the end begins"},
		{"a value that was lost", []Request{snapshot(1, 0, 300, 11, 12, 13, 14)}, "is not how the list at the end begins"},
		{"back in time", []Request{snapshot(1, 0, 300, 11, 12), snapshot(1, 1, 300, 11)}, "has 1 values, and had 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { found(t, Snapshots(tt.requests, 300, final), tt.want) })
	}
}

func TestReportsAreShort(t *testing.T) {
	var all []Request
	for i := range int64(100) {
		all = append(all, transfer(i, 1, 2, 1, OK))
	}
	finds := Transfers(all, Bank{Opening: 100, Balances: map[int]int64{1: 100, 2: 100}})
	if len(finds) != 6 || !strings.Contains(finds[5].Error(), "95 more") {
		t.Errorf("%d finds: %v", len(finds), finds)
	}
}
