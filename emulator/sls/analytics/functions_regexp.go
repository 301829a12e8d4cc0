package analytics

import (
	"database/sql/driver"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// patterns keeps compiled regular expressions. It is safe for concurrent use.
type patterns struct {
	mu   sync.Mutex
	list map[string]*regexp.Regexp
}

// maxPatterns bounds what is kept, maxPattern the bytes of one: statements choose the patterns.
const (
	maxPatterns = 256
	maxPattern  = 4096
)

// get compiles a pattern.
//
// Assumption: patterns are of RE2. The service follows Java, which also knows look-around and back references; a pattern
// with those is refused here.
func (p *patterns) get(pattern string) (*regexp.Regexp, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if re := p.list[pattern]; re != nil {
		return re, nil
	}
	if len(pattern) > maxPattern {
		return nil, dataf("the regular expression is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, dataf("regular expression: %v", err)
	}
	if p.list == nil || len(p.list) >= maxPatterns {
		p.list = map[string]*regexp.Regexp{}
	}
	p.list[pattern] = re
	return re, nil
}

func regexpFunctions() map[string][]function {
	cache := &patterns{}
	with := func(result Type, args []Type, f func(re *regexp.Regexp, s string, rest values) (driver.Value, error)) function {
		return function{args: args, result: result, run: func(v values) (driver.Value, error) {
			re, err := cache.get(v[1].(string))
			if err != nil {
				return nil, err
			}
			if len(v[0].(string))*len(v[1].(string)) > maxMatching {
				return nil, dataf("a text and a regular expression that are too long for each other")
			}
			return f(re, v[0].(string), v[2:])
		}}
	}
	replace := func(re *regexp.Regexp, s string, rest values) (driver.Value, error) {
		by := ""
		if len(rest) > 0 {
			by = template(rest[0].(string))
		}
		return bounded(re.ReplaceAllString(s, by))
	}
	return map[string][]function{
		"regexp_like": forms(with(Boolean, []Type{Varchar, Varchar}, func(re *regexp.Regexp, s string, _ values) (driver.Value, error) {
			return truth(re.MatchString(s)), nil
		})),
		"regexp_extract":     forms(with(Varchar, []Type{Varchar, Varchar}, extract), with(Varchar, []Type{Varchar, Varchar, Bigint}, extract)),
		"regexp_extract_all": forms(with(Array, []Type{Varchar, Varchar}, extractAll), with(Array, []Type{Varchar, Varchar, Bigint}, extractAll)),
		"regexp_replace":     forms(with(Varchar, []Type{Varchar, Varchar}, replace), with(Varchar, []Type{Varchar, Varchar, Varchar}, replace)),
		"regexp_split": forms(with(Array, []Type{Varchar, Varchar}, func(re *regexp.Regexp, s string, _ values) (driver.Value, error) {
			return array(texts(re.Split(s, -1)))
		})),
	}
}

// template turns $1 and ${name} with \$ for a dollar into what Go reads.
func template(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			if s[i] == '$' {
				b.WriteByte('$')
			}
			b.WriteByte(s[i])
		case s[i] == '$' && digits(s[i+1:]) > 0:
			n := digits(s[i+1:])
			b.WriteString("${" + s[i+1:i+1+n] + "}")
			i += n
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// groupOf is the number of a group, 0 when none is asked for.
func groupOf(re *regexp.Regexp, rest values) (int, error) {
	if len(rest) == 0 {
		return 0, nil
	}
	n := rest[0].(int64)
	if n < 0 || n > int64(re.NumSubexp()) {
		return 0, dataf("Pattern has %d groups. Cannot access group %d", re.NumSubexp(), n)
	}
	return int(n), nil
}

func extract(re *regexp.Regexp, s string, rest values) (driver.Value, error) {
	n, err := groupOf(re, rest)
	if err != nil {
		return nil, err
	}
	at := re.FindStringSubmatchIndex(s)
	if at == nil || at[2*n] < 0 {
		return nil, nil
	}
	return s[at[2*n]:at[2*n+1]], nil
}

func extractAll(re *regexp.Regexp, s string, rest values) (driver.Value, error) {
	n, err := groupOf(re, rest)
	if err != nil {
		return nil, err
	}
	var list values
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		var part driver.Value
		if at[2*n] >= 0 {
			part = s[at[2*n]:at[2*n+1]]
		}
		list = append(list, part)
	}
	return array(list)
}

func urlFunctions() map[string][]function {
	part := func(f func(u *url.URL) driver.Value) []function {
		return forms(function{args: []Type{Varchar}, result: Varchar, run: func(v values) (driver.Value, error) {
			u, err := url.Parse(v[0].(string))
			if err != nil {
				return nil, nil
			}
			return f(u), nil
		}})
	}
	return map[string][]function{
		"url_encode": forms(one(Varchar, Varchar, url.QueryEscape)),
		"url_decode": forms(function{args: []Type{Varchar}, result: Varchar, run: func(v values) (driver.Value, error) {
			s, err := url.QueryUnescape(v[0].(string))
			if err != nil {
				return nil, dataf("url_decode: %v", err)
			}
			return s, nil
		}}),
		"url_extract_host":     part(func(u *url.URL) driver.Value { return u.Hostname() }),
		"url_extract_path":     part(func(u *url.URL) driver.Value { return u.Path }),
		"url_extract_protocol": part(func(u *url.URL) driver.Value { return u.Scheme }),
		"url_extract_query":    part(func(u *url.URL) driver.Value { return u.RawQuery }),
		"url_extract_fragment": part(func(u *url.URL) driver.Value { return u.Fragment }),
		"url_extract_port": forms(function{args: []Type{Varchar}, result: Bigint, run: func(v values) (driver.Value, error) {
			u, err := url.Parse(v[0].(string))
			if err != nil {
				return nil, nil
			}
			n, ok := castText(u.Port(), Bigint)
			if !ok {
				return nil, nil
			}
			return n, nil
		}}),
		"url_extract_parameter": forms(function{args: []Type{Varchar, Varchar}, result: Varchar, run: func(v values) (driver.Value, error) {
			u, err := url.Parse(v[0].(string))
			if err != nil || !u.Query().Has(v[1].(string)) {
				return nil, nil
			}
			return u.Query().Get(v[1].(string)), nil
		}}),
	}
}
