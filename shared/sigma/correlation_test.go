package sigma

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const correlated = "title: r\nid: r1\nname: one\nlogsource: {product: p}\ndetection: {s: {a: x}, condition: s}\n---\n" +
	"title: r\nid: r2\nname: two\nlogsource: {product: p}\ndetection: {s: {a: y}, condition: s}\n---\n"

// compileCorrelation compiles the two rules with one correlation, given by the lines of its section.
func compileCorrelation(section string) (*Set, []Problem) {
	docs, problems := Parse("c.yaml", []byte(correlated+"title: c\nid: c1\nname: corr\nlevel: high\ngenerate: true\ncorrelation: "+section+"\n"))
	set, more := Compile(docs, Options{})
	return set, append(problems, more...)
}

func TestConformCorrelations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		section string
		check   func(*Correlation) bool
	}{
		"event_count": {"{type: event_count, rules: [r1, two], group-by: [u], timespan: 15m, condition: {gte: 10}}", func(c *Correlation) bool {
			return c.Timespan == 15*time.Minute && c.Conditions[0] == Comparison{"gte", 10} && c.Generate && c.Level == "high"
		}},
		"value_count":                   {"{type: value_count, rules: one, timespan: 1h, condition: {gt: 3, field: u}}", func(c *Correlation) bool { return c.Field[0] == "u" && len(c.GroupBy) == 0 }},
		"value_count of several fields": {"{type: value_count, rules: one, timespan: 1h, condition: {gt: 3, field: [u, v]}}", func(c *Correlation) bool { return len(c.Field) == 2 }},
		"temporal":                      {"{type: temporal, rules: [one, two], timespan: 1d}", func(c *Correlation) bool { return c.Expression == "" && c.Timespan == 24*time.Hour }},
		"temporal_ordered":              {"{type: temporal_ordered, rules: [one, two], timespan: 30s, group-by: u}", func(c *Correlation) bool { return c.GroupBy[0] == "u" }},
		"temporal with an expression":   {"{type: temporal, rules: [one, two], timespan: 1w, condition: one and not two}", func(c *Correlation) bool { return c.Expression == "one and not two" }},
		"temporal with a number":        {"{type: temporal, rules: [one, two], timespan: 1M, condition: {gte: 1}}", func(c *Correlation) bool { return c.Timespan == 2629746*time.Second }},
		"value_sum":                     {"{type: value_sum, rules: one, timespan: 1y, condition: {gt: 1.5, field: n}}", func(c *Correlation) bool { return c.Conditions[0].Value == 1.5 }},
		"value_avg":                     {"{type: value_avg, rules: one, timespan: 1h, condition: {lt: 2, field: n}}", func(c *Correlation) bool { return c.Type == ValueAvg }},
		"value_percentile":              {"{type: value_percentile, rules: one, timespan: 1h, condition: {gt: 2, field: n, percentile: 95}}", func(c *Correlation) bool { return c.Percentile == 95 }},
		"value_median":                  {"{type: value_median, rules: one, timespan: 1h, condition: {neq: 2, field: n}}", func(c *Correlation) bool { return c.Type == ValueMedian }},
		"a range":                       {"{type: event_count, rules: one, timespan: 1h, condition: {gte: 2, lt: 5}}", func(c *Correlation) bool { return len(c.Conditions) == 2 }},
		"aliases":                       {"{type: temporal, rules: [one, two], timespan: 1h, group-by: [x], aliases: {x: {one: a, two: b}}}", func(c *Correlation) bool { return c.Aliases["x"]["two"] == "b" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, problems := compileCorrelation(tt.section)
			if len(problems) > 0 || len(set.Correlations()) != 1 || !tt.check(set.Correlations()[0]) {
				t.Errorf("%v %+v", texts(problems), set.Correlations())
			}
		})
	}
}

func TestConformCorrelationProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ section, want string }{
		"not a mapping":        {"[a]", "correlation is not a mapping"},
		"no type":              {"{rules: one}", "the correlation has no type"},
		"unknown type":         {"{type: near, rules: one}", "unknown type \"near\""},
		"no rules":             {"{type: temporal, timespan: 1h}", "the correlation names no rules"},
		"unknown rule":         {"{type: temporal, rules: [one, nobody], timespan: 1h}", "the rule \"nobody\" is not known"},
		"itself":               {"{type: temporal, rules: [one, corr], timespan: 1h}", "the rule \"corr\" is not known, or refers back"},
		"twice":                {"{type: temporal, rules: [one, one], timespan: 1h}", "named twice"},
		"no timespan":          {"{type: temporal, rules: one}", "the correlation has no timespan"},
		"timespan":             {"{type: temporal, rules: one, timespan: 5min}", "\"5min\" is no timespan"},
		"zero timespan":        {"{type: temporal, rules: one, timespan: 0s}", "\"0s\" is no timespan"},
		"no condition":         {"{type: event_count, rules: one, timespan: 1h}", "the correlation has no condition"},
		"operator":             {"{type: event_count, rules: one, timespan: 1h, condition: {over: 1}}", "unknown key \"over\""},
		"no operator":          {"{type: value_count, rules: one, timespan: 1h, condition: {field: a}}", "compares with nothing"},
		"no number":            {"{type: event_count, rules: one, timespan: 1h, condition: {gt: many}}", "\"many\" is no number"},
		"no field":             {"{type: value_sum, rules: one, timespan: 1h, condition: {gt: 1}}", "value_sum needs a field"},
		"no percentile":        {"{type: value_percentile, rules: one, timespan: 1h, condition: {gt: 1, field: n}}", "needs a percentile"},
		"percentile":           {"{type: value_percentile, rules: one, timespan: 1h, condition: {gt: 1, field: n, percentile: 101}}", "out of range"},
		"expression, unlisted": {"{type: temporal, rules: one, timespan: 1h, condition: one and two}", "unknown identifier \"two\""},
		"expression, unused":   {"{type: temporal, rules: [one, two], timespan: 1h, condition: one}", "the condition never uses \"two\""},
		"alias, unlisted":      {"{type: temporal, rules: one, timespan: 1h, aliases: {x: {two: a}}}", "the alias names \"two\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, problems := compileCorrelation(tt.section)
			if got := fmt.Sprint(texts(problems)); !strings.Contains(got, tt.want) || len(set.Correlations()) != 0 || len(set.Rules()) != 2 {
				t.Errorf("%s, want %s; %d correlations, %d rules", got, tt.want, len(set.Correlations()), len(set.Rules()))
			}
		})
	}
}

func TestCorrelationChainsInAnyOrder(t *testing.T) {
	t.Parallel()
	docs, _ := Parse("c.yaml", []byte("title: last\nid: c3\ncorrelation: {type: temporal, rules: [middle, r2], timespan: 1h}\n---\n"+
		"title: middle\nid: c2\nname: middle\ncorrelation: {type: event_count, rules: r1, timespan: 1h, condition: {gt: 1}}\n---\n"+
		"title: a\nid: c4\nname: a\ncorrelation: {type: temporal, rules: [b, r1], timespan: 1h}\n---\n"+
		"title: b\nid: c5\nname: b\ncorrelation: {type: temporal, rules: [a], timespan: 1h}\n---\n"+correlated))
	set, problems := Compile(docs, Options{})
	var got []string
	for _, c := range set.Correlations() {
		got = append(got, c.ID)
	}
	if fmt.Sprint(got) != "[c2 c3]" || len(problems) != 2 {
		t.Errorf("%v, %v", got, texts(problems))
	}
}
