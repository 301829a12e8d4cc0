package sigma

import (
	"strings"
	"testing"
)

const correlationHead = "title: c\ncorrelation: {type: event_count, rules: [x], timespan: 1m, condition: "

func TestProblems(t *testing.T) {
	t.Parallel()
	const ok = "  sel: {a: x}\n  condition: sel\n"
	tests := []struct{ name, file, want string }{
		{"not yaml", "title: [", "r.yaml:1:1: error: not valid YAML"},
		{"not a rule", "title: x\n", "r.yaml:1:1: error: the document is no Sigma rule; want one of detection, correlation, filter"},
		{"not a mapping", "- a\n", "the document is not a mapping"},
		{"double key", "title: x\ntitle: y\ndetection: {}\n", "r.yaml:2:1: error: the key \"title\" occurs twice"},
		{"merge key", "base: &b {a: 1}\ndetection:\n  <<: *b\n", "r.yaml:3:3: error: merge keys"},
		{"no title", "logsource: {product: p}\ndetection:\n" + ok, "the rule has no title"},
		{"no log source", "title: t\ndetection:\n" + ok, "the rule has no log source"},
		{"empty log source", "title: t\nlogsource: {definition: x}\ndetection:\n" + ok, "r.yaml:2:12: error: the log source names nothing"},
		{"level", "level: huge\n" + testHead + ok, "r.yaml:1:8: warning: unknown level \"huge\"; want informational, low, medium, high or critical"},
		{"status", "status: new\n" + testHead + ok, "r.yaml:1:9: warning: unknown status \"new\""},
		{"date", "date: yesterday\n" + testHead + ok, "r.yaml:1:7: warning: \"yesterday\" is no date"},
		{"tag", "tags: [x, Attack Y, x.y]\n" + testHead + ok, "r.yaml:1:8: warning: the tag \"x\" is not of the form namespace.name"},
		{"related", "related: [{id: x, type: cousin}]\n" + testHead + ok, "r.yaml:1:25: warning: unknown type \"cousin\""},
		{"taxonomy", "taxonomy: ecs\n" + testHead + ok, "r.yaml:1:11: error: the taxonomy \"ecs\""},
		{"no condition", testHead + "  sel: {a: x}\n", "has no condition"},
		{"unknown identifier", testHead + "  sel: {a: x}\n  condition: sel and nope\n", "r.yaml:6:22: error: unknown identifier \"nope\"; want one of sel"},
		{"quoted condition", testHead + "  sel: {a: x}\n  condition: 'sel and nope'\n", "r.yaml:6:23: error: unknown identifier"},
		{"open parenthesis", testHead + "  sel: {a: x}\n  condition: (sel\n", "the parenthesis is not closed"},
		{"ends early", testHead + "  sel: {a: x}\n  condition: sel and\n", "r.yaml:6:21: error: the condition ends too early"},
		{"trailing word", testHead + "  sel: {a: x}\n  condition: sel sel\n", "r.yaml:6:18: error: unexpected \"sel\""},
		{"aggregation", testHead + "  sel: {a: x}\n  condition: sel | count() by b > 5\n", "event_count"},
		{"timeframe", testHead + "  sel: {a: x}\n  timeframe: 5m\n  condition: sel\n", "r.yaml:6:3: error: timeframe was removed"},
		{"nothing left", testHead + "  sel: {a: x}\n  condition: 1 of filter_*\n", "nothing is left of the condition"},
		{"quantity", testHead + "  sel: {a: x}\n  condition: 0 of sel\n", "\"0\" is no quantity"},
		{"modifier", testHead + item("a|what", "x"), "r.yaml:6:5: error: the modifier \"what\" cannot be used here"},
		{"modifiers apart", testHead + item("a|re|base64", "x"), "the modifier \"base64\" cannot"},
		{"re not first", testHead + item("a|contains|re", "x"), "re as the first modifier"},
		{"exists value", testHead + item("a|exists", "maybe"), "want true or false"},
		{"regex", testHead + item("a|re", "'(?=x)'"), "without look-around"},
		{"cidr", testHead + item("a|cidr", "10.0.0"), "is no network"},
		{"number", testHead + item("a|gt", "many"), "is no number"},
		{"base64 with star", testHead + item("a|base64", "'a*'"), "cannot be encoded"},
		{"placeholder", testHead + item("a|expand", "'%nobody%'"), "nothing is known of the placeholder %nobody%"},
		{"mapping value", testHead + item("a", "{b: c}"), "the value of \"a\" is a mapping"},
		{"null keyword", testHead + "  sel: [null]\n  condition: sel\n", "null cannot be used here"},
		{"empty mapping", testHead + "  sel: {}\n  condition: sel\n", "the mapping is empty"},
		{"correlation", "title: c\ncorrelation: {type: event_count}\n", "the correlation names no rules"},
		{"filter", "title: c\nlogsource: {product: p}\nfilter: {rules: any}\n", "the section has no condition"},
		{"dashes before base64", testHead + item("a|windash|base64", "'-a -b -c -d -e -f -g'"), "too many dashes to be encoded"},
		{"exists negated", testHead + item("a|exists|neq", "true"), "want exists alone"},
		{"cased network", testHead + item("a|cidr|cased", "10.0.0.0/8"), "want cased only on text"},
		{"dots", testHead + item(strings.Repeat("a.", 100)+"b", "x"), "r.yaml:6:5: error: the name of the field has too many dots"},
		{"dots of a reference", testHead + item("a|fieldref", strings.Repeat("a.", 100)+"b"), "the name of the field has too many dots"},
		{"no identifiers", testHead + "  condition: sel\n", "want search identifiers beside the condition"},
		{"action", "action: global\n" + testHead + "  sel: {a: x}\n  condition: sel\n", "r.yaml:1:9: error: the action \"global\""},
		{"block condition", testHead + "  sel: {a: x}\n  condition: |\n    sel and\n    nope\n", "r.yaml:8:1: error: unknown identifier"},
		{"double tag", "tags: [x.y, x.y]\n" + testHead + ok, "r.yaml:1:13: warning: the tag \"x.y\" occurs twice"},
		{"three operators", correlationHead + "{gt: 1, lt: 5, neq: 3}}\n", "more than two operators"},
		{"percentile", strings.Replace(correlationHead, "event_count", "value_percentile", 1) + "{gt: 1, field: a, percentile: -1}}\n", "the percentile is out of range"},
		{"unused", testHead + "  sel: {a: x}\n  other: {a: y}\n  condition: sel\n", "r.yaml:6:3: warning: the condition never uses \"other\""},
		{"no match", testHead + "  sel: {a: x}\n  condition: sel and not 1 of filter_*\n", "warning: \"filter_*\" matches no identifier"},
		{"literal star", testHead + item("a", `'C:\dir\*'`), "warning: the value ends with a literal star"},
		{"host bits", testHead + item("a|cidr", "10.1.1.1/8"), "warning: \"10.1.1.1/8\" has bits set"},
		{"all alone", testHead + item("a|all", "x"), "warning: all has no effect"},
		{"null in list", testHead + item("a", "[null, x]"), "warning: null stands in a list"},
		{"alias bomb", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\ndetection: [*e,*e,*e]\n", "too deep or too large"},
		{"cycle", "detection: &a\n  b: *a\n", "too deep or too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			docs, problems := Parse("r.yaml", []byte(tt.file))
			set, more := Compile(docs, Options{})
			problems = append(problems, more...)
			var all []string
			refused := false
			for _, p := range problems {
				refused = refused || !p.Warning
				all = append(all, p.Error())
			}
			if refused != (len(set.Rules()) == 0) {
				t.Errorf("refused = %v with %d rules loaded", refused, len(set.Rules()))
			}
			if !strings.Contains(strings.Join(all, "\n"), tt.want) {
				t.Errorf("problems:\n%s\nwant one with:\n%s", strings.Join(all, "\n"), tt.want)
			}
		})
	}
}

func TestBadRuleNeverTakesTheSetDown(t *testing.T) {
	t.Parallel()
	good := testHead + item("a", "x")
	bad := strings.ReplaceAll(testHead, "01\n", "02\n") + item("a|re", "'('")
	docs, problems := Parse("both.yaml", []byte(bad+"---\n---\n"+good+"---\n"+good))
	if len(problems) != 0 || len(docs) != 3 {
		t.Fatalf("%d documents, problems %v", len(docs), problems)
	}
	set, problems := Compile(docs, Options{})
	if len(set.Rules()) != 1 || len(problems) != 2 {
		t.Fatalf("%d rules, problems %v", len(set.Rules()), problems)
	}
	if !strings.Contains(problems[1].Message, "taken by another rule") {
		t.Errorf("double id: %v", problems[1].Error())
	}
	if len(set.Match(mapEvent{"a": "x"}, testSource, NewScratch(), nil)) != 1 {
		t.Error("the good rule does not fire")
	}
}

func TestRequireID(t *testing.T) {
	t.Parallel()
	docs, _ := Parse("r.yaml", []byte(strings.ReplaceAll(testHead, "id:", "x:")+item("a", "x")))
	if set, problems := Compile(docs, Options{RequireID: true}); len(set.Rules()) != 0 || len(problems) != 1 {
		t.Errorf("problems %v", problems)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	docs, _ := Parse("r.yaml", []byte("title_zh: 标题\nlevel: HIGH\nfalsepositives: none\ntags: [attack.t1078]\nfields: [a, b.c]\ndate: 2026-01-01\n"+testHead+item("a", "x")))
	set, _ := Compile(docs, Options{})
	r := set.Rules()[0]
	if r.Custom["title_zh"] != "标题" || r.Level != "high" || r.FalsePositives[0] != "none" || r.Date != "2026-01-01" || r.Line != 1 {
		t.Errorf("%+v", r)
	}
	hits := set.Match(mapEvent{"a": "x"}, testSource, NewScratch(), nil)
	if len(hits) != 1 || len(hits[0].Fields) != 2 || hits[0].Fields[1].Paths[0] != (Path{Key: "b.c"}) {
		t.Errorf("%+v", hits)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	a, b := []byte(testHead+item("a", "x")), []byte(strings.ReplaceAll(testHead, "01\n", "02\n")+item("a", "y"))
	hash := func(o Options, files ...[]byte) string {
		var docs []Document
		for _, f := range files {
			d, _ := Parse("f.yaml", f)
			docs = append(docs, d...)
		}
		set, _ := Compile(docs, o)
		return set.Hash()
	}
	if hash(Options{}, a, b) != hash(Options{}, b, a) {
		t.Error("the order of files changes the hash")
	}
	if hash(Options{}, a) == hash(Options{}, b) || hash(Options{}, a) == hash(Options{}, a, b) {
		t.Error("different rules have the same hash")
	}
	mapped := Options{Sources: []Source{{LogSource: testSource, Paths: func(f string) []Path { return []Path{{"event", f}} }}}}
	if hash(Options{}, a) == hash(mapped, a) {
		t.Error("the mapping does not count")
	}
}
