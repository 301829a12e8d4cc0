package sigma

import (
	"regexp"
	"strings"
	"sync"
)

// lazyRegex is a regular expression that was checked and is compiled when it is needed first: few of a large set ever are.
type lazyRegex struct {
	source string
	once   sync.Once
	re     *regexp.Regexp
}

func (r *lazyRegex) match(v []byte) bool {
	r.once.Do(func() { r.re, _ = regexp.Compile(r.source) }) // it was checked; only damaged compiled rules hold one that fails
	return r.re != nil && r.re.Match(v)
}

// compileRegex checks the expression with its flags. A regular expression is not anchored; startswith and endswith anchor it.
func compileRegex(t string, m modifiers) (*lazyRegex, error) {
	if m.flags != "" {
		t = "(?" + m.flags + ":" + t + ")"
	}
	switch m.shape() {
	case prefix:
		t = `\A(?:` + t + `)`
	case suffix:
		t = `(?:` + t + `)\z`
	}
	if _, err := regexp.Compile(t); err != nil {
		return nil, err
	}
	return &lazyRegex{source: strings.Clone(t)}, nil
}
