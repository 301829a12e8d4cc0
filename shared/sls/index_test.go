package sls

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// copyReference is a group as google.golang.org/protobuf decodes it.
func copyReference(g *RefGroup) plain {
	p := plain{Topic: g.GetTopic(), Source: g.GetSource()}
	for _, t := range g.GetLogTags() {
		p.Tags = append(p.Tags, [2]string{t.GetKey(), t.GetValue()})
	}
	for _, l := range g.GetLogs() {
		c := plainLog{Sec: l.GetTime(), NS: l.GetTimeNs()}
		for _, f := range l.GetContents() {
			c.Fields = append(c.Fields, [2]string{f.GetKey(), f.GetValue()})
		}
		p.Logs = append(p.Logs, c)
	}
	return p
}

// FuzzIndex holds the index against google.golang.org/protobuf and against the check without an index. The bytes are
// parsed after a page of other keys, so that wrong guesses are made.
func FuzzIndex(f *testing.F) {
	w := newWorkload(20_000)
	f.Add(appendListed(nil, vectorGroup(f)))
	f.Add(w.list[:len(w.list)/4])
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x00, 0x0a, 0x00})
	f.Add(appendListed(nil, groupOfSizes(1, 0, 127, 128, 300, 16384)))
	f.Add(appendListed(nil, oddGroup()))
	var x Index
	before := appendListed(nil, groupOfSizes(1, 1, 2, 3))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := x.Parse(before); err != nil {
			t.Fatal(err)
		}
		n, errCheck := checkList(raw)
		err := x.Parse(raw)
		if err != nil {
			var bad, same *DecodeError
			if !errors.As(err, &bad) || bad.Offset < 0 || bad.Offset > len(raw) || x.NumGroups()+x.NumLogs()+x.NumPairs() != 0 {
				t.Fatalf("error %v, index of %d groups", err, x.NumGroups())
			}
			if errCheck == nil && !errors.Is(err, errUTF8) && !errors.Is(err, errTooMany) {
				t.Fatalf("the check takes what the index refuses: %v", err)
			}
			if errors.As(errCheck, &same) && !errors.Is(err, errUTF8) && !errors.Is(err, errTooMany) && *same != *bad {
				t.Fatalf("index: %v, check: %v", err, errCheck)
			}
			return
		}
		if errCheck != nil || n != x.NumGroups() {
			t.Fatalf("the index takes what the check refuses: %v, %d groups and %d", errCheck, n, x.NumGroups())
		}
		var ref RefGroupList
		if err := proto.Unmarshal(raw, &ref); err != nil {
			t.Fatalf("we take what the reference refuses: %v", err)
		}
		if len(ref.GetLogGroups()) != n {
			t.Fatalf("%d groups, the reference has %d", n, len(ref.GetLogGroups()))
		}
		for i := range n {
			g := x.Group(i)
			if diff := cmp.Diff(copyReference(ref.GetLogGroups()[i]), copyGroup(g)); diff != "" {
				t.Fatalf("group %d (-reference +ours):\n%s", i, diff)
			}
			plain, err := ParseGroup(g.Raw())
			if err != nil || g.NumLogs() != plain.NumLogs() {
				t.Fatalf("group %d: %v, %d logs and %d", i, err, g.NumLogs(), plain.NumLogs())
			}
		}
		if size := 12*cap(x.pairs) + 24*cap(x.logs); len(raw) > 1<<20 && size > 12*len(raw) {
			t.Fatalf("an index of %d bytes for a list of %d", size, len(raw))
		}
	})
}

// oddGroup is written as nobody writes it: fields out of order and repeated, unknown fields, long varints, changing keys.
func oddGroup() []byte {
	log := func(b ...byte) []byte { return append([]byte{groupLogs<<3 | wireBytes, byte(len(b))}, b...) }
	return slices.Concat(
		log(0x12, 0x06, 0x12, 0x01, 'v', 0x0a, 0x01, 'k', 0x08, 0x05),                         // the value before the key
		log(0x08, 0x05, 0x12, 0x09, 0x0a, 0x01, 'a', 0x0a, 0x01, 'b', 0x12, 0x01, 'v'),        // the key twice: the last counts
		log(0x08, 0x80, 0x80, 0x00, 0x12, 0x87, 0x00, 0x0a, 0x81, 0x00, 'k', 0x12, 0x01, 'w'), // varints longer than needed
		log(0x08, 0x05, 0x08, 0x06, 0x25, 1, 2, 3, 4, 0x38, 0x01),                             // the time twice
		[]byte{groupTopic<<3 | wireBytes, 0x01, 't', groupTopic<<3 | wireBytes, 0x01, 'u'},
		[]byte{groupTags<<3 | wireBytes, 0x06, 0x12, 0x01, 'v', 0x0a, 0x01, 'k'},
	)
}

func TestIndexReadsWhatNobodyWrites(t *testing.T) {
	t.Parallel()
	var x Index
	if err := x.Parse(appendListed(appendListed(nil, vectorGroup(t)), oddGroup())); err != nil {
		t.Fatal(err)
	}
	want := plain{Topic: "u", Tags: [][2]string{{"k", "v"}}, Logs: []plainLog{
		{Sec: 5, Fields: [][2]string{{"k", "v"}}},
		{Sec: 5, Fields: [][2]string{{"b", "v"}}},
		{Sec: 0, Fields: [][2]string{{"k", "w"}}},
		{Sec: 6, NS: 0x04030201},
	}}
	if diff := cmp.Diff(want, copyGroup(x.Group(1))); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
}

// TestIndexFollowsChangingKeys mixes keys of all lengths, more of them than are numbered once, in changing order.
func TestIndexFollowsChangingKeys(t *testing.T) {
	t.Parallel()
	var b Builder
	var want []plainLog
	n := 0
	for i := range 300 {
		b.StartLog(uint32(i+1), 0)
		l := plainLog{Sec: uint32(i + 1)}
		for j := range 40 {
			key := strings.Repeat("é", (i+j)%20) + fmt.Sprint((i*j)%3, "k", n%6000)
			n++
			if j%3 == 0 {
				key = strings.Repeat("same", j%7)
			}
			b.Field(key, fmt.Sprint(i, j))
			l.Fields = append(l.Fields, [2]string{key, fmt.Sprint(i, j)})
		}
		want = append(want, l)
	}
	raw := b.Bytes()
	var x Index
	for range 2 {
		if err := x.Parse(appendListed(nil, raw)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, copyGroup(x.Group(0)).Logs); diff != "" {
			t.Fatalf("logs (-want +got):\n%s", diff)
		}
		if len(x.keys.list) < maxKeys {
			t.Errorf("%d keys", len(x.keys.list))
		}
	}
}

func TestIndexRefuses(t *testing.T) {
	t.Parallel()
	var badKey, badValue Builder
	badKey.StartLog(1, 0)
	badKey.Field("ok", "v")
	badKey.Field("a\xff", "v")
	badValue.StartLog(1, 0)
	badValue.Field("k", "\xff\xfe")
	tests := []struct {
		name string
		list []byte
		err  error
		at   int
	}{
		{"key not UTF-8", appendListed(nil, badKey.Bytes()), errUTF8, 19},
		{"too many groups", bytes.Repeat([]byte{0x0a, 0x00}, MaxPullCount+1), errTooMany, 2 * MaxPullCount},
		{"nested group", []byte{0x0a, 0x02, 0x0b, 0x0c}, errWireType, 2},
		{"length over the end", []byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f}, errTruncated, 0},
		{"length of the content over the log", []byte{0x0a, 0x06, 0x0a, 0x04, 0x08, 0x01, 0x12, 0x05, 1, 2, 3, 4, 5}, errTruncated, 6},
	}
	for _, tt := range tests {
		var x Index
		var bad *DecodeError
		if err := x.Parse(tt.list); !errors.As(err, &bad) || !errors.Is(err, tt.err) || bad.Offset != tt.at {
			t.Errorf("%s: %v, want %v at %d", tt.name, err, tt.err, tt.at)
		}
	}
	var x Index
	if err := x.Parse(appendListed(nil, badValue.Bytes())); err != nil {
		t.Fatal(err)
	}
	if v, ok := firstLog(x.Group(0)).Get("k"); !ok || utf8.Valid(v) {
		t.Errorf("a value that is not UTF-8: %q", v)
	}
}

func firstLog(g Group) Log {
	for _, l := range g.Logs() {
		return l
	}
	return Log{}
}

// TestIndexIsBounded parses the lists that give the most for their bytes.
func TestIndexIsBounded(t *testing.T) {
	t.Parallel()
	emptyLogs := appendListed(nil, bytes.Repeat([]byte{0x0a, 0x02, 0x08, 0x01}, 1<<18))
	emptyPairs := bytes.Repeat([]byte{0x12, 0x04, 0x0a, 0x00, 0x12, 0x00}, 1<<18)
	pairs := appendListed(nil, appendListed(nil, append([]byte{0x08, 0x01}, emptyPairs...)))
	for name, list := range map[string][]byte{"logs": emptyLogs, "pairs": pairs} {
		var x Index
		if err := x.Parse(list); err != nil {
			t.Fatal(err)
		}
		if used := 12*len(x.pairs) + 24*len(x.logs); used > 6*len(list) || x.NumLogs()+x.NumPairs() < 1<<18 {
			t.Errorf("%s: %d logs and %d pairs, %d bytes for a list of %d", name, x.NumLogs(), x.NumPairs(), used, len(list))
		}
	}
}

func TestPullIndexes(t *testing.T) {
	t.Parallel()
	p := wire(t, newWorkload(pageBytes/10))
	var buf PageBuffer
	for _, index := range []bool{true, false, true} {
		page, err := p.Pull(t.Context(), "l", 0, 1000, PullOptions{Buf: &buf, Index: index})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, g := range page.Groups() {
			if (g.x != nil) != index || string(g.Topic()) != "waf_access_log" || page.CursorOf(i) != 1000+Cursor(i) {
				t.Fatalf("group %d", i)
			}
			n += g.NumLogs()
		}
		if n != 64*page.Count {
			t.Errorf("%d logs", n)
		}
	}
	if err := invalidBytes(&DecodeError{1, "Log", errTime}); soc.KindOf(err) != soc.Invalid {
		t.Error(err)
	}
}
