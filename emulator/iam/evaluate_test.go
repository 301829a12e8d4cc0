package iam

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

func genStatement(deny *rapid.Generator[bool]) *rapid.Generator[statement] {
	return rapid.Custom(func(t *rapid.T) statement {
		st := statement{
			deny:      deny.Draw(t, "deny"),
			notAction: rapid.Bool().Draw(t, "not"),
			actions:   rapid.SliceOfN(rapid.SampledFrom([]string{"*", "a:*", "a:x", "b:?", "a:y"}), 1, 3).Draw(t, "actions"),
			resources: rapid.SliceOfN(rapid.SampledFrom([]string{"*", "acs:a:::x", "acs:a:::*", "acs:a:::y"}), 1, 2).Draw(t, "resources"),
		}
		if rapid.Bool().Draw(t, "conditional") {
			want := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "value")
			st.conditions = []condition{{
				key: "k", negated: rapid.Bool().Draw(t, "negated"), tests: []func(string) bool{func(s string) bool { return s == want }},
			}}
		}
		return st
	})
}

var genQuestion = rapid.Custom(func(t *rapid.T) *question {
	q := &question{
		action:   rapid.SampledFrom([]string{"a:x", "a:y", "b:z"}).Draw(t, "action"),
		resource: rapid.SampledFrom([]string{"acs:a:::x", "acs:a:::y", "acs:b:::x"}).Draw(t, "resource"),
	}
	if v := rapid.SampledFrom([]string{"", "1", "3"}).Draw(t, "key"); v != "" {
		q.keys = map[string]string{"k": v}
	}
	return q
})

func documentOf(statements ...statement) []*document {
	return []*document{{statements: statements}}
}

func TestEvaluateProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(genStatement(rapid.Bool()), 0, 6).Draw(t, "statements")
		q := genQuestion.Draw(t, "question")
		before := evaluate(documentOf(list...), q)

		denied := slices.ContainsFunc(list, func(s statement) bool { return s.deny && s.matches(q) })
		allowed := slices.ContainsFunc(list, func(s statement) bool { return !s.deny && s.matches(q) })
		want := implicitDeny
		switch {
		case denied:
			want = explicitDeny
		case allowed:
			want = allow
		}
		if before != want {
			t.Fatalf("got %v, want %v: a deny wins, then an allow", before, want)
		}

		more := genStatement(rapid.Just(false)).Draw(t, "allow")
		if after := evaluate(documentOf(append(slices.Clone(list), more)...), q); before == allow && after != allow || before == explicitDeny && after != before {
			t.Fatalf("adding an allow turned %v into %v", before, after)
		}
		less := genStatement(rapid.Just(true)).Draw(t, "deny")
		if after := evaluate(documentOf(append(slices.Clone(list), less)...), q); before != allow && after == allow {
			t.Fatalf("adding a deny turned %v into %v", before, after)
		}
		shuffled := rapid.Permutation(list).Draw(t, "order")
		if after := evaluate(documentOf(shuffled...), q); after != before {
			t.Fatalf("order matters: %v and %v", before, after)
		}
		var split []*document
		for _, st := range list {
			split = append(split, documentOf(st)...)
		}
		if after := evaluate(split, q); after != before {
			t.Fatalf("one policy gives %v, many give %v", before, after)
		}
	})
}

// TestWildcardProperty: a pattern made from a text by replacing parts with wildcards matches the text.
func TestWildcardProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := []rune(rapid.StringOfN(rapid.RuneFrom([]rune("ab:/*中é")), 0, 12, -1).Draw(t, "text"))
		pattern := ""
		for i := 0; i < len(text); {
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				pattern += "*"
				i += rapid.IntRange(0, len(text)-i).Draw(t, "run")
			case 1:
				pattern += "?"
				i++
			default:
				pattern += string(text[i])
				i++
			}
		}
		if !wildcard(pattern, string(text)) {
			t.Fatalf("%q does not match %q", pattern, string(text))
		}
	})
}

func BenchmarkAuthorize(b *testing.B) {
	s := New(Options{})
	if err := s.CreateAccount(shop, "shop"); err != nil {
		b.Fatal(err)
	}
	ak, _ := s.SeedUser(shop, "bob", "AliyunFnFReadOnlyAccess", "AliyunLogFullAccess")
	c, _ := s.Credential(ak)
	req := auth.Request{Caller: c.Caller, Action: "log:PostLogStoreLogs", Resource: "acs:log:cn-hangzhou:" + shop + ":project/p/logstore/l"}
	b.ReportAllocs()
	for b.Loop() {
		if !s.Authorize(b.Context(), req).Allowed {
			b.Fatal("denied")
		}
	}
}
