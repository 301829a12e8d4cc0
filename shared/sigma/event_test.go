package sigma

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// mapEvent is an event for tests: a value is text, nil for null, or a list of those.
type mapEvent map[string]any

func (e mapEvent) Field(p Path) ([]byte, State) {
	v, ok := e[p.String()]
	switch v := v.(type) {
	case string:
		return []byte(v), Value
	case []any:
		return nil, List
	}
	if ok {
		return nil, Null
	}
	return nil, Absent
}

func (e mapEvent) Elements(p Path, yield func([]byte, State) bool) {
	for _, v := range e[p.String()].([]any) {
		s, ok := v.(string)
		state := Value
		if !ok {
			state = Null
		}
		if !yield([]byte(s), state) {
			return
		}
	}
}

func (e mapEvent) Values(yield func([]byte) bool) {
	for _, k := range slices.Sorted(maps.Keys(e)) {
		if s, ok := e[k].(string); ok && !yield([]byte(s)) {
			return
		}
	}
}

// bytesEvent is an event whose values are bytes already, so that it never allocates.
type bytesEvent map[string][]byte

func (e bytesEvent) Field(p Path) ([]byte, State) {
	if v, ok := e[p.Key]; ok {
		return v, Value
	}
	return nil, Absent
}
func (e bytesEvent) Elements(Path, func([]byte, State) bool) {}
func (e bytesEvent) Values(yield func([]byte) bool) {
	for _, v := range e {
		if !yield(v) {
			return
		}
	}
}

const testHead = "title: t\nid: 5d8f0c52-0000-4000-8000-000000000001\nlogsource: {product: p}\ndetection:\n"

var testSource = LogSource{Product: "p"}

// compileOne compiles one rule given by its detection.
func compileOne(t interface{ Helper() }, detection string, options Options) (*Set, []Problem) {
	t.Helper()
	docs, problems := Parse("rule.yaml", []byte(testHead+detection))
	set, more := Compile(docs, options)
	return set, append(problems, more...)
}

func mustFire(t testing.TB, detection string, ev Event) bool {
	t.Helper()
	set, problems := compileOne(t, detection, Options{Placeholders: map[string][]string{"admins": {"root", "Adm*"}}})
	for _, p := range problems {
		if !p.Warning {
			t.Fatalf("%v\n%s", p.Error(), detection)
		}
	}
	return len(set.Match(ev, testSource, NewScratch(), nil)) > 0
}

func item(key, value string) string {
	return fmt.Sprintf("  sel:\n    %s: %s\n  condition: sel\n", key, value)
}
