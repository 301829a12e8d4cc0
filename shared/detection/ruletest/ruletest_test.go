package ruletest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const base = `{"__topic__":"t","__time__":"1","event":{"a":{"b":"x"},"n":1},"flat":"f"}`

func load(tests string) ([]Case, error) {
	return Load(fstest.MapFS{"events/s/base.json": {Data: []byte(base)}, "s/rule/tests.yaml": {Data: []byte(tests)}}, "s/rule")
}

func TestLoad(t *testing.T) {
	t.Parallel()
	cases, err := load("- name: one\n  event: s/base\n  set: {event.a.b: y, event.c.d: [1], flat: null, event.n: null}\n  fires: true\n- name: two\n  event: s/base\n  fires: false\n")
	if err != nil || len(cases) != 2 {
		t.Fatal(cases, err)
	}
	if diff := cmp.Diff(map[string]string{"event": `{"a":{"b":"y"},"c":{"d":[1]}}`}, cases[0].Field); diff != "" || cases[0].Topic != "t" || !cases[0].Fires {
		t.Errorf("%s %+v", diff, cases[0])
	}
	if diff := cmp.Diff(map[string]string{"event": `{"a":{"b":"x"},"n":1}`, "flat": "f"}, cases[1].Field); diff != "" {
		t.Errorf("a case changes its neighbour: %s", diff)
	}
	got := map[string]string{}
	for _, log := range (Group{&cases[1]}).Logs() {
		for k, v := range log.Fields() {
			got[string(k)] = string(v)
		}
	}
	if diff := cmp.Diff(cases[1].Field, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for tests, want := range map[string]string{
		"[":                                   "yaml",
		"- nme: x\n":                          "field nme not found",
		"- name: x\n  event: s/none\n":        "s/none.json",
		"- {event: s/base, set: {flat.x: 1}}": "\"flat\" is no object",
	} {
		_, err := load(tests)
		if soc.KindOf(err) != soc.Invalid || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", tests, err, want)
		}
	}
}
