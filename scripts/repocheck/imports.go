package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/fenghuo-soc/fenghuo"

// pkg is what is needed of the answer of go list.
type pkg struct {
	ImportPath   string
	Name         string
	Doc          string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// path is the package's place below the module, "" for the root.
func (p pkg) path() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

func list(root string) ([]pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	var all []pkg
	d := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		all = append(all, p)
	}
}

// ban says who must not import what, and why.
type ban struct {
	from  func(path string) bool
	to    func(imported string) bool // a path below the module, or an import path outside it
	tests bool                       // the ban holds in tests too
	why   string
}

func below(prefixes ...string) func(string) bool {
	return func(p string) bool {
		return slices.ContainsFunc(prefixes, func(x string) bool { return p == x || strings.HasPrefix(p, x+"/") })
	}
}

func except(in, out func(string) bool) func(string) bool {
	return func(p string) bool { return in(p) && !out(p) }
}

func anything(string) bool { return true }

func outside(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

const (
	sdk    = "github.com/aliyun/alibaba-cloud-sdk-go"
	lambda = "github.com/aws/aws-lambda-go"
)

var bans = []ban{
	{
		below("shared"), below("functions", "emulator", "cmd", "rules", "scripts"), true,
		"shared packages are used by everyone, so they know nobody",
	},
	{
		except(below("emulator"), below("emulator/e2e")), below("shared", "functions", "cmd", "rules"), false,
		"if client and emulator shared code they would share one misreading of the wire",
	},
	{
		below("functions"), below("functions", "emulator", "cmd", "scripts"), true,
		"functions are stitched by flows, never by imports, and never ask where they run",
	},
	{
		except(anything, below("shared/cloud")), below(sdk), false,
		"the cloud SDK is neither context-aware nor race-free; shared/cloud wraps it once",
	},
	{
		except(anything, below("shared/fc")), below(lambda), true,
		"serving a handler is the business of shared/fc alone",
	},
	{
		below("rules"), except(anything, below("embed")), false,
		"rules are data; the package only embeds them",
	},
	{
		below("shared/soc"), except(outside, below("github.com/google/uuid")), false,
		"the vocabulary imports the standard library and uuid only",
	},
	{
		below("shared/soc", "shared/sigma"), except(below("shared"), below("shared/sigma")), false,
		"the vocabulary and the rule language stand alone",
	},
	{
		below("shared/correlation", "shared/response", "shared/normalize", "shared/detection", "shared/catalog", "shared/integration", "shared/org", "shared/diagnosis"),
		below("shared/cloud", "shared/fc", "shared/store"), false,
		"domain packages take values and small interfaces; adapters are wired by functions",
	},
}

func importBreaches(packages []pkg) []string {
	var out []string
	for _, p := range packages {
		for _, b := range bans {
			if !b.from(p.path()) {
				continue
			}
			imports := p.Imports
			if b.tests {
				imports = slices.Concat(imports, p.TestImports, p.XTestImports)
			}
			for _, i := range imports {
				if i == p.ImportPath {
					continue
				}
				if i = strings.TrimPrefix(i, module+"/"); b.to(i) {
					out = append(out, fmt.Sprintf("%s imports %s: %s", p.path(), i, b.why))
				}
			}
		}
	}
	return out
}

func docBreaches(packages []pkg) []string {
	var out []string
	for _, p := range packages {
		if p.Doc == "" && !strings.Contains(p.path(), "testdata") {
			out = append(out, fmt.Sprintf("%s has no package comment: a reader must learn what it is for and where to start", p.path()))
		}
	}
	return out
}

func modBreaches(root string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "replace") {
			return []string{"go.mod has a replace: whoever imports the module would get other code than we test"}, nil
		}
	}
	return nil, nil
}
