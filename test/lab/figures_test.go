package lab

import "testing"

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := Median(tt.values); got != tt.want {
			t.Errorf("median of %v: %v", tt.values, got)
		}
	}
}
