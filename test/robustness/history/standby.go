package history

import "fmt"

// Snapshots says what is wrong with the reads of a standby: accounts whose sum is
// not the constant one, a list that is not how the list at the end begins, and one
// that is shorter than the same connection has seen before.
func Snapshots(all []Request, sum int64, final map[int][]int64) []error {
	type view struct {
		client       string
		session, key int
	}
	seen := map[view]int{}
	var finds []error
	for _, r := range of(all, Snapshot) {
		if r.Answer != OK {
			continue
		}
		v := view{r.Client, r.Session, r.Key}
		switch {
		case r.Sum != sum:
			finds = append(finds, fmt.Errorf("%v: the accounts hold %d in all, and always should hold %d", r, r.Sum, sum))
		case !Prefix(r.Values, final[r.Key]):
			finds = append(finds, fmt.Errorf("%v: key %d is %v, which is not how the list at the end begins: %v",
				r, r.Key, tail(r.Values), tail(final[r.Key])))
		case len(r.Values) < seen[v]:
			finds = append(finds, fmt.Errorf("%v: key %d has %d values, and had %d on the same connection", r, r.Key, len(r.Values), seen[v]))
		}
		seen[v] = max(seen[v], len(r.Values))
	}
	return few(finds)
}
