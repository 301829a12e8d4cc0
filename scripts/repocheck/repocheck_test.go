package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImportBreaches(t *testing.T) {
	t.Parallel()
	in := func(path string, imports ...string) pkg {
		for i, p := range imports {
			if !strings.Contains(p, ".") && p != "embed" {
				imports[i] = module + "/" + p
			}
		}
		return pkg{ImportPath: module + "/" + path, Imports: imports, Doc: "d"}
	}
	tests := []struct {
		p    pkg
		want string // part of the breach; "" = none
	}{
		{in("shared/collect", "shared/soc", "shared/sls"), ""},
		{in("shared/collect", "rules"), "they know nobody"},
		{in("shared/collect", "emulator/sls"), "they know nobody"},
		{in("emulator/sls", "shared/soc"), "one misreading of the wire"},
		{in("emulator/sls", "emulator/auth"), ""},
		{in("emulator/e2e", "shared/soc"), ""},
		{in("functions/detect", "functions/collect"), "never by imports"},
		{in("functions/detect", "rules", "shared/fc"), ""},
		{in("functions/detect", sdk+"/sdk"), "neither context-aware"},
		{in("shared/cloud/sts", sdk+"/sdk"), ""},
		{in("shared/collect", lambda+"/lambda"), "shared/fc alone"},
		{in("rules", "embed"), ""},
		{in("rules", "shared/sigma"), "rules are data"},
		{in("shared/sigma", "shared/soc"), "stand alone"},
		{in("shared/soc", "github.com/google/uuid"), ""},
		{in("shared/soc", "github.com/google/go-cmp/cmp"), "uuid only"},
		{in("shared/correlation", "shared/store"), "small interfaces"},
	}
	for _, tc := range tests {
		got := strings.Join(importBreaches([]pkg{tc.p}), "\n")
		if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s → %v: %q, want %q", tc.p.path(), tc.p.Imports, got, tc.want)
		}
	}
	tested := in("shared/collect")
	tested.XTestImports = []string{module + "/emulator/sls"}
	if got := importBreaches([]pkg{tested}); len(got) != 1 {
		t.Errorf("test imports: %v, want one breach", got)
	}
}

func TestNameBreaches(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		p := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("functions/one/main.go", "")
	write("functions/two/main.go", "")
	write("functions/console/main.go", "")
	write("workflows/a.yaml", "resourceArn: acs:fc:::functions/one/LATEST\nresourceArn: acs:fc:::functions/gone/LATEST\n")
	write("workflows/playbooks/b.yaml", "")
	write("s.yaml", `resources:
  one: {component: fc3, props: {functionName: one}}
  console: {component: fc3, props: {functionName: console}}
  ghost: {component: fc3, props: {functionName: ghost}}
  flow-a: {component: flow, props: {name: a, definition: ./workflows/a.yaml}}
  flow-c: {component: flow, props: {name: c, definition: ./workflows/c.yaml}}
`)
	got, err := nameBreaches(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"functions/two is no resource of s.yaml", "functions/two is called by no flow", "s.yaml deploys ghost",
		"a flow calls function gone", "workflows has workflows/playbooks/b.yaml", "s.yaml deploys a flow from workflows/c.yaml",
	} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("no breach says %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if len(got) != 6 {
		t.Errorf("%d breaches, want 6:\n%s", len(got), strings.Join(got, "\n"))
	}
	write("s.yaml", "resources:\n  one: {component: fc3, props: {functionName: uno}}\n")
	if _, err := nameBreaches(root); err == nil || !strings.Contains(err.Error(), "one name") {
		t.Errorf("error = %v, want one that asks for one name", err)
	}
}

func TestCommandBreaches(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for path, text := range map[string]string{
		".ci/run":   "go test ./...\ntimeout 5 go run ./x || code=$?\n",
		"README.md": "```sh\ngo test ./...\ngo run ./x\ngo run ./y\n```\n```\nnot a command\n```\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := commandBreaches(root)
	if err != nil || len(got) != 1 || !strings.Contains(got[0], `"go run ./y"`) {
		t.Errorf("breaches = %q (%v), want one about go run ./y", got, err)
	}
}

func TestArchitectureBreaches(t *testing.T) {
	t.Parallel()
	doc := "| `one` | B | a timer | logs | `log:` GetLogs, ListShards on `AllOfThem`; `sts:AssumeRole` |\n" +
		"| `SOC_A` | all in B | | |\n| `SOC_B` | one (required) | | |\n| `SOC_GONE` | one | | |\n"
	template := "PolicyName: fenghuo-one\n Action: ['log:GetLogs', 'sts:AssumeRole', 'log:PutLogs']\nPolicyName: fenghuo-other\n Action: ['log:ListShards']\n"
	got := append(actionBreaches(doc, template, []string{"one", "two"}),
		variableBreaches(doc, map[string][]string{"SOC_A": {"one", "two"}, "SOC_B": {"one", "two"}}, []string{"delegate", "one", "two"})...)
	for i, want := range []string{"fenghuo-one call PutLogs", "may call ListShards", "no row of function two", "SOC_B is read by one, two", "SOC_GONE"} {
		if i >= len(got) || !strings.Contains(got[i], want) {
			t.Fatalf("breaches = %q, want one about %q at %d", got, want, i)
		}
	}
	if len(got) != 5 {
		t.Errorf("breaches = %q, want 5", got)
	}
}

func TestRepository(t *testing.T) {
	t.Parallel()
	breaches, err := check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaches {
		t.Error(b)
	}
}
