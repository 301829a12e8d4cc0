package normalize

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// keys are the fields that a Logstore's index in template.yaml has, with their types; those inside JSON as "event.eventName".
type keys map[string]string

func (k keys) has(p sigma.Path) bool {
	if p.Sub != "" && k[p.Key] == "json" {
		return k[p.Key+"."+p.Sub] != ""
	}
	return p.Key == Topic || k[p.Key] != "" // SLS indexes the topic by itself
}

// indexed reads the index of a resource of template.yaml.
func indexed(t *testing.T, resource string) keys {
	t.Helper()
	b, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		Name            string `yaml:"Name"`
		Type            string `yaml:"Type"`
		EnableAnalytics bool   `yaml:"EnableAnalytics"`
	}
	var template struct {
		Resources map[string]struct {
			Properties struct {
				KeyIndices []struct {
					key    `yaml:",inline"`
					Inside []key `yaml:"JsonKeyIndices"`
				} `yaml:"KeyIndices"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(b, &template); err != nil {
		t.Fatal(err)
	}
	out := keys{}
	add := func(name, kind string, analytics bool) {
		if out[name] != "" || kind == "" || !analytics {
			t.Errorf("%s: key %s stands twice, has no type or no analytics", resource, name)
		}
		out[name] = kind
	}
	for _, k := range template.Resources[resource].Properties.KeyIndices {
		add(k.Name, k.Type, k.EnableAnalytics)
		for _, in := range k.Inside {
			add(k.Name+"."+in.Name, in.Type, in.EnableAnalytics)
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no key", resource)
	}
	return out
}

// TestRulesReadIndexedFields: whatever a shipped rule reads or shows can be searched by name in both Logstores.
func TestRulesReadIndexedFields(t *testing.T) {
	t.Parallel()
	read := map[sigma.Path]string{} // with a rule's field that asked for it
	sources := Sources()
	for i, s := range sources {
		sources[i].Paths = func(field string) []sigma.Path {
			paths := s.Paths(field)
			for _, p := range paths {
				read[p] = s.LogSource.Service + " " + field
			}
			return paths
		}
	}
	docs, problems, err := sigma.Read(os.DirFS("../../rules"), func(name string) bool { return path.Base(name) == "rule.yaml" })
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	set, problems := sigma.Compile(docs, sigma.Options{Sources: sources})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, r := range set.Rules() {
		for _, s := range sources {
			if r.Source.Service == s.LogSource.Service {
				for _, field := range r.Fields {
					s.Paths(field)
				}
			}
		}
	}
	if len(read) < 30 {
		t.Fatalf("only %d fields are read: %v", len(read), read)
	}
	for _, store := range []string{"StreamIndex", "ArchiveIndex"} {
		index := indexed(t, store)
		for p, by := range read {
			if !index.has(p) {
				t.Errorf("%s has no key for %s, which a rule reads (%s)", store, strings.TrimSuffix(p.Key+"."+p.Sub, "."), by)
			}
		}
	}
}

// sigmaOnly are names of Sigma's taxonomy that no product writes, though they stand for themselves too.
var sigmaOnly = []string{"query", "record_type"}

// TestMappingReadsIndexedFields: the names behind every alias, and every field that the sources of this package ask a
// record for, are indexed.
func TestMappingReadsIndexedFields(t *testing.T) {
	t.Parallel()
	read := map[sigma.Path]string{}
	for _, tpl := range Templates() {
		for alias := range tpl.aliases {
			for _, p := range tpl.Paths(alias) {
				read[p] = tpl.ID + " alias " + alias
			}
		}
		if tpl.ids != "" {
			read[tpl.Paths(tpl.ids)[0]] = tpl.ID + " identity"
		}
	}
	asked := fieldsAsked(t)
	for _, store := range []string{"StreamIndex", "ArchiveIndex"} {
		index := indexed(t, store)
		for p, by := range read {
			if !index.has(p) && !slices.Contains(sigmaOnly, p.Key) {
				t.Errorf("%s has no key for %s (%s)", store, strings.TrimSuffix(p.Key+"."+p.Sub, "."), by)
			}
		}
		for field, where := range asked {
			if index[field] == "" && index["event."+field] == "" {
				t.Errorf("%s has no key for %s, which %s reads", store, field, where)
			}
		}
	}
}

// fieldsAsked returns the fields that methods of a record are asked for by a literal name, with the place.
func fieldsAsked(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"entity.go", "eventtime.go", "envelope.go"} {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			text, isText := call.Args[0].(*ast.BasicLit)
			if ok && isText && slices.Contains([]string{"Text", "peer", "host", "rfc3339", "unix"}, method.Sel.Name) {
				field, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				out[field] = set.Position(call.Pos()).String()
			}
			return true
		})
	}
	if len(out) < 25 {
		t.Fatalf("only %d fields are found: %v", len(out), out)
	}
	return out
}

var quotedName = regexp.MustCompile("`([A-Za-z_][A-Za-z0-9_.]*)`")

// TestTaxonomyIsIndexed: the fields that docs/taxonomy.md gives to the authors of rules are indexed.
func TestTaxonomyIsIndexed(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/taxonomy.md")
	if err != nil {
		t.Fatal(err)
	}
	index, seen := indexed(t, "StreamIndex"), 0
	notFields := []string{"true", "_test", "event", "event."} // values and parts of names
	for _, service := range []string{"actiontrail", "waf", "cloudfirewall", "sas", "oss"} {
		_, section, ok := strings.Cut(string(b), "\n## "+service+"\n")
		if !ok {
			t.Fatalf("docs/taxonomy.md has no section %s", service)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, m := range quotedName.FindAllStringSubmatch(section, -1) {
			name := m[1]
			if seen++; !slices.Contains(notFields, name) && index[name] == "" && index["event."+name] == "" {
				t.Errorf("section %s names %s, which has no key", service, name)
			}
		}
	}
	if seen < 80 {
		t.Fatalf("only %d names were read", seen)
	}
}

// TestArchiveIndexesWhatStreamDoes: both Logstores hold the products' fields, so that a query moves from one to the other; the
// archive has its envelope beside them.
func TestArchiveIndexesWhatStreamDoes(t *testing.T) {
	t.Parallel()
	stream, archive := indexed(t, "StreamIndex"), indexed(t, "ArchiveIndex")
	maps.DeleteFunc(stream, func(name, _ string) bool { return strings.HasPrefix(name, "__tag__:") })
	for _, f := range append([]string{"record_id"}, envelopeFields(t)...) { // record_id is written by the function archive
		if archive[f] == "" {
			t.Errorf("the archive has no key for %s of the envelope", f)
		}
		if stream[f] == "" {
			delete(archive, f)
		}
	}
	if d := cmp.Diff(stream, archive); d != "" {
		t.Errorf("fields of the products (-stream +archive):\n%s", d)
	}
}

// TestDocumentedFields: the table of docs/log-queries.md names every key of both Logstores, and nothing else.
func TestDocumentedFields(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/log-queries.md")
	if err != nil {
		t.Fatal(err)
	}
	index := indexed(t, "StreamIndex")
	maps.Copy(index, indexed(t, "ArchiveIndex"))
	delete(index, "event") // its rows name what is inside
	documented := keys{}
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		prefix := ""
		if strings.Contains(cells[1], "`event`") {
			prefix = "event."
		}
		for name := range strings.FieldsSeq(cells[3]) {
			if strings.HasPrefix(name, "`") {
				documented[prefix+strings.Trim(name, "`")] = strings.TrimPrefix(strings.TrimSpace(cells[2]), "all ")
			}
		}
	}
	if d := cmp.Diff(index, documented); d != "" {
		t.Errorf("types of fields (-template.yaml +docs):\n%s", d)
	}
}

func envelopeFields(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, f := range record(t, "alibaba_cloud_waf_flow", "waf_access_log", log{}).Envelope(soc.Origin{}, "", 0, time.Time{}) {
		out = append(out, f.Key)
	}
	return out
}
