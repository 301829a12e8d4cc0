package openapi

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPace: each account and operation has a bucket of its own, an operation with a limit of its own has one for all.
func TestPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Pace{PerSecond: 10, Burst: 2, Of: map[string]float64{"AssumeRole": 1}}
		spent := func(n int, account, action string) time.Duration {
			t.Helper()
			began := time.Now()
			for range n {
				if err := p.Wait(t.Context(), account, action); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(began).Round(time.Millisecond)
		}
		for _, tt := range []struct {
			n               int
			account, action string
			want            time.Duration
		}{
			{12, "3", "CreateRole", time.Second},
			{2, "4", "CreateRole", 0},
			{2, "3", "GetRole", 0},
			{3, "3", "AssumeRole", time.Second},
			{1, "4", "AssumeRole", time.Second},
		} {
			if got := spent(tt.n, tt.account, tt.action); got != tt.want {
				t.Errorf("%d × %s in %s took %v, want %v", tt.n, tt.action, tt.account, got, tt.want)
			}
		}
		var none *Pace
		if err := none.Wait(t.Context(), "3", "GetRole"); err != nil {
			t.Error(err)
		}
	})
}
