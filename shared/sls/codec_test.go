package sls

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func vectorGroup(t testing.TB) []byte {
	t.Helper()
	raw, err := hex.DecodeString(vectorRaw)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestBuilderWritesTheVector(t *testing.T) {
	t.Parallel()
	var b Builder
	for range 2 { // the second time in the memory of the first
		b.Reset()
		b.SetTopic("waf")
		b.SetSource("10.0.0.1")
		b.AddTag("host", "h1")
		b.Field("lost", "no log is open")
		b.StartLog(1672628645, 123456789)
		b.Field("status", "200")
		b.Field("uri", "/a?b=c d")
		if b.Len() != 1 {
			t.Errorf("Len = %d, want 1", b.Len())
		}
		if got := hex.EncodeToString(b.Bytes()); got != vectorRaw {
			t.Errorf("Bytes = %s\nwant    %s", got, vectorRaw)
		}
	}
}

func TestCompressWritesTheVector(t *testing.T) {
	t.Parallel()
	got, err := appendLZ4(nil, vectorGroup(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, vectorBody(t)) {
		t.Errorf("appendLZ4 = %x, want %x", got, vectorBody(t))
	}
}

// plain is a group, copied.
type plain struct {
	Topic, Source string
	Tags          [][2]string
	Logs          []plainLog
}

type plainLog struct {
	Sec, NS uint32
	Fields  [][2]string
}

func copyGroup(g Group) plain {
	p := plain{Topic: string(g.Topic()), Source: string(g.Source())}
	for k, v := range g.Tags() {
		p.Tags = append(p.Tags, [2]string{string(k), string(v)})
	}
	for _, l := range g.Logs() {
		var c plainLog
		c.Sec, c.NS = l.Time()
		for k, v := range l.Fields() {
			c.Fields = append(c.Fields, [2]string{string(k), string(v)})
		}
		p.Logs = append(p.Logs, c)
	}
	return p
}

func TestParseGroup(t *testing.T) {
	t.Parallel()
	g, err := ParseGroup(vectorGroup(t))
	if err != nil {
		t.Fatal(err)
	}
	want := plain{
		Topic: "waf", Source: "10.0.0.1", Tags: [][2]string{{"host", "h1"}},
		Logs: []plainLog{{1672628645, 123456789, [][2]string{{"status", "200"}, {"uri", "/a?b=c d"}}}},
	}
	if diff := cmp.Diff(want, copyGroup(g)); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
	if g.NumLogs() != 1 || !bytes.Equal(g.Raw(), vectorGroup(t)) {
		t.Errorf("NumLogs = %d, Raw = %x", g.NumLogs(), g.Raw())
	}
	for _, l := range g.Logs() {
		if v, ok := l.Get("uri"); !ok || string(v) != "/a?b=c d" {
			t.Errorf("Get(uri) = %q, %v", v, ok)
		}
		if _, ok := l.Get("absent"); ok || l.Len() != 2 {
			t.Errorf("Get(absent) = %v, Len = %d", ok, l.Len())
		}
	}
}

func TestAppendTags(t *testing.T) {
	t.Parallel()
	raw := vectorGroup(t)
	tags := []soc.Tag{{Key: "fenghuo_account", Value: "1100000000000003"}, {Key: "empty", Value: ""}, {Key: "long", Value: string(bytes.Repeat([]byte("x"), 200))}}
	dst := []byte("before")
	got := AppendTags(dst, raw, tags)
	if !bytes.HasPrefix(got, append([]byte("before"), raw...)) {
		t.Error("the group's own bytes were changed")
	}
	if want := len(dst) + len(raw) + TagsSize(tags); len(got) != want {
		t.Errorf("length = %d, TagsSize says %d", len(got), want)
	}
	g, err := ParseGroup(got[len(dst):])
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"host", "h1"}, {"fenghuo_account", "1100000000000003"}, {"empty", ""}, {"long", tags[2].Value}}
	if diff := cmp.Diff(want, copyGroup(g).Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestParseGroupRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, hex, in string
		offset        int
		err           error
	}{
		{"cut in a log", "0a2b08a593", "LogGroup", 0, errTruncated},
		{"length over the end", "0aff7f", "LogGroup", 0, errTruncated},
		{"huge length", "0affffffffffffffffff01", "LogGroup", 0, errTruncated},
		{"varint of eleven bytes", "0a8080808080808080808001", "LogGroup", 0, errVarint},
		{"varint over 64 bits", "0affffffffffffffffff7f", "LogGroup", 0, errVarint},
		{"cut varint", "0a80", "LogGroup", 0, errTruncated},
		{"topic as varint", "1801", "LogGroup", 0, errWireType},
		{"logs as fixed32", "0d00000000", "LogGroup", 0, errWireType},
		{"field number 0", "0200", "LogGroup", 0, errTag},
		{"protobuf group", "0b0c", "LogGroup", 0, errWireType},
		{"log without time", "0a0612040a001200", "Log", 2, errRequired},
		{"time over 32 bits", "0a060880808080 10", "Log", 2, errTime},
		{"time as bytes", "0a020a00", "Log", 2, errWireType},
		{"nanoseconds as varint", "0a0408012001", "Log", 4, errWireType},
		{"content without value", "0a06080112020a00", "Content", 6, errRequired},
		{"key as varint", "0a06080112020801", "Content", 6, errWireType},
		{"tag without key", "32021200", "LogTag", 2, errRequired},
		{"second log cut", "0a0208010a020a", "LogGroup", 4, errTruncated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(tt.hex), []byte(" "), nil)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = ParseGroup(raw)
			var d *DecodeError
			if !errors.As(err, &d) || !errors.Is(err, tt.err) || d.Offset != tt.offset || d.In != tt.in {
				t.Fatalf("error = %v, want %v in %s at %d", err, tt.err, tt.in, tt.offset)
			}
			if soc.KindOf(err) != soc.Invalid {
				t.Errorf("kind = %s, want Invalid", soc.KindOf(err))
			}
		})
	}
}

func TestParseGroupSkipsUnknownFields(t *testing.T) {
	t.Parallel()
	// Fields 7 (varint), 8 (fixed64), 9 (bytes), 10 (fixed32) and a large number, in the group and in the log.
	unknown, err := hex.DecodeString("3801" + "410102030405060708" + "4a0161" + "5501020304" + "faffffff0f00")
	if err != nil {
		t.Fatal(err)
	}
	log := slices.Concat([]byte{0x08, 0x05}, unknown, []byte{0x1a, 0x01, 'x'}) // field 3 is the agent's own
	raw := slices.Concat(unknown, []byte{0x0a, byte(len(log))}, log, unknown)
	g, err := ParseGroup(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain{Logs: []plainLog{{Sec: 5}}}, copyGroup(g)); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	for _, c := range []Cursor{0, 1, 1447299606896632356, 1<<63 - 1} {
		got, err := ParseCursor(c.String())
		if err != nil || got != c {
			t.Errorf("ParseCursor(%s) = %d, %v; want %d", c, got, err, c)
		}
	}
	if got := Cursor(1672628645123456789).String(); got != "MTY3MjYyODY0NTEyMzQ1Njc4OQ==" {
		t.Errorf("String = %q", got)
	}
	for _, s := range []string{"", "!", "MQ", "LTE=", "eA==", string(bytes.Repeat([]byte("M"), 100)), "OTIyMzM3MjAzNjg1NDc3NTgwOA=="} {
		if c, err := ParseCursor(s); soc.KindOf(err) != soc.Invalid {
			t.Errorf("ParseCursor(%q) = %d, %v; want Invalid", s, c, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("MTY3MjYyODY0NTEyMzQ1Njc4OQ==")
	f.Add("LTE=")
	f.Add("!")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text)
		if err != nil {
			if soc.KindOf(err) != soc.Invalid {
				t.Fatal(err)
			}
			return
		}
		if again, err := ParseCursor(c.String()); err != nil || again != c || c < 0 {
			t.Fatalf("%q is %d, and then %d, %v", text, c, again, err)
		}
	})
}
