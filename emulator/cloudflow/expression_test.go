package cloudflow

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuiltins(t *testing.T) {
	t.Parallel()
	r := roots{input: map[string]any{"l": []any{1.0, 2.0, 1.0}, "m": map[string]any{"b": 1.0, "a": 2.0}, "dash-key": "x"}}
	for src, want := range map[string]any{
		`length($Input.l)`:                        3.0,
		`length("名字")`:                            2.0,
		`arrayUnique($Input.l)`:                   []any{1.0, 2.0},
		`arrayContains($Input.l, 2)`:              true,
		`toArray(1, "a", true)`:                   []any{1.0, "a", true},
		`mapKeys($Input.m)`:                       []any{"a", "b"},
		`jsonMerge($Input.m, {c: -3})`:            map[string]any{"a": 2.0, "b": 1.0, "c": -3.0},
		`stringToJson('{"name":"Tom"}')`:          map[string]any{"name": "Tom"},
		`format("hello {} and {}", "world", 2)`:   "hello world and 2",
		`split("a,b", ",")`:                       []any{"a", "b"},
		`fromBase64("Rm5G")`:                      "FnF",
		`hash("abc","MD5")`:                       "900150983cd24fb0d6963f7d28e17f72",
		`get($Input.l, 1)`:                        2.0,
		`get($Input.m, "b")`:                      1.0,
		`regexMatchString("^a+$", "aa")`:          true,
		`regexMatchString("^\\d+$", "12")`:        true,
		"regexMatchString(`^\\d+$`, \"12\")":      true,
		`randomInt(7, 8)`:                         7.0,
		`$Input.l[1]`:                             2.0,
		`$Input.dash-key`:                         "x",
		`[1, {a: "b"}]`:                           []any{1.0, map[string]any{"a": "b"}},
		"format(`{}`, toArray(length($Input.l)))": "[3]",
	} {
		e, err := ParseExpression(src)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := e.eval(r)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", src, err, d)
		}
	}
	for _, src := range []string{
		`jsonMerge({a: 1}, {a: 2})`, `length(1)`, `$Input.l[9]`, `$Output.x`, `hash("a","CRC")`, `format("{}")`,
		`get($Input.l, 3)`, `get($Input.l, "0")`, `get($Input.m, "z")`, `get(1, 1)`, `get($Input.m)`, `regexMatchString("(", "a")`, `regexMatchString("a")`,
		`randomInt(2, 2)`, `randomInt(1)`, `toBase64("a")`,
	} {
		if e, err := ParseExpression(src); err != nil {
			t.Error(err)
		} else if v, err := e.eval(r); err == nil {
			t.Errorf("%s = %v, want an error", src, v)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	r := roots{input: map[string]any{"n": 3.0, "s": "ok", "b": true, "l": []any{"x"}, "m": map[string]any{"k": 1.0}}}
	for src, want := range map[string]bool{
		`$Input.n == 3`:                          true,
		`$Input.n != 3`:                          false,
		`$Input.n >= 3 && $Input.s == "ok"`:      true,
		`$Input.n < 3 || $Input.s == "no"`:       false,
		`!($Input.s == "ok")`:                    false,
		`$Input.s in $Input.l`:                   false,
		`"x" in $Input.l`:                        true,
		`"k" in $Input.m`:                        true,
		`$Input.b == true`:                       true,
		`-1 < $Input.n`:                          true,
		"$Input.s == `ok`":                       true,
		`false && $Input.missing == 1`:           false,
		`$Input.n > 1 && $Input.n < 5 && !false`: true,
	} {
		e, err := ParseCondition(src)
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := e.eval(r); err != nil || got != want {
			t.Errorf("%s = %v (%v), want %v", src, got, err, want)
		}
	}
	for src, want := range map[string]string{
		`$Input.s == 'ok'`:      "conditions take text in double quotes or backquotes at character 13 of",
		`$Input.s in ["ok"]`:    "conditions take no literals of arrays and maps at character 13 of",
		`$Input.m == {k: 1}`:    "conditions take no literals of arrays and maps",
		`length($Input.l) == 1`: "conditions take no functions (length)",
		`$Input.s == "\d"`:      `unknown escape \d at character 14 of`,
		`$Input.n == null`:      `unknown name "null"`,
		`1 < $Input.n < 3`:      `unexpected "<"`,
		`$Input.n = 3`:          "unexpected character '='",
		`$Input.n + 1 > 3`:      "unexpected character '+'",
		`$Inputs.n > 3`:         `unknown root "$Inputs"`,
		`$Input.l[*] == 3`:      "unexpected character '*'",
		`$Input.n > 3 && `:      "want a value, found end of expression",
	} {
		if _, err := ParseCondition(src); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", src, err, want)
		}
	}
	for _, src := range []string{`$Input.s == 1`, `$Input.missing == 1`, `!$Input.n`, `$Input.n in 3`} {
		if e, err := ParseCondition(src); err != nil {
			t.Error(err)
		} else if v, err := e.eval(r); err == nil {
			t.Errorf("%s = %v, want an error", src, v)
		}
	}
}

func FuzzParseExpression(f *testing.F) {
	for _, s := range []string{`$Input.a[0].b`, `format("{}", toArray(1, {a: 'x'}))`, `!($Input.x in [1]) || -2 <= 3`, "`", `"\`, `((((`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (*Expression, error){ParseExpression, ParseCondition} {
			if e, err := parse(s); err == nil {
				_, _ = e.eval(roots{input: map[string]any{}}) // must not panic
			}
		}
	})
}
