package lab

import "slices"

// Median of some values, of which there is one at least.
func Median[T ~int64 | ~float64](v []T) T {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	if n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[n/2]
}
