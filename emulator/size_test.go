package emulator

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
)

// thousand is a world of n members with four Logstores of two shards each, all in one directory.
func thousand(tb testing.TB, n int) World {
	tb.Helper()
	w, err := LoadWorld("example")
	if err != nil {
		tb.Fatal(err)
	}
	w.Logs, w.Accounts, w.Directory.Members = WorldLogs{}, w.Accounts[:2], w.Directory.Members[:1]
	for i := range n {
		a := WorldAccount{UID: fmt.Sprintf("12%014d", i), Name: fmt.Sprintf("member %d", i), Kind: "member", Enterprise: w.Accounts[0].Enterprise, Verified: true}
		for _, l := range []string{"actiontrail", "waf", "cloudfirewall", "sas"} {
			a.Logstores = append(a.Logstores, WorldLogstore{Project: l + "-" + a.UID, Logstore: l, Shards: 2})
		}
		w.Accounts = append(w.Accounts, a)
		w.Directory.Members = append(w.Directory.Members, a.UID)
	}
	return w
}

// heap is the live memory of the program.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestSize: 1,000 accounts with four Logstores each stay far below 300 MB; 100 of them unless FENGHUO_LONG is set. What
// other tests of the package hold at the same time counts too, so the limit is not tight.
func TestSize(t *testing.T) {
	n := 100
	if os.Getenv("FENGHUO_LONG") != "" {
		n = 1000
	}
	before := heap()
	s := serve(t, Options{World: thousand(t, n)})
	grown := (float64(heap()) - float64(before)) / (1 << 20)
	t.Logf("%d accounts with 4 Logstores each: %.1f MB", n, grown)
	if limit := 300 * float64(n) / 1000; grown > limit {
		t.Errorf("%.1f MB, at most %.0f", grown, limit)
	}
	if got := len(s.World().Accounts); got != n+2 {
		t.Errorf("%d accounts", got)
	}
}

// BenchmarkThousandAccounts starts the world of TestSize and reports its memory.
func BenchmarkThousandAccounts(b *testing.B) {
	w := thousand(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		before := heap()
		s, err := Start(Options{World: w})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric((float64(heap())-float64(before))/(1<<20), "MB")
		if err := s.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
