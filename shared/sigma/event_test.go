package sigma

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// mapEvent is an event for tests: a value is text, nil for null, or a list of those.
type mapEvent map[string]any

func (e mapEvent) Fields() []Pair {
	var out []Pair
	for _, k := range slices.Sorted(maps.Keys(e)) {
		p := Pair{Key: []byte(k)}
		switch v := e[k].(type) {
		case string:
			p.Value = []byte(v)
		case []any:
			p.Value, _ = json.Marshal(v)
			p.State = List
		default:
			p.State = Null
		}
		out = append(out, p)
	}
	return out
}

func (e mapEvent) Inside(i int, sub string, yield func([]byte, State) bool) State {
	list, ok := e[slices.Sorted(maps.Keys(e))[i]].([]any)
	if sub != "" || !ok {
		return Absent
	}
	for _, v := range list {
		s, ok := v.(string)
		state := Value
		if !ok {
			state = Null
		}
		if !yield([]byte(s), state) {
			break
		}
	}
	return List
}

func (e mapEvent) Texts(i int, yield func([]byte) bool) bool {
	list, ok := e[slices.Sorted(maps.Keys(e))[i]].([]any)
	for _, v := range list {
		if s, ok := v.(string); ok && !yield([]byte(s)) {
			break
		}
	}
	return ok
}

// bytesEvent is an event whose values are bytes already, so that it never allocates.
type bytesEvent []Pair

func bytesOf(fields ...string) bytesEvent {
	var e bytesEvent
	for i := 0; i < len(fields); i += 2 {
		e = append(e, Pair{Key: []byte(fields[i]), Value: []byte(fields[i+1])})
	}
	return e
}

func (e bytesEvent) Fields() []Pair                                     { return e }
func (e bytesEvent) Inside(int, string, func([]byte, State) bool) State { return Absent }
func (e bytesEvent) Texts(int, func([]byte) bool) bool                  { return false }

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
