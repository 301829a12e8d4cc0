package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// notCalled are functions that no flow calls, with what starts them instead.
var notCalled = map[string]string{
	"create-roles": "onboard, through the broker role",
	"detect":       "a trigger on the stream Logstore",
	"archive":      "a trigger on the stream Logstore",
	"correlate":    "a trigger on the alerts Logstore",
	"console":      "an HTTP trigger",
}

var taskARN = regexp.MustCompile(`acs:fc:[^:\s]*:[^:\s]*:functions/([A-Za-z0-9_-]+)/`)

// nameBreaches holds that functions/<n>, the resource <n> of s.yaml and the tasks of workflows/ have one name.
func nameBreaches(root string) ([]string, error) {
	folders, err := functionFolders(root)
	if err != nil {
		return nil, err
	}
	deployed, flows, err := resources(root)
	if err != nil {
		return nil, err
	}
	called, files, err := tasks(root)
	if err != nil {
		return nil, err
	}
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, f := range folders {
		if !slices.Contains(deployed, f) {
			say("functions/%s is no resource of s.yaml: it would never be deployed", f)
		}
		if why, ok := notCalled[f]; !ok && !slices.Contains(called, f) {
			say("functions/%s is called by no flow, and scripts/repocheck names nothing else that starts it", f)
		} else if ok && slices.Contains(called, f) {
			say("functions/%s is called by a flow, but scripts/repocheck says it is started by %s", f, why)
		}
	}
	for _, d := range deployed {
		if !slices.Contains(folders, d) {
			say("s.yaml deploys %s, and there is no functions/%s", d, d)
		}
	}
	for _, c := range called {
		if !slices.Contains(folders, c) {
			say("a flow calls function %s, and there is no functions/%s", c, c)
		}
	}
	for _, f := range files {
		if !slices.Contains(flows, f) {
			say("workflows has %s, and s.yaml deploys no flow with that definition", f)
		}
	}
	for _, f := range flows {
		if !slices.Contains(files, f) {
			say("s.yaml deploys a flow from %s, and there is no such file", f)
		}
	}
	return out, nil
}

func functionFolders(root string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// resources returns the functions of s.yaml, by resource name, and the definition files of its flows.
func resources(root string) (functions, flows []string, err error) {
	b, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	if err != nil {
		return nil, nil, err
	}
	var doc struct {
		Resources map[string]struct {
			Component string
			Props     struct {
				FunctionName string `yaml:"functionName"`
				Name         string
				Definition   string
			}
		}
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, nil, fmt.Errorf("s.yaml: %w", err)
	}
	for name, r := range doc.Resources {
		switch r.Component {
		case "fc3":
			if r.Props.FunctionName != name {
				return nil, nil, fmt.Errorf("s.yaml: resource %s deploys function %s: they must have one name", name, r.Props.FunctionName)
			}
			functions = append(functions, name)
		case "flow":
			flows = append(flows, filepath.Clean(r.Props.Definition))
		}
	}
	slices.Sort(functions)
	slices.Sort(flows)
	return functions, flows, nil
}

// tasks returns the functions that flows call, and the files of the flows.
func tasks(root string) (called, files []string, err error) {
	for _, glob := range []string{"workflows/*.yaml", "workflows/playbooks/*.yaml"} {
		paths, err := filepath.Glob(filepath.Join(root, glob))
		if err != nil {
			return nil, nil, err
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				return nil, nil, err
			}
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return nil, nil, err
			}
			files = append(files, rel)
			for _, m := range taskARN.FindAllSubmatch(b, -1) {
				if f := string(m[1]); !slices.Contains(called, f) {
					called = append(called, f)
				}
			}
		}
	}
	slices.Sort(called)
	return called, files, nil
}
