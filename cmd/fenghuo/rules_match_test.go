package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// matchOn runs "rules match" on rule files and lines of events, and returns its output as "line id" and its complaints.
func matchOn(t *testing.T, files map[string]string, events string) (hits, complaints []string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, "rules", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "events.jsonl")
	if err := os.WriteFile(file, []byte(events), 0o600); err != nil {
		t.Fatal(err)
	}
	c := rulesMatch{Events: file}
	c.Rules, c.NoLogsource = filepath.Join(dir, "rules"), true
	var out, wrong bytes.Buffer
	err = c.match(t.Context(), &out, &wrong)
	for line := range strings.Lines(out.String()) {
		var n int
		var id string
		if _, err := fmt.Sscanf(strings.ReplaceAll(line, `"`, " "), "{ event :%d, rule_id : %s", &n, &id); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		hits = append(hits, fmt.Sprint(n, " ", id))
	}
	for line := range strings.Lines(strings.ReplaceAll(wrong.String(), file, "events")) {
		complaints = append(complaints, line)
	}
	return hits, complaints, err
}

// matchRule is a rule of that id on one field.
func matchRule(id, test string) string {
	return "title: " + id + "\nid: " + id + "\nlogsource: {category: test}\ndetection:\n  s: {" + test + "}\n  condition: s\n"
}

func TestMatchFindsEveryRuleFile(t *testing.T) {
	t.Parallel()
	hits, complaints, err := matchOn(t, map[string]string{
		"1crlf.yml":        strings.ReplaceAll(matchRule("crlf", "f: x"), "\n", "\r\n"),
		"2bom.yaml":        "\ufeff" + matchRule("bom", "f: x"),
		"3multi.yml":       "---\n" + matchRule("first", "f: x") + "---\n" + matchRule("second", "f: x") + "---\n\n---\n",
		"4upper.YML":       matchRule("upper", "f: x"),
		"5/6/7/deep.yaml":  matchRule("deep", "f: x"),
		"8.yml/inside.yml": matchRule("inside", "f: x"),
		"9link.yml":        "-> ../rules/target.txt",
		"target.txt":       matchRule("linked", "f: x"),
		"loop":             "-> .",
		"README.md":        "no rule",
		"empty.yml":        "",
		"comment.yml":      "# nothing\n",
		"tests.yaml":       matchRule("tests", "f: x"), // beside no rule.yaml it is a rule as any other
	}, `{"f":"X"}`)
	want := []string{"1 crlf", "1 bom", "1 first", "1 second", "1 upper", "1 deep", "1 inside", "1 linked", "1 tests"}
	if d := cmp.Diff(want, hits); d != "" || len(complaints) != 0 || err != nil {
		t.Errorf("%s\n%q %v", d, complaints, err)
	}
}

func TestMatchNamesEveryRefusedFile(t *testing.T) {
	t.Parallel()
	hits, complaints, err := matchOn(t, map[string]string{
		"dangling.yml": "-> nowhere", "key.yml": matchRule("key", "f: x, f: y"), "list.yml": "- a\n", "ok.yml": matchRule("ok", "f: x"),
		"utf.yml": "title: \xff\n", "yaml.yml": "title: [\n",
	}, `{"f":"x"}`)
	var code exitCode
	if !errors.As(err, &code) || code != 4 || cmp.Diff([]string{"1 ok"}, hits) != "" || len(complaints) != 5 {
		t.Fatalf("%v %v %q", err, hits, complaints)
	}
	for i, want := range []string{"dangling.yml:1:1: error: ", "key.yml:5:13: error: ", "list.yml:1:1: error: ", "utf.yml:1:1: error: ", "yaml.yml:1:1: error: "} {
		found := false
		for _, c := range complaints {
			found = found || strings.HasPrefix(c, want)
		}
		if !found {
			t.Errorf("%d: nothing begins with %q in %q", i, want, complaints)
		}
	}
}

func TestMatchReadsOddEvents(t *testing.T) {
	t.Parallel()
	rules := map[string]string{
		"a.yml": matchRule("int", "n: 200"), "b.yml": matchRule("float", "n: 1.5"), "c.yml": matchRule("text", "n: '200'"),
		"d.yml": matchRule("true", "b: true"), "e.yml": matchRule("nothing", "z: null"), "f.yml": matchRule("there", "z|exists: true"),
		"g.yml": matchRule("nested", "a.b.c: deep"), "h.yml": matchRule("inner", "p.x.y: inner"), "i.yml": matchRule("list", "l: two"),
		"j.yml": "title: word\nid: word\nlogsource: {category: test}\ndetection:\n  words: [needle]\n  condition: words\n",
	}
	for _, tt := range []struct {
		event string
		want  []string // beside nothing, which fires wherever z is absent
	}{
		{`{"n":200}`, []string{"int", "text"}},
		{`{"n":200.0}`, []string{"int"}},
		{`{"n":"200"}`, []string{"int", "text"}},
		{`{"n":1.50}`, []string{"float"}},
		{`{"b":true}`, []string{"true"}},
		{`{"b":"TRUE"}`, []string{"true"}},
		{`{"b":1}`, nil},
		{`{"z":null}`, []string{"there"}},
		{`{"z":""}`, []string{"there", "-nothing"}},
		{`{"a":{"b":{"c":"deep"}}}`, []string{"nested"}},
		{`{"a.b":{"c":"deep"}}`, []string{"nested"}},
		{`{"a.b.c":"deep"}`, []string{"nested"}},
		{`{"p":"{\"x\":{\"y\":\"inner\"}}"}`, []string{"inner"}},
		{`{"p":"{\"x\":{\"y\":\"inner\"}"}`, nil},
		{`{"l":["one","two"]}`, []string{"list"}},
		{`{"q":{"r":["a needle b"]}}`, []string{"word"}},
		{`{"needle":"a"}`, nil},
		{"{\"q\":\"\xff\xfe needle\"}", []string{"word"}},
		{`{"q":"\ud800needle"}`, []string{"word"}},
		{`{"q":"` + strings.Repeat("x", 1<<20) + `needle"}`, []string{"word"}},
		{`{"d":` + strings.Repeat(`{"a":`, 500) + `"needle"` + strings.Repeat("}", 500) + `}`, []string{"word"}},
		{`{` + strings.Repeat(`"k":1,`, 30_000) + `"q":"needle"}`, []string{"word"}},
		{`{"n":200,"n":1}`, []string{"int", "text"}}, // the first counts
		{`{}`, nil},
	} {
		hits, complaints, err := matchOn(t, rules, "\ufeff\r\n \t\r\n\n"+tt.event+"\r\n\n{}")
		if err != nil || len(complaints) > 0 {
			t.Errorf("%.60s: %v %q", tt.event, err, complaints)
			continue
		}
		got, want := map[string]bool{}, map[string]bool{"4 nothing": true, "6 nothing": true}
		for _, h := range hits {
			got[h] = true
		}
		for _, w := range tt.want {
			if w, not := strings.CutPrefix(w, "-"); not {
				delete(want, "4 "+w)
			} else {
				want["4 "+w] = true
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%.60s: %s", tt.event, d)
		}
	}
}

func TestMatchGoesOnAfterALineThatIsNoEvent(t *testing.T) {
	t.Parallel()
	rules := map[string]string{"a.yml": matchRule("a", "f: x"), "b.yml": "title: ["}
	hits, complaints, err := matchOn(t, rules, "{\"f\":\"x\"}\n[1]\n{\"f\":NaN}\nx\n{\"f\":\"x\"} {}\n{\"f\":\"x\"}")
	if d := cmp.Diff([]string{"1 a", "6 a"}, hits); d != "" || soc.KindOf(err) != soc.Invalid || soc.NextOf(err) == "" || len(complaints) != 5 {
		t.Errorf("%s %v %q", d, err, complaints)
	}
	_, complaints, err = matchOn(t, rules, strings.Repeat("x\n", 1000))
	if len(complaints) != 1+maxBadLines || !strings.Contains(err.Error(), "1000") {
		t.Errorf("%d complaints, %v", len(complaints), err)
	}
}
