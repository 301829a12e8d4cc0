package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := Validate("testdata/good.s.yaml"); err != nil {
		t.Errorf("the good file: %v", err)
	}
	err := Validate("testdata/bad.s.yaml")
	if err == nil {
		t.Fatal("the bad file was taken")
	}
	for _, want := range []string{
		"bad.s.yaml:10: resource one: props.runtime: go0 is not one of",
		":12: resource one: props.cpu: must be between",
		":13: resource one: props.memorySize: must be an integer between 128 and 32768 and a multiple of 64",
		":14: resource one: props.timeout: must be an integer",
		":15: resource one: props.colour: unknown key",
		":16: resource one: props.environmentVariables.A: must be a string, not 1",
		":16: resource one: props.environmentVariables.FC_X: FC_ is reserved",
		":17: resource one: props.role: ",
		":21: resource one: props.triggers[0].triggerConfig: lacks sourceConfig",
		":21: resource one: props.triggers[0].triggerConfig.jobConfig.maxRetryTime: must be an integer between 0 and 100",
		"props.triggers[0]: lacks invocationRole",
		"props.triggers[1].triggerName: is used twice",
		":24: resource one: props.triggers[1].triggerConfig.cronExpression: ",
		":24: resource one: props.triggers[1].triggerConfig.enable: must be true or false",
		":27: resource two: props.policy: is not offered",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

func TestStructure(t *testing.T) {
	t.Parallel()
	const fn = "component: flow\n    props: {region: cn-hangzhou, name: n, definition: d}\n"
	for name, tt := range map[string]struct{ file, want string }{
		"not yaml":          {"a: [", "yaml"},
		"not a mapping":     {"- a", "expected a mapping"},
		"edition":           {"edition: 1.0.0\nresources:\n  a:\n    " + fn, "edition: must be 3.0.0"},
		"no resources":      {"edition: 3.0.0", "there is none"},
		"unknown key":       {"edition: 3.0.0\nresource: {}", "s.yaml:2: resource: unknown key"},
		"unknown component": {"edition: 3.0.0\nresources:\n  a: {component: fc, props: {}}", `component: "fc" is not offered`},
		"no props":          {"edition: 3.0.0\nresources:\n  a: {component: flow}", "props: must be a mapping"},
		"no value":          {"edition: 3.0.0\nresources:\n  a:\n    component: flow\n    props: {region: '${vars.region}'}", "${vars.region} has no value"},
		"unknown function":  {"edition: 3.0.0\nresources:\n  a:\n    component: flow\n    props: {region: \"${file('x')}\"}", "file(…) is not a function"},
		"itself":            {"edition: 3.0.0\nresources:\n  a:\n    component: flow\n    props: {region: '${this.props.name}', name: '${this.props.region}'}", "refers to itself"},
		"circle": {"edition: 3.0.0\nresources:\n  a:\n    component: flow\n    props: {name: '${resources.b.output.x}'}\n" +
			"  b:\n    component: flow\n    props: {name: '${resources.a.output.x}'}", "circle"},
		"output of nothing": {"edition: 3.0.0\nresources:\n  a:\n    component: flow\n    props: {name: '${resources.b.output.x}'}", "does not exist"},
	} {
		file := filepath.Join(t.TempDir(), "s.yaml")
		if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Validate(file); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func FuzzManifest(f *testing.F) {
	for _, name := range []string{"testdata/good.s.yaml", "testdata/bad.s.yaml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("edition: 3.0.0\nvars: &a {b: *a}\nresources: {x: {component: ros, props: *a}}"))
	f.Add([]byte("edition: 3.0.0\nresources: {x: {component: ros, props: &a {<<: *a, name: x}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parse("s.yaml", data)
		if err != nil {
			return
		}
		todo, err := m.order()
		if err != nil {
			return
		}
		r := &renderer{m: m, offline: true, early: true}
		_ = r.validate(todo)
	})
}
