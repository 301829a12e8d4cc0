package cloudflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// readYAML reads the one document of a definition.
func readYAML(text string) (*yaml.Node, *Problem) {
	var doc, more yaml.Node
	d := yaml.NewDecoder(strings.NewReader(plainJSON(text)))
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return &doc, nil
	case err != nil:
		return nil, notYAML(text, err)
	}
	switch err := d.Decode(&more); {
	case errors.Is(err, io.EOF):
		return &doc, nil
	case err != nil:
		return nil, notYAML(text, err)
	}
	return nil, &Problem{at(&more), "a second document begins here, and a definition is one"}
}

// ahead is how many characters the YAML reader looks at where a token begins.
const ahead = 4

// notYAML is the problem of text that the YAML reader does not take. The line in the reader's message is often that where
// the surrounding list or object begins, so the place is found another way: a reader that is handed one byte at a time
// has read a few characters more than up to the place where it fails.
func notYAML(text string, err error) *Problem {
	message, line := strings.TrimPrefix(err.Error(), "yaml: "), 0
	if n, _ := fmt.Sscanf(message, "line %d:", &line); n == 1 {
		_, message, _ = strings.Cut(message, ": ")
	}
	problem := &Problem{Message: "not YAML: " + message}
	var syntax *json.SyntaxError
	if begin := strings.TrimLeft(text, " \t\r\n{"); strings.HasPrefix(strings.TrimSpace(text), "{") && strings.HasPrefix(begin, `"`) &&
		errors.As(json.Unmarshal([]byte(text), new(any)), &syntax) {
		problem.Pos = place(text, int(syntax.Offset)-1)
		return problem
	}
	text += strings.Repeat("\n", ahead) // for the reader to look at, where the text ends
	read := consumed(text)
	kind := func(what ...string) bool {
		return slices.ContainsFunc(what, func(w string) bool { return strings.HasPrefix(message, w) })
	}
	switch {
	case kind("unknown anchor '"):
		name, _, _ := strings.Cut(strings.TrimPrefix(message, "unknown anchor '"), "'")
		problem.Pos = place(text, strings.LastIndex(text[:read], "*"+name))
	case kind("could not find expected ':'", "found unexpected end of stream"): // the token that has no end
		if line = max(line, 1); !parses(text, line-1) {
			line = 1
		}
		problem.Pos = firstOf(text, line)
	case kind("control characters", "invalid "):
		problem.Pos = place(text, read-1)
	case kind("found a tab"): // the first one of its line
		begin := strings.LastIndexByte(text[:strings.LastIndexByte(text[:read], '\t')], '\n') + 1
		problem.Pos = place(text, begin+strings.IndexByte(text[begin:], '\t'))
	case kind("found unknown escape", "found invalid Unicode", "did not find expected hexdecimal"):
		problem.Pos = place(text, strings.LastIndexByte(text[:read], '\\'))
	case kind("did not find expected"): // where the text first is no YAML: what comes after that line cannot mend it
		at := place(text, back(text, read)).Line
		for range 100 { // every step reads the text once more
			if parses(text, at-1) {
				break
			}
			at--
		}
		problem.Pos = firstOf(text, at)
	default:
		problem.Pos = place(text, back(text, read))
	}
	return problem
}

// back is where the token begins at which the reader stopped.
func back(text string, read int) int {
	for range ahead {
		_, size := utf8.DecodeLastRuneInString(text[:read])
		read -= size
	}
	return read
}

// consumed is how much of a text the YAML reader reads until it fails.
func consumed(text string) int {
	r := &byteReader{text: text}
	for d := yaml.NewDecoder(r); d.Decode(new(yaml.Node)) == nil; {
	}
	return r.at
}

// parses tells whether the first lines of a text are YAML.
func parses(text string, lines int) bool {
	var end int
	for range lines {
		end += strings.IndexByte(text[end:], '\n') + 1
	}
	d := yaml.NewDecoder(strings.NewReader(text[:end]))
	for {
		if err := d.Decode(new(yaml.Node)); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// byteReader hands out one byte at a time.
type byteReader struct {
	text string
	at   int
}

func (r *byteReader) Read(p []byte) (int, error) {
	if r.at == len(r.text) {
		return 0, io.EOF
	}
	p[0] = r.text[r.at]
	r.at++
	return 1, nil
}

// place is the line and column, in characters, of a byte of a text.
func place(text string, offset int) Pos {
	before := text[:max(offset, 0)]
	begin := strings.LastIndexByte(before, '\n') + 1
	return Pos{strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[begin:]) + 1}
}

// firstOf is the place of the first character of a line that is no blank.
func firstOf(text string, line int) Pos {
	for range line - 1 {
		_, text, _ = strings.Cut(text, "\n")
	}
	first, _, _ := strings.Cut(text, "\n")
	return Pos{line, len(first) - len(strings.TrimLeft(first, " \t")) + 1}
}

// jsonOnly are escapes of JSON that YAML does not know, and the escaped backslash, so that none is found behind it.
var jsonOnly = regexp.MustCompile(`\\/|\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)

// plainJSON writes the characters out that only JSON escapes so: those in two halves, and the slash. Other text stays as it
// is.
func plainJSON(text string) string {
	if !strings.Contains(text, `\`) || !json.Valid([]byte(text)) {
		return text
	}
	return jsonOnly.ReplaceAllStringFunc(text, func(pair string) string {
		if pair == `\\` {
			return pair
		}
		var char string
		_ = json.Unmarshal([]byte(`"`+pair+`"`), &char) // it is a part of valid JSON
		return char
	})
}
