package sigma

import "time"

// timePart is a part of a timestamp that a modifier takes.
type timePart uint8

const (
	noPart timePart = iota
	minute
	hour
	day
	week
	month
	year
)

var timeParts = map[string]timePart{"minute": minute, "hour": hour, "day": day, "week": week, "month": month, "year": year}

// of takes the part of t. A week is the ISO week and may be 53.
func (p timePart) of(t time.Time) number {
	var v int
	switch p {
	case minute:
		v = t.Minute()
	case hour:
		v = t.Hour()
	case day:
		v = t.Day()
	case week:
		_, v = t.ISOWeek()
	case month:
		v = int(t.Month())
	case year:
		v = t.Year()
	}
	return number{i: int64(v), f: float64(v), whole: true}
}

// wallClock reads RFC 3339, "YYYY-MM-DD HH:MM:SS", also without seconds, a date alone, or Unix seconds or milliseconds, and returns
// what the text itself shows on the clock: a zone is read over, never converted. Numbers count as UTC. Seconds are left out: no
// modifier asks for them.
func wallClock(b []byte) (time.Time, bool) {
	if n, ok := parseNumber(b); ok && n.whole {
		if n.i >= 1e11 || n.i <= -1e11 {
			return time.UnixMilli(n.i).UTC(), true
		}
		return time.Unix(n.i, 0).UTC(), true
	}
	if !looksLike(b, "0000-00-00") {
		return time.Time{}, false
	}
	h, mi, rest := 0, 0, b[10:]
	if len(rest) > 0 {
		if !looksLike(rest, "T00:00") && !looksLike(rest, "t00:00") && !looksLike(rest, " 00:00") {
			return time.Time{}, false
		}
		h, mi, rest = digits(rest[1:3]), digits(rest[4:6]), rest[6:]
	}
	mo := time.Month(digits(b[5:7]))
	t := time.Date(digits(b[0:4]), mo, digits(b[8:10]), h, mi, 0, 0, time.UTC)
	// A day that the month does not have has become one of another month, minute 60 another hour.
	if t.Month() != mo || t.Hour() != h || !clockEnd(rest) {
		return time.Time{}, false
	}
	return t, true
}

// clockEnd tells whether b is what may follow the minutes: seconds, their fraction and a zone, or nothing.
func clockEnd(b []byte) bool {
	if looksLike(b, ":00") {
		if digits(b[1:3]) > 60 { // a leap second is one
			return false
		}
		if b = b[3:]; looksLike(b, ".0") || looksLike(b, ",0") {
			for b = b[2:]; looksLike(b, "0"); {
				b = b[1:]
			}
		}
	}
	for _, zone := range []string{"", "Z", "z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00", " +00:00", " -00:00", " +0000", " -0000"} {
		if len(b) == len(zone) && looksLike(b, zone) {
			return true
		}
	}
	return false
}

// looksLike tells whether b begins like form, in which 0 stands for any digit.
func looksLike(b []byte, form string) bool {
	if len(b) < len(form) {
		return false
	}
	for i := range len(form) {
		if c := b[i]; c != form[i] && (form[i] != '0' || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// digits reads a number of few digits.
func digits(b []byte) int {
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n
}
