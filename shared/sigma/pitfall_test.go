package sigma

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// The traps that engines with an index fall into, each with a test of its name.

func TestPitfallFolding(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule, value string
		fires       bool
	}{
		{"a|contains: kelvin", "xx\u212AELVINxx", true},
		{"a|contains: '\u212Aelvin'", "xxkelvinxx", true},
		{"a|contains: session", "xx\u017Fe\u017F\u017Fionxx", true},
		{"a|contains: istanbul", "xx\u0130stanbulxx", false}, // İ folds to nothing else
		{"a|contains: straße", "xxSTRAẞExx", true},
		{"a|contains: strasse", "xxstraßexx", false},
		{"a|contains: ΟΔΟΣ", "xxοδοςxx", true},
		{"a: kelvin", "\u212Aelvin", true},
		{"a|startswith: kelvin", "\u212Aelvin scale", true},
		{"a|endswith: kelvin", "in \u212Aelvin", true},
		{"a|re|i: 'kelvin+'", "in \u212Aelvin", true},
		{"a|contains|cased: kelvin", "in \u212Aelvin", false},
	} {
		if got := mustFire(t, "  s: {"+tt.rule+"}\n  condition: s\n", bytesOf("a", tt.value)); got != tt.fires {
			t.Errorf("%s on %q: fires = %v", tt.rule, tt.value, got)
		}
	}
}

// TestPitfallCaseBit checks characters that differ in the bit by which ASCII letters differ in case.
func TestPitfallCaseBit(t *testing.T) {
	t.Parallel()
	for _, pair := range []string{"@`", "[{", `\|`, "]}", "^~", "_\x7f", "\x01!", "\x100"} {
		for _, shape := range []string{"contains", "startswith", "endswith", "re"} {
			lit := "ab" + pair[:1] + "cdefgh"
			rule := fmt.Sprintf("  s: {a|%s: %q}\n  condition: s\n", shape, strings.NewReplacer(`\`, `\\`).Replace(lit))
			if shape == "re" {
				rule = fmt.Sprintf("  s: {a|re: %q}\n  condition: s\n", `ab[^x]cdefgh`)
			}
			if strings.ContainsAny(lit, "\x01\x10") {
				continue
			}
			same, other := "ab"+pair[:1]+"cdefgh", "ab"+pair[1:]+"cdefgh"
			if !mustFire(t, rule, bytesOf("a", same)) || shape != "re" && mustFire(t, rule, bytesOf("a", other)) {
				t.Errorf("%s %q", shape, pair)
			}
		}
	}
}

func TestPitfallEdgesOfValues(t *testing.T) {
	t.Parallel()
	const rule = "  s: {a|contains: '0123456789abc'}\n  k: ['needle in any']\n  t: {b|contains: \"a\\0b\"}\n  condition: 1 of them\n"
	for _, tt := range []struct {
		name  string
		event bytesEvent
		fires bool
	}{
		{"at the beginning", bytesOf("a", "0123456789abc-----"), true},
		{"at the very end", bytesOf("a", "----0123456789abc"), true},
		{"the whole", bytesOf("a", "0123456789abc"), true},
		{"cut off", bytesOf("a", "0123456789ab"), false},
		{"across two values", bytesOf("a", "0123456", "b", "789abc"), false},
		{"keyword across two values", bytesOf("a", "needle ", "b", "in any"), false},
		{"in another field", bytesOf("c", "0123456789abc"), false},
		{"with NUL", bytesOf("b", "xxa\x00bxx"), true},
		{"NUL between values is no NUL of a value", bytesOf("b", "a", "c", "b"), false},
		{"empty", bytesOf("a", "", "b", ""), false},
		{"shorter than any stretch", bytesOf("a", "0", "b", "01"), false},
	} {
		for pad := range 9 { // every alignment
			ev := append(bytesOf("pad", strings.Repeat("p", pad)), tt.event...)
			if got := mustFire(t, rule, ev); got != tt.fires {
				t.Errorf("%s, %d bytes before: fires = %v", tt.name, pad, got)
			}
		}
	}
}

// TestPitfallSharedLiteral has thousands of rules that all look for the same text and differ in another: an event with the
// common text must not make all of them candidates.
func TestPitfallSharedLiteral(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "---\ntitle: r\nid: r%d\nlogsource: {product: p}\ndetection:\n  s: {image|endswith: '\\powershell.exe', cmd|contains: 'argument%05d'}\n  condition: s\n", i, i)
	}
	docs, _ := Parse("r.yaml", []byte(b.String()))
	set, _ := Compile(docs, Options{AnySource: true})
	ev := bytesOf("image", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, "cmd", "powershell -x argument01234")
	if got := indexed(set, ev, NewScratch()); len(got) != 1 || got[0] != "r1234" {
		t.Errorf("hits %v", got)
	}
	if n := len(set.Explain(ev, LogSource{}, func(*Rule) bool { return false })); n > 100 {
		t.Errorf("%d of 2000 rules were candidates", n)
	}
}

// TestPitfallSwap replaces the set while workers match: each has a set of one piece at any time.
func TestPitfallSwap(t *testing.T) {
	t.Parallel()
	build := func(value string) *Set { s, _ := compileOne(t, item("a|contains", value), Options{}); return s }
	var live atomic.Pointer[Set]
	live.Store(build("one"))
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			sc := NewScratch()
			for range 2000 {
				s := live.Load()
				both := len(s.Match(bytesOf("a", "xx one xx"), testSource, sc, nil)) + len(s.Match(bytesOf("a", "xx two xx"), testSource, sc, nil))
				if both != 1 {
					t.Errorf("%d hits", both)
					return
				}
			}
		})
	}
	for i := range 200 {
		live.Store(build([]string{"one", "two"}[i%2]))
	}
	wg.Wait()
}

func TestPitfallManyKeys(t *testing.T) {
	t.Parallel()
	set, _ := compileOne(t, item("a", "x"), Options{})
	sc := NewScratch()
	for i := range 50 { // keys that never come again, and one that the rule knows, at changing places
		var fields []string
		for k := range i {
			fields = append(fields, fmt.Sprintf("key-%d-%d-%s", i, k, strings.Repeat("k", k*10)), "v")
		}
		fields = append(fields, "a", "x", "a", "y", "", "empty key")
		if len(set.Match(bytesOf(fields...), testSource, sc, nil)) != 1 {
			t.Fatalf("round %d", i)
		}
	}
}
