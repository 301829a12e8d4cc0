package sls

import (
	"bytes"
	"encoding/json"
	"strings"
)

// candidate is one log while a query looks at it.
type candidate struct {
	group *logGroup
	log   *logRecord
	docs  map[int]any // parsed JSON values of contents, by their place
}

// matcher tells whether a log fits a condition.
type matcher func(*candidate) bool

// compile binds a query to an index.
func compile(n *node, idx *index) (matcher, error) {
	switch n.kind {
	case nodeAll:
		return func(*candidate) bool { return true }, nil
	case nodeAnd, nodeOr, nodeNot:
		kids := make([]matcher, len(n.kids))
		for i, kid := range n.kids {
			m, err := compile(kid, idx)
			if err != nil {
				return nil, err
			}
			kids[i] = m
		}
		return combine(n.kind, kids), nil
	}
	if n.key == "" {
		return compileFullText(n.text, idx), nil
	}
	f, err := idx.field(n.key)
	if err != nil {
		return nil, err
	}
	return compileField(n, f)
}

func combine(kind nodeKind, kids []matcher) matcher {
	if kind == nodeNot {
		return func(c *candidate) bool { return !kids[0](c) }
	}
	stop := kind == nodeOr // the result that settles it
	return func(c *candidate) bool {
		for _, m := range kids {
			if m(c) == stop {
				return stop
			}
		}
		return !stop
	}
}

// compileField makes the condition on one field.
func compileField(n *node, f field) (matcher, error) {
	numeric := f.kind == "long" || f.kind == "double"
	switch {
	case n.kind == nodeExists:
		return f.any(func([]byte) bool { return true }), nil
	case n.kind == nodeEmpty:
		return f.any(func(v []byte) bool { return len(v) == 0 }), nil
	case n.kind == nodeRange && !numeric:
		return nil, invalidf("key (%s) is not indexed as long or double, so it cannot be compared", n.key)
	case n.kind == nodeRange:
		return f.any(n.inRange(f.kind)), nil
	case numeric:
		want, ok := parseNumber(n.text.value)
		if !ok {
			return nil, invalidf("key (%s) is indexed as %s, so %s must be a number", n.key, f.kind, n.text.value)
		}
		same := &node{lo: want, hi: want}
		return f.any(same.inRange(f.kind)), nil
	}
	words := newWords(n.text, f.tokens)
	return f.any(words.allIn), nil
}

// compileFullText makes a condition on the whole log: every word occurs somewhere, a phrase within one value.
func compileFullText(t text, idx *index) matcher {
	if idx.line != nil {
		words := newWords(t, idx.line.tokens)
		return func(c *candidate) bool {
			return words.inLog(func(yield func([]byte) bool) { idx.line.values(c, yield) })
		}
	}
	byKey := map[string]*words{}
	for name, key := range idx.keys {
		if key.tokens != nil {
			byKey[name] = newWords(t, key.tokens)
		}
	}
	return func(c *candidate) bool {
		for _, p := range c.log.contents {
			if w := byKey[string(p.key)]; w != nil && w.allIn(p.value) {
				return true
			}
		}
		return false
	}
}

// values are what the full-text index covers.
//
// Assumption: besides the contents these are topic, source and the values of tags.
func (l *lineIndex) values(c *candidate, yield func([]byte) bool) {
	for _, p := range c.log.contents {
		if l.covers(p.key) && !yield(p.value) {
			return
		}
	}
	if !yield(c.group.topic) || !yield(c.group.source) {
		return
	}
	for _, tag := range c.group.tags {
		if !yield(tag.value) {
			return
		}
	}
}

func (l *lineIndex) covers(key []byte) bool {
	for _, name := range l.Exclude {
		if string(key) == name {
			return false
		}
	}
	for _, name := range l.Include {
		if string(key) == name {
			return true
		}
	}
	return len(l.Include) == 0
}

// words is a query text cut by the tokens of an index.
type words struct {
	tokens *tokenizer
	list   []string
	text   text
	globs  map[string]map[string]bool // by pattern: the terms it stands for so far
}

// maxTerms is how many terms of the dictionary a pattern stands for.
const maxTerms = 100

func newWords(t text, tokens *tokenizer) *words {
	w := &words{tokens: tokens, text: t}
	if t.glob {
		w.tokens = tokens
		w.list = tokens.without("*?").words(t.value)
		if tokens.fold {
			for i := range w.list {
				w.list[i] = strings.ToLower(w.list[i])
			}
		}
		return w
	}
	w.list = tokens.words(t.value)
	return w
}

// same compares a word of a value with a word of the query.
func (w *words) same(word []byte, want string) bool {
	if !w.text.glob || !strings.ContainsAny(want, "*?") {
		return w.tokens.same(word, want)
	}
	got := string(word)
	if w.tokens.fold {
		got = strings.ToLower(got)
	}
	return globMatch(want, got) && w.stands(want, got)
}

// stands tells whether a term is one of those that a pattern stands for.
//
// Assumption: these are the first that the search meets. That they are at most 100 is documented, which they are is not.
func (w *words) stands(pattern, term string) bool {
	terms := w.globs[pattern]
	if terms[term] {
		return true
	}
	if len(terms) >= maxTerms {
		return false
	}
	if terms == nil {
		if w.globs == nil {
			w.globs = map[string]map[string]bool{}
		}
		terms = map[string]bool{}
		w.globs[pattern] = terms
	}
	terms[term] = true
	return true
}

// in tells whether one word occurs in a value.
func (w *words) in(value []byte, want string) bool {
	found := false
	w.tokens.each(value, func(word []byte) bool {
		found = w.same(word, want)
		return !found
	})
	return found
}

// allIn tells whether all words occur in one value, for a phrase one after the other.
func (w *words) allIn(value []byte) bool {
	if len(w.list) == 0 {
		return w.tokens.contains(value, w.text.value)
	}
	if w.text.phrase {
		return w.phraseIn(value)
	}
	for _, want := range w.list {
		if !w.in(value, want) {
			return false
		}
	}
	return true
}

func (w *words) phraseIn(value []byte) bool {
	var got [][]byte
	w.tokens.each(value, func(word []byte) bool {
		got = append(got, word)
		return true
	})
	for start := 0; start+len(w.list) <= len(got); start++ {
		n := 0
		for n < len(w.list) && w.same(got[start+n], w.list[n]) {
			n++
		}
		if n == len(w.list) {
			return true
		}
	}
	return false
}

// inLog tells whether the words occur among several values.
func (w *words) inLog(values func(yield func([]byte) bool)) bool {
	if w.text.phrase || len(w.list) == 0 {
		return anyValue(values, w.allIn)
	}
	for _, want := range w.list {
		if !anyValue(values, func(v []byte) bool { return w.in(v, want) }) {
			return false
		}
	}
	return true
}

func anyValue(values func(yield func([]byte) bool), fits func([]byte) bool) bool {
	found := false
	values(func(v []byte) bool {
		found = fits(v)
		return !found
	})
	return found
}

// document is the parsed JSON value of content i, nil when it is not JSON.
func (c *candidate) document(i int) any {
	doc, ok := c.docs[i]
	if ok {
		return doc
	}
	d := json.NewDecoder(bytes.NewReader(c.log.contents[i].value))
	d.UseNumber()
	if d.Decode(&doc) != nil {
		doc = nil
	}
	if c.docs == nil {
		c.docs = map[int]any{}
	}
	c.docs[i] = doc
	return doc
}
