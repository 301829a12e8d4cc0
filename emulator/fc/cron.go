package fc

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Schedule is a parsed timer expression.
type Schedule struct {
	every time.Duration // of @every; then the rest is unused
	loc   *time.Location
	// Bit sets of the allowed values: seconds, minutes, hours, days of the month, months, days of the week.
	fields [6]uint64
	// anyDay and anyWeekday tell that the day field is open, so that only the other one counts.
	anyDay, anyWeekday bool
}

var cronFields = [6]struct {
	name     string
	min, max int
	words    string // names of the values from min on
}{
	{"second", 0, 59, ""},
	{"minute", 0, 59, ""},
	{"hour", 0, 23, ""},
	{"day of month", 1, 31, ""},
	{"month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"},
	{"day of week", 0, 7, "SUN MON TUE WED THU FRI SAT"},
}

// ParseSchedule parses the two forms of fc.md §3.2: "@every 4m", and six cron fields beginning with seconds, in UTC or
// in the zone of a "CRON_TZ=<zone> " prefix. Fields take *, ?, numbers, names, lists, ranges and steps.
//
// Assumption: if both days are given, either may match, as in other crons; Sunday is 0 or 7; @every takes s, m and h
// and at least one second.
func ParseSchedule(text string) (*Schedule, error) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "@every "); ok {
		d, err := time.ParseDuration(strings.TrimSpace(rest))
		if err != nil || d < time.Second || d%time.Second != 0 {
			return nil, fmt.Errorf("%q: @every needs whole seconds, such as @every 4m", text)
		}
		return &Schedule{every: d}, nil
	}
	s := &Schedule{loc: time.UTC}
	if rest, ok := strings.CutPrefix(text, "CRON_TZ="); ok {
		zone, expr, _ := strings.Cut(rest, " ")
		loc, err := time.LoadLocation(zone)
		if err != nil || zone == "" || zone == "Local" {
			return nil, fmt.Errorf("%q: unknown time zone %q", text, zone)
		}
		s.loc, text = loc, strings.TrimSpace(expr)
	}
	parts := strings.Fields(text)
	if len(parts) != 6 {
		return nil, fmt.Errorf("%q: expected six fields (second minute hour day month weekday), got %d", text, len(parts))
	}
	for i, p := range parts {
		set, err := parseField(i, strings.ToUpper(p))
		if err != nil {
			return nil, fmt.Errorf("%q: %s: %w", text, cronFields[i].name, err)
		}
		s.fields[i] = set
	}
	if s.fields[5]&(1<<7) != 0 {
		s.fields[5] |= 1
	}
	s.anyDay, s.anyWeekday = isOpen(parts[3]), isOpen(parts[5])
	if s.Next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("%q: there is no such date", text)
	}
	return s, nil
}

func isOpen(p string) bool { return p == "*" || p == "?" }

func parseField(i int, text string) (uint64, error) {
	var set uint64
	for item := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(item, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 || n > 60 {
				return 0, fmt.Errorf("bad step %q", item)
			}
			step = n
		}
		lo, hi, err := parseSpan(i, span, stepped)
		if err != nil {
			return 0, err
		}
		for v := lo; v <= hi; v += step {
			set |= 1 << v
		}
	}
	return set, nil
}

// parseSpan reads "*", "a", "a-b"; "a/n" runs to the end of the field.
func parseSpan(i int, span string, stepped bool) (lo, hi int, err error) {
	f := cronFields[i]
	last := f.max
	if i == 5 {
		last = 6
	}
	if isOpen(span) {
		return f.min, last, nil
	}
	from, to, ranged := strings.Cut(span, "-")
	if lo, err = parseValue(i, from); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		if hi, err = parseValue(i, to); err != nil {
			return 0, 0, err
		}
	case stepped:
		hi = max(lo, last)
	default:
		hi = lo
	}
	if lo > hi {
		return 0, 0, fmt.Errorf("range %q runs backwards", span)
	}
	return lo, hi, nil
}

func parseValue(i int, text string) (int, error) {
	f := cronFields[i]
	for n, word := range strings.Fields(f.words) {
		if word == text {
			return f.min + n, nil
		}
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < f.min || v > f.max || len(text) > 2 || text[0] == '+' || text[0] == '-' {
		return 0, fmt.Errorf("%q is not between %d and %d", text, f.min, f.max)
	}
	return v, nil
}

// Next is the first time after t, in UTC; the zero time when there is none within nine years. For @every it is t plus
// the period, so callers feed the previous result.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.every > 0 {
		return t.Add(s.every).Truncate(time.Second).UTC()
	}
	t = t.In(s.loc).Truncate(time.Second).Add(time.Second)
	for end := t.AddDate(9, 0, 0); t.Before(end); {
		y, m, d := t.Date()
		switch {
		case !s.has(4, int(m)):
			t = later(t, time.Date(y, m+1, 1, 0, 0, 0, 0, s.loc))
		case !s.onDay(t):
			t = later(t, time.Date(y, m, d+1, 0, 0, 0, 0, s.loc))
		case !s.has(2, t.Hour()):
			t = t.Add(time.Hour - time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second)
		case !s.has(1, t.Minute()):
			t = t.Add(time.Minute - time.Duration(t.Second())*time.Second)
		case !s.has(0, t.Second()):
			wait := 60 - t.Second() // to the next minute, unless a second of this one is left
			if rest := s.fields[0] >> t.Second(); rest != 0 {
				wait = bits.TrailingZeros64(rest)
			}
			t = t.Add(time.Duration(wait) * time.Second)
		default:
			return t.UTC()
		}
	}
	return time.Time{}
}

// later guards against zones where midnight does not exist.
func later(now, next time.Time) time.Time {
	if next.After(now) {
		return next
	}
	return now.Add(time.Hour)
}

func (s *Schedule) has(field, v int) bool { return s.fields[field]&(1<<v) != 0 }

func (s *Schedule) onDay(t time.Time) bool {
	day, weekday := s.has(3, t.Day()), s.has(5, int(t.Weekday()))
	if s.anyDay || s.anyWeekday {
		return day && weekday
	}
	return day || weekday
}
