package sigma

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// plainYAML reads YAML as nearly all rules are written, several times faster than the library: block mappings and lists of scalars on
// one line, plain or quoted, and literal blocks. It returns false for everything else, well-formed or not, and leaves it to the
// library. What it does read is what the library reads, but for comments and the tags of plain scalars, which are left to be resolved.
// A document without content is nil.
func plainYAML(data []byte) ([]*yaml.Node, bool) {
	if !plainBytes(data) {
		return nil, false
	}
	r := &plainReader{text: string(data), ok: true}
	var docs []*yaml.Node
	for r.advance(); r.ok; {
		marked := r.marker
		if marked {
			r.advance()
		}
		switch {
		case r.indent == 0:
			docs = append(docs, r.block(0, 0))
			if r.indent >= 0 { // something is left that does not belong to the document
				r.ok = false
			}
		case marked:
			docs = append(docs, nil)
		case r.indent < 0:
			return docs, true
		default:
			r.ok = false
		}
	}
	return nil, false
}

// plainBytes tells whether data has printable characters and line feeds only. Other line breaks, tabs and marks are left to the
// library.
func plainBytes(data []byte) bool {
	for i := 0; i < len(data); {
		if c := data[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\n' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r >= 0xfffd && r <= 0xffff {
			return false
		}
		i += size
	}
	return true
}

// plainReader stands at a line that is neither blank nor a comment.
type plainReader struct {
	text   string
	next   int    // where the line after this one begins
	line   int    // its number, from 1
	from   int    // where it begins
	indent int    // -1 at the end of a document
	rest   string // what follows the indent, without blanks at the end
	marker bool   // the document ended with ---
	ok     bool
	slab   []yaml.Node
}

// maxPlainKey is how long a key may be; the library has a bound of its own.
const maxPlainKey = 512

// advance goes to the next line with content.
func (r *plainReader) advance() {
	r.indent, r.marker = -1, false
	for r.next < len(r.text) {
		r.from = r.next
		line := r.text[r.from:]
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
			r.next++
		}
		r.next += len(line)
		r.line++
		r.rest = strings.TrimLeft(line, " ")
		if r.rest == "" || r.rest[0] == '#' {
			continue
		}
		indent := len(line) - len(r.rest)
		r.rest = strings.TrimRight(r.rest, " ")
		if indent == 0 && (strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...")) {
			r.marker = true
			if line != "---" {
				r.ok = false
			}
			return
		}
		r.indent = indent
		return
	}
}

// node makes a node at the content of the line from byte at on.
func (r *plainReader) node(kind yaml.Kind, at int) *yaml.Node {
	if len(r.slab) == 0 {
		r.slab = make([]yaml.Node, 64)
	}
	n := &r.slab[0]
	r.slab = r.slab[1:]
	n.Kind, n.Line, n.Column = kind, r.line, 1+utf8.RuneCountInString(r.text[r.from:at])
	return n
}

// at is where the content of the line stands in the text.
func (r *plainReader) at() int { return r.from + r.indent }

func (r *plainReader) refuse() *yaml.Node {
	r.ok = false
	return nil
}

func (r *plainReader) dash() bool {
	return r.rest[0] == '-' && (len(r.rest) == 1 || r.rest[1] == ' ')
}

// block reads the mapping or list that begins here, and goes past it.
func (r *plainReader) block(indent, depth int) *yaml.Node {
	if depth > maxDepth {
		return r.refuse()
	}
	if r.dash() {
		return r.list(indent, depth)
	}
	return r.mapping(indent, depth)
}

func (r *plainReader) list(indent, depth int) *yaml.Node {
	n := r.node(yaml.SequenceNode, r.at())
	for r.ok && r.indent == indent && r.dash() {
		inner := strings.TrimLeft(r.rest[1:], " ")
		if inner == "" || inner[0] == '#' {
			if r.advance(); r.indent <= indent {
				return r.refuse()
			}
			n.Content = append(n.Content, r.block(r.indent, depth+1))
			continue
		}
		r.indent += len(r.rest) - len(inner)
		r.rest = inner
		if _, _, isKey := r.key(); isKey {
			n.Content = append(n.Content, r.block(r.indent, depth+1))
		} else if r.ok {
			n.Content = append(n.Content, r.scalar(inner, r.at(), indent))
		}
	}
	if r.indent > indent {
		r.ok = false
	}
	return n
}

func (r *plainReader) mapping(indent, depth int) *yaml.Node {
	n := r.node(yaml.MappingNode, r.at())
	n.Content = make([]*yaml.Node, 0, 8)
	for r.ok && r.indent == indent {
		key, size, isKey := r.key()
		if !isKey {
			return r.refuse()
		}
		n.Content = append(n.Content, key)
		value := strings.TrimLeft(r.rest[size:], " ")
		if value != "" && value[0] != '#' {
			n.Content = append(n.Content, r.scalar(value, r.at()+len(r.rest)-len(value), indent))
			continue
		}
		switch r.advance(); {
		case r.indent > indent:
			n.Content = append(n.Content, r.block(r.indent, depth+1))
		case r.indent == indent && r.dash():
			n.Content = append(n.Content, r.list(indent, depth+1))
		default: // a key without a value
			return r.refuse()
		}
	}
	if r.indent > indent {
		r.ok = false
	}
	return n
}

// key reads the key at the beginning of the line and how long it is with its colon.
func (r *plainReader) key() (n *yaml.Node, size int, isKey bool) {
	switch c := r.rest[0]; {
	case c == '\'' || c == '"':
		value, end, ok := r.quoted(r.rest)
		if !ok || end >= len(r.rest) || r.rest[end] != ':' || end+1 < len(r.rest) && r.rest[end+1] != ' ' {
			return nil, 0, false
		}
		n, size = r.node(yaml.ScalarNode, r.at()), end+1
		n.Value, n.Style, n.Tag = value, quoteStyle(c), "!!str"
	default:
		text := cutComment(r.rest)
		end := strings.Index(text, ": ")
		if end < 0 && strings.HasSuffix(text, ":") {
			end = len(text) - 1
		}
		if end <= 0 || !plainStart(text) || text[end-1] == ' ' || text[:end] == "<<" {
			return nil, 0, false
		}
		n, size = r.node(yaml.ScalarNode, r.at()), end+1
		n.Value = text[:end]
	}
	if size > maxPlainKey {
		r.ok = false
	}
	return n, size, true
}

func quoteStyle(c byte) yaml.Style {
	if c == '"' {
		return yaml.DoubleQuotedStyle
	}
	return yaml.SingleQuotedStyle
}

func cutComment(s string) string {
	if i := strings.Index(s, " #"); i >= 0 {
		return strings.TrimRight(s[:i], " ")
	}
	return s
}

// plainStart tells whether s may be the beginning of a plain scalar.
func plainStart(s string) bool {
	if s[0] == '-' {
		return len(s) > 1 && s[1] != ' '
	}
	return strings.IndexByte("?:,[]{}#&*!|>'\"%@`", s[0]) < 0
}

// scalar reads the value that begins at a byte of the text, in a collection of that indent, and goes past it.
func (r *plainReader) scalar(s string, at, indent int) *yaml.Node {
	n := r.node(yaml.ScalarNode, at)
	switch c := s[0]; {
	case c == '|':
		return r.literal(n, s, indent)
	case c == '\'' || c == '"':
		value, end, ok := r.quoted(s)
		if after := strings.TrimLeft(s[min(end, len(s)):], " "); !ok || after != "" && (after[0] != '#' || s[end] != ' ') {
			return r.refuse()
		}
		n.Value, n.Style, n.Tag = value, quoteStyle(c), "!!str"
	default:
		text := cutComment(s)
		if !plainStart(text) || strings.Contains(text, ": ") || text[len(text)-1] == ':' || text == "<<" {
			return r.refuse()
		}
		n.Value = text
	}
	r.advance() // the collection refuses what is deeper, such as a second line of this value
	return n
}

// quoted reads the quoted text at the beginning of s and returns where it ends.
func (r *plainReader) quoted(s string) (value string, end int, ok bool) {
	quote, special := s[0], false
	for end = 1; end < len(s); end++ {
		switch c := s[end]; {
		case c == '\\' && quote == '"':
			if end++; end == len(s) || strings.IndexByte(`\"nt/`, s[end]) < 0 {
				return "", 0, false
			}
			special = true
		case c != quote:
		case quote == '\'' && end+1 < len(s) && s[end+1] == '\'':
			end, special = end+1, true
		case !special:
			return s[1:end], end + 1, true
		case quote == '\'':
			return strings.ReplaceAll(s[1:end], "''", "'"), end + 1, true
		default:
			return doubleQuoted.Replace(s[1:end]), end + 1, true
		}
	}
	return "", 0, false
}

var doubleQuoted = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\t`, "\t", `\/`, "/")

// literal reads the lines of a literal block after its header.
func (r *plainReader) literal(n *yaml.Node, header string, indent int) *yaml.Node {
	n.Style, n.Tag = yaml.LiteralStyle, "!!str"
	var b strings.Builder
	deep := -1 // indent of the block
	blank := 0 // lines without content, kept until content follows
	for r.next < len(r.text) {
		line := r.text[r.next:]
		end := strings.IndexByte(line, '\n')
		if end < 0 {
			return r.refuse()
		}
		line = line[:end]
		content := strings.TrimLeft(line, " ")
		spaces := len(line) - len(content)
		if content == "" {
			if deep < 0 && spaces > 0 || deep >= 0 && spaces > deep { // counts as content, or as a mistake
				return r.refuse()
			}
			blank++
		} else {
			if deep < 0 {
				if deep = spaces; deep <= indent {
					return r.refuse()
				}
			}
			if spaces < deep {
				break
			}
			b.WriteString("\n"[:min(1, b.Len())])
			b.WriteString(strings.Repeat("\n", blank))
			b.WriteString(line[deep:])
			blank = 0
		}
		r.next += end + 1
		r.line++
	}
	n.Value = b.String()
	switch {
	case b.Len() == 0:
		return r.refuse()
	case header == "|":
		n.Value += "\n"
	case header == "|+":
		n.Value += strings.Repeat("\n", blank+1)
	case header != "|-":
		return r.refuse()
	}
	r.advance()
	return n
}
