package analytics

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// castable tells which casts exist.
func castable(from, to Type) bool {
	switch from {
	case Varchar:
		return to.element() == Unknown
	case Bigint, Double, Boolean:
		return to == Varchar || to == JSON || to == Boolean || to.numeric()
	case Timestamp, Date:
		return to == Varchar || to.temporal()
	case JSON:
		return to == Varchar || to == Boolean || to.numeric() || to.element() != Unknown
	case Array, Bigints, Doubles:
		return to == JSON
	}
	return false
}

// cast changes a value that is not null. ok false means that the value cannot be cast.
func cast(v any, from, to Type) (_ any, ok bool) {
	switch to {
	case Varchar:
		if from == JSON {
			return jsonScalar(v.(string))
		}
		return format(v, from), true
	case Bigint, Double, Boolean:
		if from == JSON {
			doc, ok := parseJSON(v.(string))
			if !ok {
				return nil, false
			}
			return castValueOf(doc, to)
		}
		return castNumber(v, from, to)
	case Timestamp, Date:
		return castTime(v, from, to)
	case JSON:
		return castJSON(v, from)
	case Array, Bigints, Doubles:
		return castArray(v.(string), to.element())
	}
	return nil, false
}

func castNumber(v any, from, to Type) (any, bool) {
	if from == Varchar {
		return castText(v.(string), to)
	}
	n, isInt := v.(int64)
	f, _ := v.(float64)
	switch {
	case to == Boolean && isInt:
		return boolean(n != 0), true
	case to == Boolean:
		return boolean(f != 0), true
	case to == Double && isInt:
		return float64(n), true
	case to == Double:
		return f, true
	case isInt:
		return n, true
	}
	f = math.Round(f)
	return int64(f), f >= math.MinInt64 && f < math.MaxInt64
}

func castText(s string, to Type) (any, bool) {
	switch to {
	case Bigint:
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		return n, err == nil
	case Double:
		f, ok := ParseDouble(s)
		return f, ok
	}
	switch strings.ToLower(s) {
	case "true", "t", "1":
		return int64(1), true
	case "false", "f", "0":
		return int64(0), true
	}
	return nil, false
}

// ParseDouble reads a decimal number; the words and the hexadecimal form that Go also reads are none.
func ParseDouble(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	switch s {
	case "Infinity", "+Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func castTime(v any, from, to Type) (any, bool) {
	ms, isTime := v.(int64)
	if !isTime {
		var ok bool
		if ms, ok = parseTime(v.(string)); !ok {
			return nil, false
		}
	}
	if to == Date {
		ms = midnight(ms)
	}
	return ms, true
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Zone is the time zone of the dialect.
//
// Assumption: UTC+8, whatever the region. The documentation renders 1592374067 as 2020-06-17 14:07:47; for regions
// outside China nothing is said.
var Zone = time.FixedZone("Asia/Shanghai", 8*3600)

// midnight is the begin of the day that a time lies in.
func midnight(ms int64) int64 {
	t := time.UnixMilli(ms).In(Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Zone).UnixMilli()
}

// parseTime reads a date or a time in [Zone].
func parseTime(s string) (int64, bool) {
	for _, layout := range []string{"2006-1-2", "2006-1-2 15:4", "2006-1-2 15:4:5", "2006-1-2 15:4:5.999"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), Zone); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

const timeLayout = "2006-01-02 15:04:05.000"

// format writes a value as text, for a result and for a cast.
//
// Assumption: times show milliseconds, a double shows at least one digit behind the point and an exponent from 1E16 on
// and below 1E-5, null is the text null. Of these only the point of doubles and the form of dates are certain.
func format(v any, t Type) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case int64:
		switch t {
		case Boolean:
			return strconv.FormatBool(v != 0)
		case Timestamp:
			return time.UnixMilli(v).In(Zone).Format(timeLayout)
		case Date:
			return time.UnixMilli(v).In(Zone).Format(time.DateOnly)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return formatDouble(v)
	}
	return fmt.Sprint(v)
}

func formatDouble(f float64) string {
	abs := math.Abs(f)
	switch {
	case math.IsInf(f, 0) && f > 0:
		return "Infinity"
	case math.IsInf(f, 0):
		return "-Infinity"
	case abs != 0 && (abs >= 1e16 || abs < 1e-5):
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		sign := ""
		if exponent[0] == '-' {
			sign = "-"
		}
		return mantissa + "E" + sign + strings.TrimLeft(exponent[1:], "0")
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
