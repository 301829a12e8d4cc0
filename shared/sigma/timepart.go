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

// wallClock reads RFC 3339, "YYYY-MM-DD HH:MM:SS", a date alone, or Unix seconds or milliseconds, and returns what the text itself
// shows on the clock: a zone is read over, never converted. Numbers count as UTC.
func wallClock(b []byte) (time.Time, bool) {
	if n, ok := parseNumber(b); ok && n.whole {
		if n.i >= 1e11 || n.i <= -1e11 {
			return time.UnixMilli(n.i).UTC(), true
		}
		return time.Unix(n.i, 0).UTC(), true
	}
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return time.Time{}, false
	}
	y, ok1 := digits(b[0:4])
	mo, ok2 := digits(b[5:7])
	d, ok3 := digits(b[8:10])
	var h, mi, s int
	ok4, ok5, ok6 := true, true, true
	if len(b) > 10 {
		if len(b) < 16 || (b[10] != 'T' && b[10] != 't' && b[10] != ' ') || b[13] != ':' {
			return time.Time{}, false
		}
		h, ok4 = digits(b[11:13])
		mi, ok5 = digits(b[14:16])
		if len(b) >= 19 && b[16] == ':' {
			s, ok6 = digits(b[17:19])
		}
	}
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60 {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(mo), d, h, mi, s, 0, time.UTC), true
}

func digits(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
