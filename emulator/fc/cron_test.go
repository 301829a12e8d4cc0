package fc

import (
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	t.Parallel()
	const from = "2026-01-02T03:04:05Z" // a Friday
	tests := []struct{ expr, next, then string }{
		{"@every 4m", "2026-01-02T03:08:05Z", "2026-01-02T03:12:05Z"},
		{"0 * * * * *", "2026-01-02T03:05:00Z", "2026-01-02T03:06:00Z"},
		{"*/20 * * * * *", "2026-01-02T03:04:20Z", "2026-01-02T03:04:40Z"},
		{"3,58 * * * * *", "2026-01-02T03:04:58Z", "2026-01-02T03:05:03Z"},
		{"0 0 4 * * *", "2026-01-02T04:00:00Z", "2026-01-03T04:00:00Z"},
		{"0 30 2 * * ?", "2026-01-03T02:30:00Z", "2026-01-04T02:30:00Z"},
		{"CRON_TZ=Asia/Shanghai 0 0 4 * * *", "2026-01-02T20:00:00Z", "2026-01-03T20:00:00Z"},
		{"0 0 0 1 * *", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"0 0 0 29 FEB *", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"},
		{"0 0 9-17/4 * * MON-FRI", "2026-01-02T09:00:00Z", "2026-01-02T13:00:00Z"},
		{"0 0 0 ? * SUN", "2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"},
		{"0 0 0 ? * 7", "2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"},
		{"0 0 0 15 * MON", "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"},
		{"59 59 23 31 12 *", "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z"},
	}
	start, _ := time.Parse(time.RFC3339, from)
	for _, tt := range tests {
		s, err := ParseSchedule(tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		next := s.Next(start)
		if got, then := stamp(next), stamp(s.Next(next)); got != tt.next || then != tt.then {
			t.Errorf("%s: %s, %s; want %s, %s", tt.expr, got, then, tt.next, tt.then)
		}
	}
	for _, bad := range []string{
		"", "* * * * *", "60 * * * * *", "* * * 0 * *", "* * * * 13 *", "@every", "@every 1.5s", "@every 0s", "@every -4m",
		"@every 1ms", "0 0 0 30 2 *", "a * * * * *", "5-1 * * * * *", "*/0 * * * * *", "CRON_TZ=Nowhere 0 0 0 * * *", "0 0 0 * * 8", "0 0 0 L * ?", "+1 * * * * *", ", * * * * *",
	} {
		if _, err := ParseSchedule(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"@every 4m", "0 0 4 * * *", "CRON_TZ=Asia/Shanghai 0 0 4 * * *", "*/5 1-3,7 ? JAN,FEB * MON-FRI"} {
		f.Add(s)
	}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchedule(text)
		if err != nil {
			return
		}
		if next := s.Next(start); !next.IsZero() && !next.After(start) {
			t.Fatalf("%q: next %v is not after %v", text, next, start)
		}
	})
}
