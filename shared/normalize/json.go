package normalize

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// document is JSON text walked once: the places of its values, in the order of the text. Its memory is reused.
type document struct {
	src   []byte
	nodes []jsonNode
	arena []byte // strings that had escapes
}

type jsonNode struct {
	kind       jsonKind
	keyEscaped bool
	escaped    bool
	key, val   span  // without quotes
	next       int32 // the node after this one and all that is in it
}

type span struct{ from, to int32 }

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonText
	jsonLiteral // number, true, false
	jsonObject
	jsonArray
)

// Bounds on JSON inside a field. Real records stay far below them.
const (
	maxJSONBytes = 1 << 20
	maxJSONDepth = 32
	maxJSONNodes = 20_000
)

var (
	errJSONSize   = errors.New("the JSON text is larger than 1 MiB")
	errJSONDepth  = errors.New("the JSON text is nested deeper than 32")
	errJSONNodes  = errors.New("the JSON text has more than 20000 values")
	errJSONSyntax = errors.New("the text is not valid JSON")
)

// parse walks src, which must stay unchanged while d is used.
func (d *document) parse(src []byte) error {
	d.src, d.nodes, d.arena = src, d.nodes[:0], d.arena[:0]
	if len(src) > maxJSONBytes {
		return errJSONSize
	}
	i, err := d.value(d.blank(0), 0, jsonNode{})
	if err == nil && d.blank(i) != len(src) {
		err = errJSONSyntax
	}
	if err != nil {
		d.nodes = d.nodes[:0]
	}
	return err
}

func (d *document) blank(i int) int {
	for i < len(d.src) && (d.src[i] == ' ' || d.src[i] == '\t' || d.src[i] == '\n' || d.src[i] == '\r') {
		i++
	}
	return i
}

// value appends the value at i, whose key is in n, and returns where it ends.
func (d *document) value(i, depth int, n jsonNode) (int, error) {
	switch {
	case depth > maxJSONDepth:
		return 0, errJSONDepth
	case len(d.nodes) >= maxJSONNodes:
		return 0, errJSONNodes
	case i >= len(d.src):
		return 0, errJSONSyntax
	}
	at := len(d.nodes)
	var end int
	var err error
	switch c := d.src[i]; c {
	case '{', '[':
		n.kind = jsonObject
		if c == '[' {
			n.kind = jsonArray
		}
		d.nodes = append(d.nodes, n)
		end, err = d.members(i+1, depth+1, n.kind)
		n.val = span{int32(i), int32(end)}
	case '"':
		n.kind = jsonText
		end, n.escaped, err = d.text(i)
		n.val = span{int32(i + 1), int32(end - 1)}
		d.nodes = append(d.nodes, n)
	default:
		n.kind = jsonLiteral
		end, err = d.literal(i)
		n.val = span{int32(i), int32(end)}
		if c == 'n' {
			n.kind = jsonNull
		}
		d.nodes = append(d.nodes, n)
	}
	n.next = int32(len(d.nodes))
	d.nodes[at] = n
	return end, err
}

// members reads what stands between the brackets of an object or array.
func (d *document) members(i, depth int, kind jsonKind) (int, error) {
	closing := byte('}')
	if kind == jsonArray {
		closing = ']'
	}
	i = d.blank(i)
	if i < len(d.src) && d.src[i] == closing {
		return i + 1, nil
	}
	for {
		var n jsonNode
		var err error
		if kind == jsonObject {
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
			return 0, errJSONSyntax
		case d.src[i] == closing:
			return i + 1, nil
		case d.src[i] != ',':
			return 0, errJSONSyntax
		}
		i = d.blank(i + 1)
	}
}

func (d *document) key(i int, n *jsonNode) (int, error) {
	if i >= len(d.src) || d.src[i] != '"' {
		return 0, errJSONSyntax
	}
	end, escaped, err := d.text(i)
	if err != nil {
		return 0, err
	}
	n.key, n.keyEscaped = span{int32(i + 1), int32(end - 1)}, escaped
	if i = d.blank(end); i >= len(d.src) || d.src[i] != ':' {
		return 0, errJSONSyntax
	}
	return i + 1, nil
}

// text returns where the string that begins at i ends, after its quote.
func (d *document) text(i int) (end int, escaped bool, err error) {
	for i++; i < len(d.src); i++ {
		switch c := d.src[i]; {
		case c == '"':
			return i + 1, escaped, nil
		case c < ' ':
			return i, escaped, errJSONSyntax
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
				return i, escaped, errJSONSyntax
			}
			i += 4
		default:
			return i, escaped, errJSONSyntax
		}
	}
	return i, escaped, errJSONSyntax
}

// literal reads a number, true, false or null. Numbers are not judged further than by their characters.
func (d *document) literal(i int) (int, error) {
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
		return i, errJSONSyntax
	}
	return end, nil
}

// plain returns the text of a span, with escapes resolved. It is valid until the next parse.
func (d *document) plain(s span, escaped bool) []byte {
	raw := d.src[s.from:s.to]
	if !escaped {
		return raw
	}
	from := len(d.arena)
	d.arena = appendUnescaped(d.arena, raw)
	return d.arena[from:len(d.arena):len(d.arena)]
}

func (d *document) scalar(i int32) []byte { return d.plain(d.nodes[i].val, d.nodes[i].escaped) }

func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(raw[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if i+2 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
					low, ok = hex4(raw[i+3:])
				}
				if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
					r, i = pair, i+6
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
