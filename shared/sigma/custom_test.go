package sigma

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// customWorkloads are the rules of any folder, which FENGHUO_SIGMA_RULES names: as they are, and replicated to n. A relative folder
// is one below this package or below the root of the module.
func customWorkloads(dir string, n int) []workload {
	if _, err := os.Stat(dir); err != nil && !filepath.IsAbs(dir) {
		if _, err := os.Stat(filepath.Join("..", "..", dir)); err == nil {
			dir = filepath.Join("..", "..", dir)
		}
	}
	return []workload{
		{"custom", func(t testing.TB) []ruleFile { return ruleFiles(t, dir) }, -1},
		{fmt.Sprintf("custom-%d", n), func(t testing.TB) []ruleFile { return replicated(t, usable(t, ruleFiles(t, dir)), n) }, -1},
	}
}

// usable returns the detection rules of files that compile, each in a file of its own, and of several with one id the first: what
// is not among them would be refused again with every copy.
func usable(t testing.TB, files []ruleFile) []ruleFile {
	t.Helper()
	var out []ruleFile
	seen := map[string]bool{}
	for _, f := range files {
		decoder := yaml.NewDecoder(bytes.NewReader(f.data))
		for i := 0; ; i++ {
			var doc yaml.Node
			if decoder.Decode(&doc) != nil { // the end, or no YAML from here on
				break
			}
			data, err := yaml.Marshal(&doc)
			if err != nil {
				continue
			}
			one := ruleFile{fmt.Sprintf("%s#%d", f.path, i), data}
			set, _ := compileFiles(t, []ruleFile{one})
			if len(set.Rules()) != 1 || seen[set.Rules()[0].ID] {
				continue
			}
			seen[set.Rules()[0].ID] = set.Rules()[0].ID != ""
			out = append(out, one)
		}
	}
	if len(out) == 0 {
		t.Fatalf("none of %d files holds a rule that can be used", len(files))
	}
	return out
}

// TestCustomWorkload runs the workload of a folder on folders as people have them: the rules that we ship, with their tests beside
// them, and one with files that are no rules, rules with short or no ids, and several in a file.
func TestCustomWorkload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rule := func(id, detection string) string {
		return "title: T\n" + id + "logsource: {category: webserver}\ndetection:\n  s: " + detection + "\n  condition: s\n"
	}
	for name, text := range map[string]string{
		"two.yml":     rule("id: a\n", "{cs-uri-query|contains: union%20select}") + "---\n" + rule("", "[{cs-method: GET, sc-status: 200}, {c-uri|re: 'jn(d)i'}]") + "---\n",
		"filter.yml":  "title: F\nlogsource: {category: webserver}\nfilter:\n  rules: [a]\n  s: {c-ip: 1.2.3.4}\n  condition: not s\n",
		"bad.yml":     "title: [\n",
		"list.yml":    "- a\n",
		"empty.yaml":  "",
		"refused.yml": rule("id: b\n", "{f|nope: x}"),
		"twice.yml":   rule("id: a\n", "{f: x}"),
		"words.yml":   rule("id: 456\n", "[sqlmap, {cs-user-agent: '*nikto*'}]"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.yml")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir         string
		rules, hits int // of the folder itself; -1 is whatever it is
	}{{dir, 3, -1}, {"rules", -1, 0}, {corpus, 293, 55}} {
		for _, w := range customWorkloads(tt.dir, 500) {
			t.Run(strings.ReplaceAll(w.name+" "+filepath.Base(tt.dir), "/", " "), func(t *testing.T) {
				t.Parallel()
				set, _ := compileFiles(t, w.files(t))
				want := tt.rules
				if w.name == "custom-500" {
					want = 500
				}
				if n := len(set.Rules()); n == 0 || want >= 0 && n != want {
					t.Fatalf("%d rules, want %d", n, want)
				}
				scratch, hits, n := NewScratch(), []Hit(nil), 0
				for _, e := range tenThousand()[:2000] {
					if hits = set.Match(e, LogSource{}, scratch, hits[:0]); len(hits) > 0 {
						n++
					}
				}
				if tt.hits >= 0 && n != tt.hits {
					t.Errorf("%d events with a hit, want %d", n, tt.hits)
				}
			})
		}
	}
}
