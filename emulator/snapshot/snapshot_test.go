package snapshot

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type kind int

func (kind) UnmarshalJSON([]byte) error { return errors.New("must not be asked") }

type page struct {
	text   string
	shouts string // Bytes
}

func (p *page) MarshalSnapshot() ([]byte, error) { return []byte(p.text), nil }

func (p *page) UnmarshalSnapshot(b []byte) error {
	p.text, p.shouts = string(b), strings.ToUpper(string(b))
	return nil
}

type leaf struct {
	name string
	tree *tree // back
}

type tree struct {
	mu       sync.RWMutex
	hook     func()
	name     string
	kind     kind
	small    uint8
	ratio    float64
	at       time.Time
	zone     *time.Location
	raw      []byte
	long     []byte // stands behind the JSON
	same     []byte
	empty    []byte
	words    []string
	bits     [3]uint64
	leaves   map[string]*leaf
	favorite *leaf
	none     *leaf
	by       map[struct{ a, b string }]int
	any      any
	page     *page
	nested   struct{ deep []leaf }

	restored int
}

func (*tree) NoState() []string { return []string{"hook", "restored"} }

func (t *tree) Restored() error {
	if t.mu.TryLock() {
		return errors.New("the lock is not held")
	}
	t.restored++
	return nil
}

func full() *tree {
	t := &tree{
		hook: func() {}, name: "r\xffoot", kind: 3, small: 255, ratio: math.Inf(-1), at: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		zone: time.FixedZone("Asia/Shanghai", 8*3600), raw: []byte{0, 1, 255}, empty: []byte{}, words: []string{"a", ""}, bits: [3]uint64{math.MaxUint64, 0, 1},
		by:  map[struct{ a, b string }]int{{"x", "y"}: -1, {"x", "z"}: 2},
		any: map[string]any{"k": []any{"v", 1.5, json.Number("12"), nil, true}}, page: &page{text: "hi"},
	}
	t.favorite = &leaf{"one", t}
	t.leaves = map[string]*leaf{"one": t.favorite, "two": {"two", t}}
	t.nested.deep = []leaf{{name: "in a slice"}}
	t.long = bytes.Repeat([]byte("\n\x00long"), longBytes)
	t.same = bytes.Clone(t.long)
	return t
}

// TestRoundTrip: values of all kinds come back, one object stays one, what is no state stays as it was, and the same state
// gives the same bytes.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	from := full()
	b, err := Save(map[string]any{"tree": from}, nil)
	if err != nil {
		t.Fatal(err)
	}
	to := &tree{restored: 7, words: []string{"old"}, none: &leaf{}}
	if err := load(b, map[string]any{"tree": to}, nil); err != nil {
		t.Fatal(err)
	}
	if to.leaves["one"] != to.favorite || to.favorite.tree != to || to.restored != 8 || to.hook != nil || to.none != nil {
		t.Errorf("objects or fields differ: %+v", to)
	}
	if to.page.shouts != "HI" || to.zone.String() != "Asia/Shanghai" || to.empty == nil || to.name != from.name || to.kind != 3 ||
		to.ratio != from.ratio || !to.at.Equal(from.at) || to.bits != from.bits || !cmp.Equal(to.any, from.any) || !cmp.Equal(to.words, from.words) || !cmp.Equal(to.raw, from.raw) {
		t.Errorf("values differ: %+v", to)
	}
	again, err := Save(map[string]any{"tree": to}, nil)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("a second snapshot differs, %v\n%s", err, cmp.Diff(unzip(t, b), unzip(t, again)))
	}
	if !bytes.Equal(to.long, from.long) || !bytes.Equal(to.same, from.long) || strings.Count(unzip(t, b), string(from.long)) != 1 {
		t.Errorf("long runs of bytes differ, or are there twice")
	}
	if len(to.leaves) != 2 || to.by[struct{ a, b string }{"x", "z"}] != 2 || to.nested.deep[0].name != "in a slice" {
		t.Errorf("maps or lists differ: %+v", to)
	}
}

func load(b []byte, roots map[string]any, types Types) error {
	f, err := Read(b)
	if err != nil {
		return err
	}
	return f.Load(roots, types)
}

func unzip(t *testing.T, b []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func zip(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

type bad struct {
	Hook func()
	Any  any
	Conn io.Reader
	Next *bad
	Done chan int
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	want := []string{"snapshot.bad.Hook is a func()", "snapshot.bad.Conn is a io.Reader", "snapshot.bad.Done is a chan int"}
	if d := cmp.Diff(want, Check(map[string]any{"r": &bad{}}, nil)); d != "" {
		t.Error(d)
	}
	if got := Check(map[string]any{"r": &tree{}}, nil); got != nil {
		t.Errorf("a good type: %v", got)
	}
	for name, b := range map[string]*bad{
		"snapshot.bad.Hook": {Hook: func() {}}, "snapshot.bad.Any": {Any: leaf{}}, "snapshot.bad.Next": {Next: &bad{Done: make(chan int)}},
	} {
		if _, err := Save(map[string]any{"r": b}, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Save(map[string]any{"r": &bad{Any: leaf{}}}, Types{leaf{}}); err != nil {
		t.Errorf("a known type: %v", err)
	}
	good, err := Save(map[string]any{"r": &leaf{name: "x"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := unzip(t, good)
	for name, data := range map[string][]byte{
		"nothing":      nil,
		"no gzip":      []byte("x"),
		"half":         good[:len(good)-9],
		"other format": zip(strings.Replace(text, "snapshot/2", "snapshot/1", 1)),
		"other root":   zip(strings.Replace(text, `"r":`, `"q":`, 1)),
		"field less":   zip(strings.Replace(text, `"name":"eA==",`, ``, 1)),
		"field more":   zip(strings.Replace(text, `"name"`, `"more":1,"name"`, 1)),
		"bytes more":   zip(text + "x"),
		"bytes less":   zip(strings.Replace(text, `"long":null`, `"long":[1]`, 1)),
		"lost object":  zip(strings.Replace(text, `"tree":null`, `"tree":9`, 1)),
		"wrong object": zip(strings.Replace(text, `"tree":null`, `"tree":0`, 1)),
	} {
		if err := load(data, map[string]any{"r": &leaf{}}, nil); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzLoad(f *testing.F) {
	b, err := Save(map[string]any{"tree": full()}, nil)
	if err != nil {
		f.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		f.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(`{"format":"fenghuo-emulator-snapshot/2","roots":{"tree":0},"objects":[{}]}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		to := &tree{}
		if load(zip(text), map[string]any{"tree": to}, nil) != nil {
			return
		}
		if _, err := Save(map[string]any{"tree": to}, nil); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
