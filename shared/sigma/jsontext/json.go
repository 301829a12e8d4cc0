package jsontext

import (
	"bytes"
	"cmp"
	"errors"
	"strings"
)

// Doc is JSON text walked once: the places of its values, in the order of the text. Its memory is reused.
type Doc struct {
	Limits Limits // on the texts; the zero value is for fields of records

	src   []byte
	nodes []node
	arena []byte // strings that had escapes
	spare []byte // a key that had escapes
}

// Limits bound a text. A field that is 0 takes the bound for JSON inside a field of a record.
type Limits struct {
	Bytes int // length; 1 MiB
	Depth int // of objects and arrays in each other; 32
	Nodes int // values; 20,000
}

type node struct {
	kind       kindOf
	keyEscaped bool
	escaped    bool
	key, val   span  // without quotes
	next       int32 // the node after this one and all that is in it
}

type span struct{ from, to int32 }

type kindOf uint8

const (
	kindNull kindOf = iota
	kindText
	kindLiteral // number, true, false
	kindObject
	kindArray
)

// Bounds on JSON inside a field. Real records stay far below them.
const (
	maxBytes = 1 << 20
	maxDepth = 32
	maxNodes = 20_000
)

// The errors of [Doc.Parse].
var (
	ErrSize   = errors.New("the JSON text is too large")
	ErrDepth  = errors.New("the JSON text is nested too deeply")
	ErrNodes  = errors.New("the JSON text has too many values")
	ErrSyntax = errors.New("the text is not valid JSON")
)

// Parse walks src, which must stay unchanged while d is used.
func (d *Doc) Parse(src []byte) error {
	d.src, d.nodes, d.arena = src, d.nodes[:0], d.arena[:0]
	if len(src) > cmp.Or(d.Limits.Bytes, maxBytes) {
		return ErrSize
	}
	i, err := d.value(d.blank(0), 0, node{})
	if err == nil && d.blank(i) != len(src) {
		err = ErrSyntax
	}
	if err != nil {
		d.nodes = d.nodes[:0]
	}
	return err
}

func (d *Doc) blank(i int) int {
	for i < len(d.src) && (d.src[i] == ' ' || d.src[i] == '\t' || d.src[i] == '\n' || d.src[i] == '\r') {
		i++
	}
	return i
}

// value appends the value at i, whose key is in n, and returns where it ends.
func (d *Doc) value(i, depth int, n node) (int, error) {
	switch {
	case depth > cmp.Or(d.Limits.Depth, maxDepth):
		return 0, ErrDepth
	case len(d.nodes) >= cmp.Or(d.Limits.Nodes, maxNodes):
		return 0, ErrNodes
	case i >= len(d.src):
		return 0, ErrSyntax
	}
	at := len(d.nodes)
	var end int
	var err error
	switch c := d.src[i]; c {
	case '{', '[':
		n.kind = kindObject
		if c == '[' {
			n.kind = kindArray
		}
		d.nodes = append(d.nodes, n)
		end, err = d.members(i+1, depth+1, n.kind)
		n.val = span{int32(i), int32(end)}
	case '"':
		n.kind = kindText
		end, n.escaped, err = d.text(i)
		n.val = span{int32(i + 1), int32(end - 1)}
		d.nodes = append(d.nodes, n)
	default:
		n.kind = kindLiteral
		end, err = d.literal(i)
		n.val = span{int32(i), int32(end)}
		if c == 'n' {
			n.kind = kindNull
		}
		d.nodes = append(d.nodes, n)
	}
	n.next = int32(len(d.nodes))
	d.nodes[at] = n
	return end, err
}

// members reads what stands between the brackets of an object or array.
func (d *Doc) members(i, depth int, kind kindOf) (int, error) {
	closing := byte('}')
	if kind == kindArray {
		closing = ']'
	}
	i = d.blank(i)
	if i < len(d.src) && d.src[i] == closing {
		return i + 1, nil
	}
	for {
		var n node
		var err error
		if kind == kindObject {
			if i, err = d.key(i, &n); err != nil {
				return 0, err
			}
		}
		if i, err = d.value(d.blank(i), depth, n); err != nil {
			return 0, err
		}
		i = d.blank(i)
		switch {
		case i >= len(d.src):
			return 0, ErrSyntax
		case d.src[i] == closing:
			return i + 1, nil
		case d.src[i] != ',':
			return 0, ErrSyntax
		}
		i = d.blank(i + 1)
	}
}

func (d *Doc) key(i int, n *node) (int, error) {
	if i >= len(d.src) || d.src[i] != '"' {
		return 0, ErrSyntax
	}
	end, escaped, err := d.text(i)
	if err != nil {
		return 0, err
	}
	n.key, n.keyEscaped = span{int32(i + 1), int32(end - 1)}, escaped
	if i = d.blank(end); i >= len(d.src) || d.src[i] != ':' {
		return 0, ErrSyntax
	}
	return i + 1, nil
}

// text returns where the string that begins at i ends, after its quote.
func (d *Doc) text(i int) (end int, escaped bool, err error) {
	for i++; i < len(d.src); i++ {
		switch c := d.src[i]; {
		case c == '"':
			return i + 1, escaped, nil
		case c < ' ':
			return i, escaped, ErrSyntax
		case c != '\\':
			continue
		}
		escaped = true
		if i++; i >= len(d.src) {
			break
		}
		switch d.src[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if _, ok := hex4(d.src[i+1:]); !ok {
				return i, escaped, ErrSyntax
			}
			i += 4
		default:
			return i, escaped, ErrSyntax
		}
	}
	return i, escaped, ErrSyntax
}

// literal reads a number, true, false or null. Numbers are not judged further than by their characters.
func (d *Doc) literal(i int) (int, error) {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(d.src[i:], []byte(word)) {
			return i + len(word), nil
		}
	}
	end := i
	for end < len(d.src) && (d.src[end] >= '0' && d.src[end] <= '9' || strings.IndexByte("+-.eE", d.src[end]) >= 0) {
		end++
	}
	if end == i || (d.src[i] != '-' && (d.src[i] < '0' || d.src[i] > '9')) {
		return i, ErrSyntax
	}
	return end, nil
}

// plain returns the text of a span, with escapes resolved. It is valid until the next parse.
func (d *Doc) plain(s span, escaped bool) []byte {
	raw := d.src[s.from:s.to]
	if !escaped {
		return raw
	}
	from := len(d.arena)
	d.arena = AppendUnescaped(d.arena, raw)
	return d.arena[from:len(d.arena):len(d.arena)]
}

func (d *Doc) scalar(i int32) []byte { return d.plain(d.nodes[i].val, d.nodes[i].escaped) }
