package conformance

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

// cpu is what this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// groupsOf makes LogGroups of 64 logs of 40 fields each, about 80 kB, until they have size bytes.
func groupsOf(size int) [][]byte {
	r := rand.New(rand.NewPCG(20260101, 7))
	var out [][]byte
	for total := 0; total < size; {
		var b sls.Builder
		b.SetTopic("waf_access_log")
		b.SetSource("waf_access_log")
		for i := range 64 {
			b.StartLog(uint32(time.Now().Unix()), uint32(i))
			for f := range 40 {
				v := "a value that repeats in every log"
				if f%4 == 0 {
					v = fmt.Sprintf("%016x", r.Uint64())
				}
				b.Field(fmt.Sprintf("field_name_%02d", f), v[:min(len(v), 4+f)])
			}
		}
		out = append(out, b.Bytes())
		total += len(out[len(out)-1])
	}
	return out
}

// perCore reports raw bytes by second of this process, and fails under the floor that the client promises. The floor is
// low enough for a shared machine.
func perCore(b *testing.B, raw int64, begin time.Duration) {
	used := cpu(b) - begin
	b.ReportMetric(float64(raw)/1e6/used.Seconds(), "MB/core-s")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkPull pulls pages of 4 MB over loopback.
func BenchmarkPull(b *testing.B) {
	p := sls.New(config(remote(b))).Project("shop-logs")
	for _, g := range groupsOf(4 << 20) {
		if err := p.PutLogs(b.Context(), "audit", g, ""); err != nil {
			b.Fatal(err)
		}
	}
	from, err := p.Cursor(b.Context(), "audit", 0, "begin")
	if err != nil {
		b.Fatal(err)
	}
	for _, index := range []bool{false, true} {
		b.Run(fmt.Sprintf("index=%v", index), func(b *testing.B) {
			var buf sls.PageBuffer
			var raw int64
			b.ReportAllocs()
			begin := cpu(b)
			for b.Loop() {
				page, err := p.Pull(b.Context(), "audit", 0, from, sls.PullOptions{Buf: &buf, Index: index})
				if err != nil {
					b.Fatal(err)
				}
				raw += int64(len(page.Raw))
			}
			b.SetBytes(raw / int64(b.N))
			perCore(b, raw, begin)
		})
	}
}

// BenchmarkPut writes groups of 80 kB over loopback, one to a request and in batches of 2 MB.
func BenchmarkPut(b *testing.B) {
	p := sls.New(config(remote(b))).Project("shop-logs")
	groups := groupsOf(2 << 20)
	b.Run("single", func(b *testing.B) {
		b.ReportAllocs()
		begin, raw := cpu(b), int64(0)
		for b.Loop() {
			if err := p.PutLogs(b.Context(), "audit", groups[0], ""); err != nil {
				b.Fatal(err)
			}
			raw += int64(len(groups[0]))
		}
		b.SetBytes(raw / int64(b.N))
		perCore(b, raw, begin)
	})
	b.Run("batch", func(b *testing.B) {
		var batch sls.Batch
		b.ReportAllocs()
		begin, raw := cpu(b), int64(0)
		for b.Loop() {
			batch.Reset()
			for _, g := range groups {
				if err := batch.Add(g); err != nil {
					b.Fatal(err)
				}
			}
			if err := p.PutBatch(b.Context(), "audit", &batch, ""); err != nil {
				b.Fatal(err)
			}
			raw += int64(batch.RawSize())
		}
		b.SetBytes(raw / int64(b.N))
		perCore(b, raw, begin)
	})
}

// BenchmarkIdlePoll asks a shard without data: one poll after the other, and 32 at once as a collector does. 100,000
// polls cost a tenth of cpu-µs/op in seconds.
func BenchmarkIdlePoll(b *testing.B) {
	p := sls.New(config(remote(b))).Project("shop-logs")
	at, err := p.Cursor(b.Context(), "idle", 0, "end")
	if err != nil {
		b.Fatal(err)
	}
	poll := func(buf *sls.PageBuffer) {
		page, err := p.Pull(b.Context(), "idle", 0, at, sls.PullOptions{Buf: buf})
		if err != nil || !page.EndReached {
			b.Error(page, err)
		}
	}
	b.Run("one", func(b *testing.B) {
		var buf sls.PageBuffer
		b.ReportAllocs()
		begin := cpu(b)
		for b.Loop() {
			poll(&buf)
		}
		perCore(b, 0, begin)
	})
	b.Run("32", func(b *testing.B) {
		b.SetParallelism(32 / runtime.GOMAXPROCS(0))
		b.ReportAllocs()
		begin := cpu(b)
		b.RunParallel(func(pb *testing.PB) {
			var buf sls.PageBuffer
			for pb.Next() {
				poll(&buf)
			}
		})
		perCore(b, 0, begin)
	})
}
