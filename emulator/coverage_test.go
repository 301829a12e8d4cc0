package emulator

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/fc"
)

var update = flag.Bool("update", false, "rewrite COVERAGE.md")

// TestCoverage keeps COVERAGE.md equal to the route tables of a running emulator.
func TestCoverage(t *testing.T) {
	t.Parallel()
	world, err := LoadWorld("empty")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{World: world})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil { // the test's own context has ended by now
			t.Error(err)
		}
	})
	got := coverage(t, s)
	if *update {
		if err := os.WriteFile("COVERAGE.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("COVERAGE.md is old; run go test ./emulator -run TestCoverage -update\n-file +emulator:\n%s", diff)
	}
}

const coverageHead = `# What the emulator answers

Written by ` + "`go test ./emulator -run TestCoverage -update`" + ` from the route tables of a running emulator, the notes that
stand next to them in the code, and the documented operations in testdata/documented.txt; do not edit it.

**Implemented** is what is served and of which nothing is known to be missing. **Partial** is served too; the note says what
is missing. **Absent** is documented and answers with an error that names it; a test walks all of them. Operations that are
served and stand in no official client are marked †. Where an answer is our choice because the cloud's is not documented,
it stands in [assume/README.md](assume/README.md).
`

// coverage lists what is implemented, partial and absent, product by product.
func coverage(t *testing.T, s *Server) string {
	t.Helper()
	groups := map[string]*group{}
	of := func(title string) *group {
		if groups[title] == nil {
			groups[title] = &group{title: title}
		}
		return groups[title]
	}
	listed := map[string]bool{}
	for _, d := range readDocumented(t) {
		listed[d.product+" "+d.version+" "+d.name] = true
		g := of(d.product + " " + d.version)
		switch note := s.partly(t, d); {
		case !s.served(t, d):
			g.absent = append(g.absent, d.name)
		case note != "":
			g.partial = append(g.partial, d.name+": "+note)
		case d.path != "":
			g.implemented = append(g.implemented, d.name+": `"+d.method+" "+d.path+"`")
		default:
			g.implemented = append(g.implemented, d.name)
		}
	}
	for _, line := range s.Gateway().Actions() {
		f := strings.Fields(line)
		if note := s.Gateway().Missing(f[1], f[2]); !listed[line] && note != "" {
			of(f[0] + " " + f[1]).partial = append(of(f[0]+" "+f[1]).partial, f[2]+" †: "+note)
		} else if !listed[line] {
			of(f[0] + " " + f[1]).implemented = append(of(f[0]+" "+f[1]).implemented, f[2]+" †")
		}
	}
	for title, routes := range map[string][]string{"Sls 2020-12-30": s.SLS().Routes(), "FC 2023-03-30": fc.Routes()} {
		of(title).routes = routes
	}
	var b strings.Builder
	b.WriteString(coverageHead)
	b.WriteString("\n| API | Implemented | Partial | Absent |\n|---|---|---|---|\n")
	titles := slices.Sorted(maps.Keys(groups))
	for _, title := range titles {
		g := groups[title]
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", title, len(g.implemented), len(g.partial), len(g.absent))
	}
	for _, title := range titles {
		groups[title].write(&b)
	}
	return b.String()
}

// group is one version of one product.
type group struct {
	title                        string
	implemented, partial, absent []string
	routes                       []string // all routes of an API with paths, older ones too
}

func (g *group) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n", g.title)
	slices.Sort(g.implemented)
	slices.Sort(g.partial)
	slices.Sort(g.absent)
	for _, list := range []struct {
		name  string
		lines []string
	}{{"Implemented", g.implemented}, {"Partial", g.partial}} {
		if len(list.lines) > 0 {
			fmt.Fprintf(b, "\n%s:\n\n- %s\n", list.name, strings.Join(list.lines, "\n- "))
		}
	}
	if len(g.absent) > 0 {
		fmt.Fprintf(b, "\nAbsent: %s.\n", strings.Join(g.absent, ", "))
	}
	if len(g.routes) > 0 {
		fmt.Fprintf(b, "\nAll routes:\n\n- `%s`\n", strings.Join(g.routes, "`\n- `"))
	}
}
