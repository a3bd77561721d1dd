package history

import (
	"fmt"
	"maps"
	"slices"
)

// Transfer is a row of the ledger.
type Transfer struct{ From, To, Amount int }

// Bank is what is there at the end: the accounts and the ledger, read in one snapshot.
type Bank struct {
	Opening  int64         // balance of every account at the beginning
	Balances map[int]int64 // by account
	Ledger   map[int64]Transfer
}

// Transfers says what is wrong with a bank, after what its clients were told:
// money that came or went, a transfer that is not there though it was
// acknowledged, or is there though it had failed, and half a transfer.
func Transfers(all []Request, b Bank) []error {
	var finds []error
	var sum int64
	want := map[int]int64{}
	for account, balance := range b.Balances {
		sum += balance
		want[account] = b.Opening
	}
	if constant := b.Opening * int64(len(b.Balances)); sum != constant {
		finds = append(finds, fmt.Errorf("the accounts hold %d in all, and began with %d", sum, constant))
	}
	for _, t := range b.Ledger {
		want[t.From] -= int64(t.Amount)
		want[t.To] += int64(t.Amount)
	}
	for _, account := range slices.Sorted(maps.Keys(want)) {
		if b.Balances[account] != want[account] {
			finds = append(finds, fmt.Errorf("account %d holds %d, and by the ledger %d", account, b.Balances[account], want[account]))
		}
	}
	asked := map[int64]bool{}
	for _, r := range of(all, Move) {
		asked[r.ID] = true
		t, there := b.Ledger[r.ID]
		switch {
		case r.Answer == OK && !there:
			finds = append(finds, fmt.Errorf("%v: number %d was acknowledged and is not in the ledger", r, r.ID))
		case r.Answer == Failed && there:
			finds = append(finds, fmt.Errorf("%v: number %d had failed and is in the ledger", r, r.ID))
		case there && t != Transfer{r.From, r.To, r.Amount}:
			finds = append(finds, fmt.Errorf("%v: number %d is %+v in the ledger", r, r.ID, t))
		}
	}
	for id := range b.Ledger {
		if !asked[id] {
			finds = append(finds, fmt.Errorf("nobody asked for transfer %d of the ledger", id))
		}
	}
	return few(finds)
}
