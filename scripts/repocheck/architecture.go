package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	tableRow     = regexp.MustCompile("(?m)^\\| `([A-Za-z0-9_-]+)` \\|(.*)\\|$")
	envTag       = regexp.MustCompile(`env:"([A-Z0-9_]+)`)
	actionText   = regexp.MustCompile(`'([a-z-]+):([A-Za-z]+)'`)
	actionName   = regexp.MustCompile(`\b[A-Z][a-z]+[A-Z][A-Za-z]*\b`)
	inBrackets   = regexp.MustCompile(`\([^)]*\)`)
	rolePolicies = regexp.MustCompile(`PolicyName: fenghuo-([a-z-]+)\n`)
)

// architectureBreaches holds that docs/architecture.md says of every function what its role may do, as template.yaml has
// it, and of every variable which functions read it, as their config structs do.
func architectureBreaches(root string) ([]string, error) {
	doc, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		return nil, err
	}
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, err
	}
	folders, err := functionFolders(root)
	if err != nil {
		return nil, err
	}
	readers := map[string][]string{} // variable to functions
	for _, f := range folders {
		files, err := filepath.Glob(filepath.Join(root, "functions", f, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			code, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			for _, m := range envTag.FindAllSubmatch(code, -1) {
				readers[string(m[1])] = append(readers[string(m[1])], f)
			}
		}
	}
	return slices.Concat(actionBreaches(string(doc), string(template), folders), variableBreaches(string(doc), readers, folders)), nil
}

// actionBreaches compares the last cell of a function's row with the actions of its role's policy.
func actionBreaches(doc, template string, folders []string) []string {
	granted := map[string]map[string]bool{}
	starts := rolePolicies.FindAllStringSubmatchIndex(template, -1)
	for i, m := range starts {
		end := len(template)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		role := template[m[2]:m[3]]
		if granted[role] == nil {
			granted[role] = map[string]bool{}
		}
		for _, a := range actionText.FindAllStringSubmatch(template[m[1]:end], -1) {
			granted[role][a[2]] = true
		}
	}
	var out []string
	for _, f := range folders {
		told := map[string]bool{}
		cells := strings.Split(row(doc, f), "|")
		if len(cells) < 4 {
			out = append(out, fmt.Sprintf("docs/architecture.md has no row of function %s with what its role may do", f))
			continue
		}
		for i, part := range strings.Split(cells[3], "`") {
			if i%2 == 1 && !strings.Contains(part, ":") {
				continue // the name of a resource
			}
			for _, a := range actionName.FindAllString(part, -1) {
				told[a] = true
			}
		}
		for _, a := range slices.Sorted(maps.Keys(granted[f])) {
			if !told[a] {
				out = append(out, fmt.Sprintf("template.yaml lets fenghuo-%s call %s, and docs/architecture.md does not say so", f, a))
			}
		}
		for _, a := range slices.Sorted(maps.Keys(told)) {
			if !granted[f][a] {
				out = append(out, fmt.Sprintf("docs/architecture.md says that fenghuo-%s may call %s, and template.yaml does not grant it", f, a))
			}
		}
	}
	return out
}

// variableBreaches compares the table of variables with what functions read.
func variableBreaches(doc string, readers map[string][]string, folders []string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(readers)) {
		cell, _, _ := strings.Cut(strings.TrimSpace(row(doc, name)), "|")
		var told []string
		if strings.TrimSpace(cell) == "all in B" {
			told = slices.DeleteFunc(slices.Clone(folders), func(f string) bool { return f == "delegate" || f == "create-roles" })
		} else {
			for f := range strings.SplitSeq(inBrackets.ReplaceAllString(cell, ""), ",") {
				told = append(told, strings.TrimSpace(f))
			}
		}
		slices.Sort(told)
		if want := slices.Compact(slices.Sorted(slices.Values(readers[name]))); !slices.Equal(told, want) {
			out = append(out, fmt.Sprintf("%s is read by %s, and docs/architecture.md says %q", name, strings.Join(want, ", "), strings.TrimSpace(cell)))
		}
	}
	for _, m := range tableRow.FindAllStringSubmatch(doc, -1) {
		if strings.HasPrefix(m[1], "SOC_") && readers[m[1]] == nil {
			out = append(out, fmt.Sprintf("docs/architecture.md has %s, which no function reads", m[1]))
		}
	}
	return out
}

// row returns what stands behind the first cell of the first table row that begins with `name`.
func row(doc, name string) string {
	for _, m := range tableRow.FindAllStringSubmatch(doc, -1) {
		if m[1] == name {
			return m[2]
		}
	}
	return ""
}
