package sls

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pierrec/lz4/v4"
	"google.golang.org/protobuf/proto"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The benchmarks use the workload of sls.md §7, on one core: go test -run - -bench . -cpu 1 ./shared/sls
// MB/s counts raw bytes by the clock on the wall, MB/cpu-s by the time that the process got, for a machine that is shared.

const pageBytes = 4_210_000

// cpu is the time that the process has got.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// loop runs f for the time of the benchmark, and reports bytes by time of the process.
func loop(b *testing.B, size int, f func()) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	f() // memory that is used again is there
	begin := cpu(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(size)*float64(b.N)/1e6/(cpu(b)-begin).Seconds(), "MB/cpu-s")
}

// bareWalk is the least that finds every key and value of a list: the yardstick of the index.
func bareWalk(b []byte) (pairs int) {
	each := func(b []byte, num uint64, f func([]byte)) {
		for i := 0; i < len(b); {
			tag, j := uvarint(b, i)
			switch tag & 7 {
			case wireVarint:
				_, i = uvarint(b, j)
			case wireFixed32:
				i = j + 4
			default:
				n, k := uvarint(b, j)
				i = k + int(n)
				if tag>>3 == num {
					f(b[k:i])
				}
			}
		}
	}
	each(b, listGroups, func(g []byte) {
		each(g, groupLogs, func(l []byte) {
			each(l, logContents, func(c []byte) {
				n, k := uvarint(c, 1)
				_, v := uvarint(c, k+int(n)+1)
				if v <= len(c) {
					pairs++
				}
			})
		})
	})
	return pairs
}

// decoders are ways from a compressed page to its fields.
func decoders(b *testing.B, w workload) (names []string, run map[string]func()) {
	packed, err := appendLZ4(nil, w.list)
	if err != nil {
		b.Fatal(err)
	}
	raw := make([]byte, len(w.list))
	var x Index
	expand := func() {
		if _, err := lz4.UncompressBlock(packed, raw); err != nil {
			b.Fatal(err)
		}
	}
	index := func() {
		expand()
		if err := x.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
	sum := 0
	run = map[string]func(){
		"lz4":      expand,
		"lz4+walk": func() { expand(); sum += bareWalk(raw) },
		"index":    index,
		"check":    func() { expand(); n, _ := checkList(raw); sum += n },
		"index+fields": func() {
			index()
			page := Page{Raw: raw, index: &x}
			for _, g := range page.Groups() {
				for _, l := range g.Logs() {
					for k, v := range l.Fields() {
						sum += len(k) & len(v)
					}
				}
			}
		},
		"protobuf": func() {
			expand()
			if err := proto.Unmarshal(raw, new(RefGroupList)); err != nil {
				b.Fatal(err)
			}
		},
	}
	for n := range run {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, run
}

// BenchmarkDecode goes from the compressed page to its fields. "ratios" runs all ways in turn and compares medians, so
// that a busy machine slows them alike.
func BenchmarkDecode(b *testing.B) {
	w := newWorkload(pageBytes)
	names, run := decoders(b, w)
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			loop(b, len(w.list), run[name])
		})
	}
	b.Run("ratios", func(b *testing.B) {
		times := map[string][]time.Duration{}
		for b.Loop() {
			runtime.GC() // or the collector would work through the ways after protobuf
			for _, name := range names {
				begin := cpu(b)
				run[name]()
				times[name] = append(times[name], cpu(b)-begin)
			}
		}
		median := func(name string) float64 {
			slices.Sort(times[name])
			return times[name][len(times[name])/2].Seconds()
		}
		b.ReportMetric(float64(len(w.list))/1e6/median("index"), "index-MB/cpu-s")
		b.ReportMetric(median("index")/median("lz4+walk"), "index/lz4+walk")
		b.ReportMetric(median("index")/median("lz4"), "index/lz4")
		b.ReportMetric(median("protobuf")/median("index"), "times-protobuf")
	})
}

// wire answers pulls with a page and takes writes, in process.
func wire(t testing.TB, w workload) *Project {
	packed, err := appendLZ4(nil, w.list)
	if err != nil {
		t.Fatal(err)
	}
	h := header("x-log-cursor", Cursor(1000+len(w.groups)).String(), "x-log-count", strconv.Itoa(len(w.groups)),
		"x-log-bodyrawsize", strconv.Itoa(len(w.list)), "x-log-compresstype", "lz4")
	return clientOf(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			_, err := io.Copy(io.Discard, r.Body)
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, err
		}
		return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(bytes.NewReader(packed)), ContentLength: int64(len(packed))}, nil
	})
}

func benchIdentity(at Cursor, first int) []soc.Tag {
	return soc.Origin{Account: "1100000000000003", Region: "cn-hangzhou", Template: "alibaba_cloud_waf_flow", Source: "s", Project: "p", Logstore: "l", Cursor: int64(at), Shard: first}.Tags()
}

// BenchmarkForward goes from the answer of a pull to the signed requests of the writes: decompress, check, tag, compress,
// sign. "pages" is the memory of the worker in pages of raw bytes.
func BenchmarkForward(b *testing.B) {
	w := newWorkload(pageBytes)
	p := wire(b, w)
	f := NewForwarder(ForwardConfig{To: p, Logstore: "stream"})
	var buf PageBuffer
	var lane Lane
	loop(b, len(w.list), func() {
		page, err := p.Pull(b.Context(), "l", 0, 1000, PullOptions{Buf: &buf})
		if err != nil {
			b.Fatal(err)
		}
		if refused, err := f.Forward(b.Context(), &lane, page, benchIdentity); err != nil || len(refused) > 0 {
			b.Fatal(refused, err)
		}
	})
	b.ReportMetric(float64(cap(buf.body)+cap(buf.raw)+lane.memory())/float64(len(w.list)), "pages")
}

// memory is what a lane holds.
func (l *Lane) memory() int {
	n := cap(l.part) + cap(l.cuts.head)
	for i := range l.batch {
		n += cap(l.batch[i].body) + cap(l.batch[i].block)
	}
	return n
}

// TestWorkerMemory holds a worker with a page ahead to three pages.
func TestWorkerMemory(t *testing.T) {
	w := newWorkload(pageBytes)
	p := wire(t, w)
	f := NewForwarder(ForwardConfig{To: p, Logstore: "stream"})
	r := NewReader(ReaderConfig{From: p, Logstore: "l", At: 1000})
	var lane Lane
	for range 4 {
		page, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Forward(t.Context(), &lane, page, benchIdentity); err != nil {
			t.Fatal(err)
		}
		r.At = 1000 // the wire has one page
		r.Close()
	}
	used := cap(r.body) + cap(r.buf[0].raw) + cap(r.buf[1].raw) + cap(r.buf[0].body) + cap(r.buf[1].body) + lane.memory()
	pages := float64(used) / float64(len(w.list))
	t.Logf("%.2f pages", pages)
	if pages > 3 {
		t.Errorf("a worker holds %.2f pages", pages)
	}
}

// BenchmarkAppendTags stamps every group of a page, in reused memory.
func BenchmarkAppendTags(b *testing.B) {
	w := newWorkload(pageBytes)
	tags := benchIdentity(1, 0)
	dst := make([]byte, 0, len(w.groups[0])*2)
	loop(b, len(w.list), func() {
		for _, g := range w.groups {
			dst = AppendTags(dst[:0], g, tags)
		}
	})
}

// TestDecodeDoesNotAllocate walks every field of a page, indexed and not.
func TestDecodeDoesNotAllocate(t *testing.T) {
	w := newWorkload(100_000)
	var x Index
	for _, indexed := range []bool{false, true} {
		allocs := testing.AllocsPerRun(20, func() {
			page, logs := Page{Raw: w.list, Count: len(w.groups)}, 0
			err := error(nil)
			if indexed {
				err, page.index = x.Parse(w.list), &x
			} else {
				_, err = checkList(w.list)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range page.Groups() {
				for range g.Tags() {
				}
				for _, l := range g.Logs() {
					l.Time()
					for range l.Fields() {
					}
					logs++
				}
			}
			if logs != w.logs {
				t.Fatalf("%d logs, want %d", logs, w.logs)
			}
		})
		if allocs != 0 {
			t.Errorf("indexed %v: a page allocates %v times, want 0", indexed, allocs)
		}
	}
}
