package analytics

import (
	"database/sql/driver"
	"strings"
	"time"
)

// units are what times can be cut to, counted and taken apart in.
var units = words("millisecond second minute hour day week month quarter year")

func timeFunctions() map[string][]function {
	seconds := func(v values) (driver.Value, error) { return fromUnix(v[0]) }
	all := map[string][]function{
		"from_unixtime": forms(
			function{args: []Type{Bigint}, result: Timestamp, run: seconds},
			function{args: []Type{Double}, result: Timestamp, run: seconds}),
		"to_unixtime": forms(one(Timestamp, Double, func(ms int64) float64 { return float64(ms) / 1000 })),
		"date":        forms(one(Timestamp, Date, midnight), function{args: []Type{Varchar}, result: Date, run: castFunction(Varchar, Date)}),
		"date_trunc":  dateTrunc(),
		"date_format": forms(
			function{args: []Type{Timestamp, Varchar}, result: Varchar, run: dateFormat},
			function{args: []Type{Bigint, Varchar}, result: Varchar, run: func(v values) (driver.Value, error) {
				return dateFormat(values{v[0].(int64) * 1000, v[1]})
			}}),
		"date_parse": forms(function{args: []Type{Varchar, Varchar}, result: Timestamp, run: dateParse}),
		"date_add": forms(
			function{args: []Type{Varchar, Bigint, Date}, result: Date, run: dateAdd},
			function{args: []Type{Varchar, Bigint, Timestamp}, result: Timestamp, run: dateAdd}),
		"date_diff": forms(function{args: []Type{Varchar, Timestamp, Timestamp}, result: Bigint, run: dateDiff}),
		"to_iso8601": forms(
			one(Date, Varchar, func(ms int64) string { return format(ms, Date) }),
			one(Timestamp, Varchar, func(ms int64) string { return time.UnixMilli(ms).In(Zone).Format("2006-01-02T15:04:05.000-07:00") })),
		"from_iso8601_timestamp": forms(function{args: []Type{Varchar}, result: Timestamp, run: fromISO}),
		"last_day_of_month": forms(one(Timestamp, Date, func(ms int64) int64 {
			t := time.UnixMilli(ms).In(Zone)
			return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, Zone).UnixMilli()
		})),
		"current_timezone": forms(function{result: Varchar, run: func(values) (driver.Value, error) { return Zone.String(), nil }}),
	}
	for name, f := range map[string]func(time.Time) int{
		"year": time.Time.Year, "month": func(t time.Time) int { return int(t.Month()) }, "day": time.Time.Day,
		"quarter": func(t time.Time) int { return (int(t.Month()) + 2) / 3 }, "week": isoWeek,
		"hour": time.Time.Hour, "minute": time.Time.Minute, "second": time.Time.Second,
		"millisecond": func(t time.Time) int { return t.Nanosecond() / 1e6 },
		"day_of_week": func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }, "day_of_year": time.Time.YearDay,
	} {
		all[name] = forms(one(Timestamp, Bigint, func(ms int64) int64 { return int64(f(time.UnixMilli(ms).In(Zone))) }))
	}
	all["day_of_month"], all["dow"], all["doy"], all["week_of_year"] = clone(all["day"]), clone(all["day_of_week"]), clone(all["day_of_year"]), clone(all["week"])
	return all
}

func clone(f []function) []function { return append([]function(nil), f...) }

func isoWeek(t time.Time) int {
	_, week := t.ISOWeek()
	return week
}

func castFunction(from, to Type) func(values) (driver.Value, error) {
	return func(v values) (driver.Value, error) {
		out, ok := cast(v[0], from, to)
		if !ok {
			return nil, dataf("Value cannot be cast to %s: %.200s", to, format(v[0], from))
		}
		return out, nil
	}
}

// lastMilli bounds times to what has a year of four digits.
const lastMilli = 253402300799999

func inRange(ms int64) (driver.Value, error) {
	if ms < -62135596800000 || ms > lastMilli {
		return nil, dataf("the time is out of range")
	}
	return ms, nil
}

func fromUnix(v driver.Value) (driver.Value, error) {
	switch v := v.(type) {
	case int64:
		if v > lastMilli/1000 || v < -lastMilli/1000 {
			return nil, dataf("the time is out of range")
		}
		return inRange(v * 1000)
	case float64:
		if !(v < lastMilli/1000 && v > -lastMilli/1000) {
			return nil, dataf("the time is out of range")
		}
		return inRange(int64(v*1000 + 0.5))
	}
	return nil, nil
}

func unitOf(v driver.Value) (string, error) {
	unit := strings.ToLower(v.(string))
	if !units[unit] {
		return "", dataf("'%.50s' is not a valid Timestamp field", v)
	}
	return unit, nil
}

func dateTrunc() []function {
	return forms(
		function{args: []Type{Varchar, Date}, result: Date, run: func(v values) (driver.Value, error) { return truncTo(v[0], v[1].(int64)) }},
		function{args: []Type{Varchar, Timestamp}, result: Timestamp, run: func(v values) (driver.Value, error) { return truncTo(v[0], v[1].(int64)) }},
		function{args: []Type{Varchar, Bigint}, result: Timestamp, run: func(v values) (driver.Value, error) { // seconds, as __time__
			ms, err := fromUnix(v[1])
			if err != nil {
				return nil, err
			}
			return truncTo(v[0], ms.(int64))
		}})
}

func truncTo(u driver.Value, ms int64) (driver.Value, error) {
	unit, err := unitOf(u)
	if err != nil {
		return nil, err
	}
	t := time.UnixMilli(ms).In(Zone)
	y, m, d := t.Date()
	switch unit {
	case "millisecond":
		return ms, nil
	case "second", "minute", "hour": // the zone is off by whole hours
		size := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour}[unit]
		return t.Truncate(size).UnixMilli(), nil
	case "day":
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	case "quarter":
		m, d = (m-1)/3*3+1, 1
	case "year":
		m, d = 1, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, Zone).UnixMilli(), nil
}

func dateAdd(v values) (driver.Value, error) {
	unit, err := unitOf(v[0])
	if err != nil {
		return nil, err
	}
	n, t := v[1].(int64), time.UnixMilli(v[2].(int64)).In(Zone)
	if n > 1e12 || n < -1e12 {
		return nil, dataf("the time is out of range")
	}
	if size, fixed := fixedUnits[unit]; fixed {
		if n > lastMilli/size || n < -lastMilli/size {
			return nil, dataf("the time is out of range")
		}
		return inRange(t.UnixMilli() + n*size)
	}
	months := n * map[string]int64{"month": 1, "quarter": 3, "year": 12}[unit]
	if months > 120_000 || months < -120_000 {
		return nil, dataf("the time is out of range")
	}
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), Zone)
	last := first.AddDate(0, 1, -1).Day()
	return inRange(first.AddDate(0, 0, min(t.Day(), last)-1).UnixMilli())
}

// fixedUnits are units in milliseconds; the zone knows no summer time.
var fixedUnits = map[string]int64{"millisecond": 1, "second": 1e3, "minute": 60e3, "hour": 3600e3, "day": 86400e3, "week": 7 * 86400e3}

func dateDiff(v values) (driver.Value, error) {
	unit, err := unitOf(v[0])
	if err != nil {
		return nil, err
	}
	a, b := v[1].(int64), v[2].(int64)
	if size, fixed := fixedUnits[unit]; fixed {
		return (b - a) / size, nil
	}
	sign := int64(1)
	if b < a {
		a, b, sign = b, a, -1
	}
	from, to := time.UnixMilli(a).In(Zone), time.UnixMilli(b).In(Zone)
	months := int64(to.Year()-from.Year())*12 + int64(to.Month()-from.Month())
	if whole, err := dateAdd(values{"month", months, a}); err != nil || whole.(int64) > b {
		months--
	}
	return sign * months / map[string]int64{"month": 1, "quarter": 3, "year": 12}[unit], nil
}

// directives are the parts of a MySQL date format that both date_format and date_parse know, as Go layouts.
var directives = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'c': "1", 'd': "02", 'e': "2", 'H': "15", 'h': "03", 'I': "03", 'l': "3", 'i': "04",
	's': "05", 'S': "05", 'M': "January", 'b': "Jan", 'W': "Monday", 'a': "Mon", 'p': "PM", 'T': "15:04:05", 'r': "03:04:05 PM",
}

func dateFormat(v values) (driver.Value, error) {
	t := time.UnixMilli(v[0].(int64)).In(Zone)
	pattern := v[1].(string)
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		switch layout, ok := directives[pattern[i]]; {
		case ok:
			b.WriteString(t.Format(layout))
		case pattern[i] == 'f':
			b.WriteString(t.Format(".000000")[1:])
		case pattern[i] == 'k':
			b.WriteString(strings.TrimPrefix(t.Format("15"), "0"))
			if t.Hour() == 0 {
				b.WriteByte('0')
			}
		case pattern[i] == 'j':
			b.WriteString(t.Format("002"))
		case strings.IndexByte("DUuVvwXx", pattern[i]) >= 0:
			return nil, dataf("%%%c not supported in date format string", pattern[i])
		default:
			b.WriteByte(pattern[i])
		}
	}
	return bounded(b.String())
}

func dateParse(v values) (driver.Value, error) {
	pattern := v[1].(string)
	var layout strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			layout.WriteByte(pattern[i])
			continue
		}
		i++
		switch part, ok := directives[pattern[i]]; {
		case ok:
			layout.WriteString(part)
		case pattern[i] == 'k':
			layout.WriteString("15")
		case pattern[i] == 'f':
			layout.WriteString("999999")
		default:
			return nil, dataf("%%%c not supported in date format string", pattern[i])
		}
	}
	t, err := time.ParseInLocation(layout.String(), v[0].(string), Zone)
	if err != nil {
		return nil, dataf("Invalid format: \"%.100s\"", v[0])
	}
	if !strings.Contains(pattern, "%Y") && !strings.Contains(pattern, "%y") {
		t = t.AddDate(1970, 0, 0)
	}
	return inRange(t.UnixMilli())
}

func fromISO(v values) (driver.Value, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, v[0].(string), Zone); err == nil {
			return inRange(t.UnixMilli())
		}
	}
	return nil, dataf("Invalid format: \"%.100s\"", v[0])
}
