package iam

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// condition compares one key of the request with one or more values.
type condition struct {
	key     string // lower-case
	negated bool
	tests   []func(string) bool
}

// holds reports whether the request meets the condition. Values are alternatives; a negated operator wants the
// request to differ from all of them.
//
// Assumption: a key that the request lacks fails a positive operator and meets a negated one (accounts.md §5.5).
func (c condition) holds(keys map[string]string) bool {
	value, ok := keys[c.key]
	if !ok {
		return c.negated
	}
	for _, test := range c.tests {
		if test(value) {
			return !c.negated
		}
	}
	return c.negated
}

// operator compiles a value of the policy into a test; ok is false when the value has not the operator's type.
type operator struct {
	negated bool
	compile func(want string) (test func(string) bool, ok bool)
}

var operators = map[string]operator{
	"StringEquals":              {false, stringEquals},
	"StringNotEquals":           {true, stringEquals},
	"StringEqualsIgnoreCase":    {false, stringFold},
	"StringNotEqualsIgnoreCase": {true, stringFold},
	"StringLike":                {false, stringLike},
	"StringNotLike":             {true, stringLike},
	"NumericEquals":             {false, ordered(number, func(c int) bool { return c == 0 })},
	"NumericNotEquals":          {true, ordered(number, func(c int) bool { return c == 0 })},
	"NumericLessThan":           {false, ordered(number, func(c int) bool { return c < 0 })},
	"NumericLessThanEquals":     {false, ordered(number, func(c int) bool { return c <= 0 })},
	"NumericGreaterThan":        {false, ordered(number, func(c int) bool { return c > 0 })},
	"NumericGreaterThanEquals":  {false, ordered(number, func(c int) bool { return c >= 0 })},
	"DateEquals":                {false, ordered(date, func(c int) bool { return c == 0 })},
	"DateNotEquals":             {true, ordered(date, func(c int) bool { return c == 0 })},
	"DateLessThan":              {false, ordered(date, func(c int) bool { return c < 0 })},
	"DateLessThanEquals":        {false, ordered(date, func(c int) bool { return c <= 0 })},
	"DateGreaterThan":           {false, ordered(date, func(c int) bool { return c > 0 })},
	"DateGreaterThanEquals":     {false, ordered(date, func(c int) bool { return c >= 0 })},
	"Bool":                      {false, boolean},
	"IpAddress":                 {false, address},
	"NotIpAddress":              {true, address},
}

func stringEquals(want string) (func(string) bool, bool) {
	return func(got string) bool { return got == want }, true
}

func stringFold(want string) (func(string) bool, bool) {
	return func(got string) bool { return strings.EqualFold(got, want) }, true
}

func stringLike(want string) (func(string) bool, bool) {
	return func(got string) bool { return wildcard(want, got) }, true
}

// ordered builds a comparison of request against policy value for a type with an order.
func ordered[T any](parse func(string) (T, func(T) int, bool), pass func(int) bool) func(string) (func(string) bool, bool) {
	return func(want string) (func(string) bool, bool) {
		w, _, ok := parse(want)
		return func(got string) bool {
			_, compare, ok := parse(got)
			return ok && pass(compare(w))
		}, ok
	}
}

func number(s string) (float64, func(float64) int, bool) {
	n, err := strconv.ParseFloat(s, 64)
	return n, func(other float64) int {
		switch {
		case n < other:
			return -1
		case n > other:
			return 1
		}
		return 0
	}, err == nil && n == n
}

func date(s string) (time.Time, func(time.Time) int, bool) {
	t, err := time.Parse(time.RFC3339, s)
	return t, t.Compare, err == nil
}

func boolean(want string) (func(string) bool, bool) {
	return func(got string) bool { return strings.EqualFold(got, want) },
		strings.EqualFold(want, "true") || strings.EqualFold(want, "false")
}

func address(want string) (func(string) bool, bool) {
	prefix, err := netip.ParsePrefix(want)
	if err != nil {
		ip, err := netip.ParseAddr(want)
		if err != nil || ip.Zone() != "" {
			return nil, false
		}
		prefix = netip.PrefixFrom(ip, ip.BitLen())
	}
	return func(got string) bool {
		ip, err := netip.ParseAddr(got)
		return err == nil && prefix.Contains(ip.Unmap())
	}, true
}

// principalKey compares ARNs, which have two spellings.
const principalKey = "acs:principalarn"

// parseConditions reads operator → key → values. Keys compare case-insensitively because sources spell them
// differently (accounts.md §4.2).
func parseConditions(raw json.RawMessage, where string) (out []condition, err error) {
	top, err := object(raw, where, slices.Collect(maps.Keys(operators))...)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(top)) {
		var keys map[string]json.RawMessage
		at := where + "." + name
		if err := json.Unmarshal(top[name], &keys); err != nil || len(keys) == 0 {
			return nil, malformed(at, "must be an object of keys and values")
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			values, err := oneOrMore(keys[key], at+"."+key)
			if err != nil {
				return nil, err
			}
			c := condition{key: strings.ToLower(key), negated: operators[name].negated}
			for _, v := range values {
				if c.key == principalKey {
					v = normaliseARN(v)
				}
				test, ok := operators[name].compile(v)
				if !ok {
					return nil, malformed(at+"."+key, "%q is not a value for %s", v, name)
				}
				c.tests = append(c.tests, test)
			}
			out = append(out, c)
		}
	}
	return out, nil
}
