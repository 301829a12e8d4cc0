package main

import (
	"strings"
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for text, want := range map[moment]time.Time{
		"":                          {},
		"2026-03-01":                time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"2026-03-01T08:00:00+08:00": time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"36h":                       now.Add(-36 * time.Hour),
	} {
		if got, err := text.at(now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []moment{"yesterday", "-1h", "2026-13-01", "36"} {
		if got, err := text.at(now); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestTrailPrints: entries cannot steer the terminal, and a broken chain cannot be overlooked.
func TestTrailPrints(t *testing.T) {
	t.Parallel()
	entry := trailEntry{Actor: "al\x1b[2Jice", Action: "account.join", Account: "1100000000000003"}
	for name, tt := range map[string]struct {
		t    trail
		only bool
		want []string
		not  string
	}{
		"whole":       {trail{Status: "ok", Chain: 9, Last: "ab", Entries: []trailEntry{entry}}, false, []string{"Account joined the scope", "by al·[2Jice", "1 entries shown", "chain of 9 is whole", "ab"}, "older"},
		"verify only": {trail{Status: "ok", Chain: 9, Last: "ab"}, true, []string{"chain of 9 is whole"}, "entries shown"},
		"more":        {trail{Status: "ok", Entries: []trailEntry{entry}, More: true}, false, []string{"there are older entries"}, "BROKEN"},
		"broken":      {trail{Status: "failed", Chain: 3, Last: "ab", Reason: "on entry 4", Next: "compare"}, false, []string{"BROKEN after 3", "on entry 4", "next: compare"}, "is whole"},
	} {
		var b strings.Builder
		if err := tt.t.write(&b, tt.only); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q in %s", name, want, b.String())
			}
		}
		if strings.Contains(b.String(), tt.not) || strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: %q", name, b.String())
		}
	}
}
