package jsontext

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	const text = ` {"a":{"b":"x","c.d":"dotted","n":null,"t":true,"i":-1.5e3,"e":"\u4e2d\"\ud83d\ude00\n","o":{"k":[1]}},` +
		`"l":["p",{"q":"r"},[{"q":"s"}],null],"":"empty","k\u0065y":"esc","a.b":"flat"} `
	var d Doc
	if err := d.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path, value string
		state       State
	}{
		{"a.b", "flat", Value}, // the longest key comes first
		{"a.c.d", "dotted", Value},
		{"a.n", "", Null},
		{"a.t", "true", Value},
		{"a.i", "-1.5e3", Value},
		{"a.e", "中\"😀\n", Value},
		{"a.o", `{"k":[1]}`, Value},
		{"key", "esc", Value},
		{"l", "", List},
		{"l.q", "", List},
		{"a.x", "", Absent},
		{"a.b.c", "", Absent},
		{"a.t.x", "", Absent},
	}
	for _, tt := range tests {
		value, state := d.Lookup(tt.path)
		if string(value) != tt.value || state != tt.state {
			t.Errorf("lookup(%q) = %q, %v; want %q, %v", tt.path, value, state, tt.value, tt.state)
		}
	}
	var got []string
	d.elements(0, "l.q", func(v []byte, s State) bool { got = append(got, string(v)); return true })
	if diff := cmp.Diff([]string{"r", "s"}, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	d.elements(0, "l", func(v []byte, s State) bool { got = append(got, string(v)); return len(got) < 2 })
	if diff := cmp.Diff([]string{"p", `{"q":"r"}`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMalformedJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"": ErrSyntax, "{": ErrSyntax, `{"a"}`: ErrSyntax, `{"a":1,}`: ErrSyntax, `[1 2]`: ErrSyntax, `"a`: ErrSyntax,
		`"\x"`: ErrSyntax, `"\u12"`: ErrSyntax, "\"\n\"": ErrSyntax, "nope": ErrSyntax, "{} x": ErrSyntax, `{1:2}`: ErrSyntax, "+1": ErrSyntax,
		strings.Repeat("[", 100_000):       ErrDepth,
		"[" + strings.Repeat("1,", 30_000): ErrNodes,
		strings.Repeat(" ", maxBytes+10):   ErrSize,
	} {
		var d Doc
		if err := d.Parse([]byte(text)); err != want {
			t.Errorf("parse(%.20q) = %v, want %v", text, err, want)
		}
		if _, state := d.Lookup("a"); state != Absent {
			t.Errorf("%.20q: something is found in malformed text", text)
		}
	}
}

// FuzzJSON compares the walker with encoding/json on every text member of an object.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":"\u00e9\ud800x","b":[{"c":null}],"d":{"e":1}}`))
	f.Add([]byte(`[{"a":true},"\\",-0.1]`))
	f.Add([]byte(`{"a":"\uD83D\uDE00\u12"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Doc
		err := d.Parse(text)
		if err != nil {
			if json.Valid(text) && err == ErrSyntax {
				t.Errorf("valid JSON is refused: %q", text)
			}
			return
		}
		var members map[string]any
		if json.Unmarshal(text, &members) != nil || bytes.ContainsRune(text, '\uFFFD') || bytes.Count(text, []byte(":")) != len(members) {
			return
		}
		for key, want := range members {
			s, ok := want.(string)
			if !ok || key == "" || strings.ContainsRune(key, '\uFFFD') {
				continue
			}
			if got, state := d.Lookup(key); state != Value || strings.ToValidUTF8(string(got), "\uFFFD") != s && !strings.ContainsRune(s, '\uFFFD') {
				t.Errorf("%q: %q is %q, %v; want %q", text, key, got, state, s)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"eventName":"DescribeInstances","userIdentity":{"type":"assumed-role","accessKeyId":"STS.N"},"requestParameters":{"a":"b","RegionId":"cn-hangzhou"}}`)
	var d Doc
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if d.Parse(text) != nil {
			b.Fatal("malformed")
		}
	}
}
