package sigma

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// condition parses one condition and lowers it to a tree. Binding from weak to strong: or, and, not, "N of".
// A quantifier that matches no identifier is dropped with what depends on it alone, as pySigma does.
type condition struct {
	text   string
	words  []word
	pos    int
	depth  int
	lookup func(name string) (node, bool)
	names  []string // identifiers of the rule, in order
	used   map[string]bool
	warn   func(offset int, format string, args ...any)
}

type word struct {
	text string
	at   int // byte offset
}

// conditionError says where in the condition something is wrong.
type conditionError struct {
	at            int
	message, want string
}

func (e *conditionError) Error() string { return e.message }

const maxConditionDepth = 64

// splitCondition finds the words of a condition: parentheses, pipes and runs of anything else.
func splitCondition(text string) []word {
	var words []word
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) {
			i += size
			continue
		}
		from := i
		if r == '(' || r == ')' || r == '|' {
			i += size
		} else {
			i += strings.IndexFunc(text[i:]+" ", func(r rune) bool {
				return unicode.IsSpace(r) || r == '(' || r == ')' || r == '|'
			})
		}
		words = append(words, word{text[from:i], from})
	}
	return words
}

// parse returns the tree, or nil when everything was dropped.
func (c *condition) parse() (n *node, err error) {
	c.words = splitCondition(c.text)
	for _, w := range c.words {
		if w.text == "|" {
			return nil, c.fail(w.at, "a separate correlation document: count() becomes type event_count, count(field) becomes value_count, "+
				"\"by\" becomes group-by, timeframe becomes timespan", "aggregations after a pipe were removed from Sigma")
		}
	}
	n, err = c.or()
	if err != nil {
		return nil, err
	}
	if w, ok := c.peek(); ok {
		return nil, c.fail(w.at, "\"and\", \"or\" or the end", "unexpected %q", w.text)
	}
	return n, nil
}

func (c *condition) fail(at int, want, format string, args ...any) error {
	return &conditionError{at: at, want: want, message: fmt.Sprintf(format, args...)}
}

func (c *condition) peek() (word, bool) {
	if c.pos < len(c.words) {
		return c.words[c.pos], true
	}
	return word{at: len(c.text)}, false
}

// keyword takes the next word if it is key.
func (c *condition) keyword(key string) bool {
	w, ok := c.peek()
	if ok && strings.EqualFold(w.text, key) {
		c.pos++
		return true
	}
	return false
}

func (c *condition) or() (*node, error)  { return c.chain("or", or, c.and) }
func (c *condition) and() (*node, error) { return c.chain("and", and, c.not) }

func (c *condition) chain(key string, o op, next func() (*node, error)) (*node, error) {
	var kids []node
	for {
		n, err := next()
		if err != nil {
			return nil, err
		}
		if n != nil {
			kids = append(kids, *n)
		}
		if !c.keyword(key) {
			break
		}
	}
	if len(kids) == 0 {
		return nil, nil
	}
	n := join(o, kids...)
	return &n, nil
}

func (c *condition) not() (*node, error) {
	if w, ok := c.peek(); !ok || !strings.EqualFold(w.text, "not") || c.known(w.text) {
		return c.primary()
	}
	c.pos++
	if c.depth++; c.depth > maxConditionDepth {
		w, _ := c.peek()
		return nil, c.fail(w.at, "a simpler condition", "the condition is nested too deep")
	}
	defer func() { c.depth-- }()
	n, err := c.not()
	if n == nil || err != nil {
		return nil, err
	}
	negated := negate(*n)
	return &negated, nil
}

func (c *condition) known(name string) bool { _, ok := c.lookup(name); return ok }

func (c *condition) primary() (*node, error) {
	w, ok := c.peek()
	if !ok {
		return nil, c.fail(w.at, "an identifier", "the condition ends too early")
	}
	if c.pos+1 < len(c.words) && strings.EqualFold(c.words[c.pos+1].text, "of") {
		return c.quantifier()
	}
	c.pos++
	switch {
	case w.text == "(":
		if c.depth++; c.depth > maxConditionDepth {
			return nil, c.fail(w.at, "a simpler condition", "the condition is nested too deep")
		}
		defer func() { c.depth-- }()
		n, err := c.or()
		if err != nil {
			return nil, err
		}
		if end, ok := c.peek(); !ok || end.text != ")" {
			return nil, c.fail(end.at, "\")\"", "the parenthesis is not closed")
		}
		c.pos++
		return n, nil
	case !identifier(w.text, false):
		return nil, c.fail(w.at, "an identifier of letters, digits, _ and -", "unexpected %q", w.text)
	}
	n, ok := c.lookup(w.text)
	if !ok {
		want := "one of " + strings.Join(c.names, ", ")
		if len(c.names) == 0 {
			want = "search identifiers beside the condition"
		}
		return nil, c.fail(w.at, want, "unknown identifier %q", w.text)
	}
	c.used[w.text] = true
	return &n, nil
}

// quantifier parses "1 of pattern", "all of them" and the like.
func (c *condition) quantifier() (*node, error) {
	number, all := c.words[c.pos], false
	c.pos += 2
	n := 1
	switch strings.ToLower(number.text) {
	case "any":
	case "all":
		all = true
	default:
		var err error
		if n, err = strconv.Atoi(number.text); err != nil || n < 1 {
			return nil, c.fail(number.at, "a number from 1, any or all", "%q is no quantity", number.text)
		}
	}
	w, ok := c.peek()
	if !ok || !identifier(w.text, true) {
		return nil, c.fail(w.at, "them, or a pattern of identifiers", "the quantifier has no pattern")
	}
	c.pos++
	kids := c.matching(w.text)
	switch {
	case len(kids) == 0:
		c.warn(w.at, "%q matches no identifier and is left out", w.text)
		return nil, nil
	case all:
		j := join(and, kids...)
		return &j, nil
	case n == 1:
		j := join(or, kids...)
		return &j, nil
	}
	if n > len(kids) {
		c.warn(number.at, "only %d identifiers match %q, so this is never true", len(kids), w.text)
	}
	counted := node{op: count, n: n, kids: kids}
	for _, k := range kids {
		counted.cost += k.cost
	}
	return &counted, nil
}

// matching returns the identifiers that a pattern names. Those that begin with _ only count for patterns that do too.
func (c *condition) matching(pattern string) []node {
	if strings.EqualFold(pattern, "them") && !c.known(pattern) {
		pattern = "*"
	}
	g := newGlob(parsePattern(pattern), true)
	var kids []node
	for _, name := range c.names {
		if strings.HasPrefix(name, "_") && !strings.HasPrefix(pattern, "_") || !g.match([]byte(name)) {
			continue
		}
		n, _ := c.lookup(name)
		c.used[name] = true
		kids = append(kids, n)
	}
	return kids
}

func identifier(s string, stars bool) bool {
	for _, r := range s {
		if r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !(stars && r == '*') {
			return false
		}
	}
	return s != ""
}
