package org_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/org"
)

func TestDelegationNote(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, n := range map[string]org.DelegationNote{
		"whole":      {org.Designated, at, "setup-1", "acs:ram::1100000000000001:user/alice"},
		"by nobody":  {org.Undesignated, at, "remove-1", ""},
		"by no flow": {org.Designated, at, "", "李四"},
	} {
		got, ok := org.ReadDelegationNote(append([]org.Tag{{Key: "env", Value: "prod"}}, n.Tags()...))
		if d := cmp.Diff(n, got); d != "" || !ok {
			t.Errorf("%s: %v %s", name, ok, d)
		}
	}
	for name, tags := range map[string][]org.Tag{
		"none": nil, "another tag": {{Key: "env", Value: "prod"}}, "no change": {{Key: "fenghuo-delegation", Value: "was here 2026"}},
		"no time": {{Key: "fenghuo-delegation", Value: "designated soon"}}, "empty": {{Key: "fenghuo-delegation"}}, "who only": {{Key: "fenghuo-delegation-by", Value: "by alice"}},
	} {
		if got, ok := org.ReadDelegationNote(tags); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// FuzzDelegationNote: whoever is stated and whatever the run is called, the tags are such that the directory takes them,
// and reading them gives one line each.
func FuzzDelegationNote(f *testing.F) {
	f.Add("setup-1", "acs:ram::1100000000000001:user/alice")
	f.Add(strings.Repeat("r", 200), strings.Repeat("李", 200))
	f.Add("", "https://hthttp://tp://x")
	f.Add("a b\n", "\x1b[2J\xff")
	f.Fuzz(func(t *testing.T, run, by string) {
		n := org.DelegationNote{Change: org.Designated, At: time.Unix(1_700_000_000, 0).UTC(), Run: run, By: by}
		tags := n.Tags()
		for _, x := range tags {
			if len(x.Value) > 128 || strings.HasPrefix(x.Value, "acs:") || strings.Contains(x.Value, "http://") || strings.Contains(x.Value, "https://") {
				t.Errorf("tag %q", x)
			}
		}
		got, ok := org.ReadDelegationNote(tags)
		if !ok || got.Change != n.Change || !got.At.Equal(n.At) || strings.ContainsAny(got.By+got.Run, "\n\x1b") {
			t.Errorf("%+v became %+v, %v", n, got, ok)
		}
	})
}
