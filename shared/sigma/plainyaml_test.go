package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// libraryYAML is what the library makes of a file, in the shape of plainYAML.
func libraryYAML(data []byte) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*yaml.Node
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			docs = append(docs, nil)
			continue
		}
		docs = append(docs, doc.Content[0])
	}
}

// outline writes all of a tree that rules are made of.
func outline(b *strings.Builder, n *yaml.Node, depth int) {
	if n == nil {
		b.WriteString("nothing\n")
		return
	}
	fmt.Fprintf(b, "%*s%d:%d kind %d style %d %s %q\n", depth, "", n.Line, n.Column, n.Kind, n.Style, n.ShortTag(), n.Value)
	for _, c := range n.Content {
		outline(b, c, depth+1)
	}
}

func outlines(docs []*yaml.Node) string {
	var b strings.Builder
	for _, d := range docs {
		b.WriteString("---\n")
		outline(&b, d, 0)
	}
	return b.String()
}

// samePlain reports how the two ways to read a file differ, and whether the fast one took it.
func samePlain(t *testing.T, name string, data []byte) bool {
	t.Helper()
	fast, ok := plainYAML(data)
	if !ok {
		return false
	}
	slow, err := libraryYAML(data)
	if err != nil {
		t.Errorf("%s: the library refuses what was read: %v\n%q", name, err, data)
		return true
	}
	if got, want := outlines(fast), outlines(slow); got != want {
		t.Errorf("%s: %q\nis read as\n%sthe library reads\n%s", name, data, got, want)
	}
	return true
}

var plainSeeds = []string{
	"", "# nothing\n", "---\n", "---\n---\na: b\n", "a: b\n---\n\n---\nc: d\n---\n", "a: b", "a: 'it''s' # why\nb: \"x\\\\y\\\"z\\n\" # not\n",
	"a: b#c\nb: c #d\n'e|all': f\n\"g\": h\n", "a:\n- b\n- c: d\n  e: f\n-\n  g: h\ni: j\n", "a:\n  - b: c\n    d:\n      - e\n      - 'f: g'\n  - h\n",
	"a: |\n  one\n   two\n\n  three\n\n\nb: |-\n  x\nc: |+\n  y\n\nd: e\n", "a: |\n\n  late\n", "a: |\n  end", "a: b\n  c\n", "a: 'b\n  c'\n", "a: >\n  b\n",
	"a: [b, c]\n", "a: {b: c}\n", "a: &x b\nc: *x\n", "a: !t b\n", "a:\nb: c\n", "a: -1\nb: -\n", "- a\n- b\n", "- - a\n", " a: b\n", "a: b\n c: d\n",
	"a: b: c\n", "a: b:\n", "a : b\n", "ä中: 'x' \nb: ü\n", "<<: a\n", "a: <<\n", "a: ~\nb: null\nc: yes\nd: 0x1F\ne: 1e3\nf: 2026-01-01\ng: 1.50\n",
	"a: ? b\n", "? a\n: b\n", "a: @b\n", "a: `b`\n", "a: %b\n", "a: b\n...\n", "--- a\n", "a: \"\\x41\"\n", "a: 'b'c\n", "a: 'b'#c\n", "a: |\n   b\n  c\n",
	"a: |\nb: c\n", "- a\nb: c\n", "a:\n-\nb: c\n", "-\n- a\n", "a: |\n \n  b\n", "a: |\n    \n  b\n", "a: |\n  b\n     \n  c\n", "a: b\u2028c\n", "a: b\u0085c\n", "\ufeffa: b\n", "- a: b\n c: d\n",
	"- a\n  b\n", "- |\n  a\n   b\n- c: |\n    d\n  e: f\n", "- - a: b\n", "a:\n  - b\n   - c\n", "a: 'b'\n  c: d\n", "a: |\n  b\n c: d\n",
	"a:\n  # note\n  - b\n# note\n  - c\n", "a:\n    b: c\n  d: e\n", "a: # note\n  b: c # note\n", "a: |\n  b\n # note\nc: d\n", "a:b: c\n", "a:\n  'b': c\n  'd' : e\n",
}

func TestPlainYAML(t *testing.T) {
	t.Parallel()
	taken := 0
	for i, s := range plainSeeds {
		if samePlain(t, fmt.Sprint("seed ", i), []byte(s)) {
			taken++
		}
	}
	if taken < 15 {
		t.Errorf("only %d of the seeds are read", taken)
	}
}

// TestPlainYAMLOnRules holds that the rules that people write are read the fast way.
func TestPlainYAMLOnRules(t *testing.T) {
	t.Parallel()
	for _, files := range [][]ruleFile{ruleFiles(t, corpus), replicated(t, webRules(ruleFiles(t, corpus)), 100)} {
		taken := 0
		for _, f := range files {
			if samePlain(t, f.path, f.data) {
				taken++
			}
		}
		if taken*10 < len(files)*9 {
			t.Errorf("%d of %d files are read the fast way", taken, len(files))
		}
	}
}

func FuzzPlainYAML(f *testing.F) {
	for _, s := range plainSeeds {
		f.Add([]byte(s))
	}
	if data, err := os.ReadFile("../../rules/waf/log4shell_passed/rule.yaml"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { samePlain(t, "fuzz", data) })
}
