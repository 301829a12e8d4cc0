package assume

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// roots are the folders, from here, whose comments are compared with README.md.
var roots = []string{"emulator", "shared", "functions", "cmd"}

// row is a line of the table: | number | title | assumed | `file` `declaration` |.
var row = regexp.MustCompile("^\\| (\\d+) \\| ([^|]+) \\| ([^|]+) \\| `([^`|]+)` `([^`|]+)` \\|$")

// TestListMatchesComments fails for a comment without row and for a row without comment.
func TestListMatchesComments(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed, problems := readList(string(readme))
	for _, p := range problems {
		t.Error(p)
	}
	found, err := scan(os.DirFS("../.."), roots)
	if err != nil {
		t.Fatal(err)
	}
	for place := range found {
		if listed[place] == "" {
			t.Errorf("%s has a comment with an assumption and no row in README.md", place)
		}
	}
	for place, number := range listed {
		if !found[place] {
			t.Errorf("row %s names %s, where no comment has an assumption", number, place)
		}
	}
	if len(found) == 0 {
		t.Error("no assumption was found at all: the scan looks in the wrong place")
	}
}

// readList returns the number of every row by its place, "file declaration".
func readList(text string) (listed map[string]string, problems []string) {
	listed = map[string]string{}
	numbers := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| No. |") || strings.HasPrefix(line, "|---") {
			continue
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			problems = append(problems, "not number, title, assumption, place: "+line)
			continue
		}
		place := m[4] + " " + m[5]
		if numbers[m[1]] || listed[place] != "" {
			problems = append(problems, "number or place stands twice: "+line)
		}
		numbers[m[1]], listed[place] = true, m[1]
	}
	return listed, problems
}

// scan finds the declarations that have a comment with an assumption, in them or above them.
func scan(tree fs.FS, roots []string) (map[string]bool, error) {
	found := map[string]bool{}
	for _, root := range roots {
		err := fs.WalkDir(tree, root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(tree, path)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, c := range file.Comments {
				if strings.Contains(c.Text(), "Assumption: ") {
					found[path+" "+declaration(file, c)] = true
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// declaration names the declaration that a comment belongs to: the function, or the first name of a group. "?" means
// that the comment belongs to none, which no row can name.
func declaration(file *ast.File, c *ast.CommentGroup) string {
	for _, d := range file.Decls {
		var doc *ast.CommentGroup
		name := "?"
		switch d := d.(type) {
		case *ast.FuncDecl:
			doc, name = d.Doc, d.Name.Name
		case *ast.GenDecl:
			doc = d.Doc
			if len(d.Specs) > 0 {
				name = specName(d.Specs[0])
			}
		}
		if c == doc || d.Pos() <= c.Pos() && c.End() <= d.End() {
			return name
		}
	}
	return "?"
}

func specName(s ast.Spec) string {
	switch s := s.(type) {
	case *ast.ValueSpec:
		return s.Names[0].Name
	case *ast.TypeSpec:
		return s.Name.Name
	}
	return "?"
}

func TestReadList(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text     string
		want     map[string]string
		problems int
	}{
		"a row":        {"text\n| No. | Question | Assumed | Where |\n|---|---|---|---|\n| 7 | a | b | `x/y.go` `f` |\n", map[string]string{"x/y.go f": "7"}, 0},
		"no place":     {"| 7 | a | b | y.go |", map[string]string{}, 1},
		"no number":    {"| x | a | b | `y.go` `f` |", map[string]string{}, 1},
		"number twice": {"| 7 | a | b | `y.go` `f` |\n| 7 | a | b | `y.go` `g` |", map[string]string{"y.go f": "7", "y.go g": "7"}, 1},
		"place twice":  {"| 7 | a | b | `y.go` `f` |\n| 8 | a | b | `y.go` `f` |", map[string]string{"y.go f": "8"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := readList(tt.text)
			if diff := cmp.Diff(tt.want, got); diff != "" || len(problems) != tt.problems {
				t.Errorf("%d problems %q, want %d; -want +got:\n%s", len(problems), problems, tt.problems, diff)
			}
		})
	}
}
