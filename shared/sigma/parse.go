package sigma

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kind says what a document is.
type Kind string

// The kinds of documents.
const (
	KindRule        Kind = "rule"
	KindCorrelation Kind = "correlation"
	KindFilter      Kind = "filter"
)

// Document is one YAML document that looks like Sigma. Nothing in it has been judged yet beyond its shape.
type Document struct {
	Kind Kind
	File string
	Line int // where the document begins, from 1

	root *yaml.Node // a mapping
	sum  [sha256.Size]byte
}

// Bounds on a file and its documents. A rule is small and a file may hold thousands; what is larger is a mistake or an attack.
const (
	maxFileBytes = 32 << 20
	maxDepth     = 32
	maxNodes     = 100_000 // of a document, counted with every alias expanded
)

// Parse reads the YAML documents of one file. Empty documents are skipped. A document that cannot be used becomes a
// problem and the others are kept; a syntax error ends the file, because nothing after it can be trusted.
func Parse(file string, data []byte) ([]Document, []Problem) {
	var docs []Document
	var problems []Problem
	refuse := func(p *Problem) {
		p.File = file
		problems = append(problems, *p)
	}
	if len(data) > maxFileBytes {
		refuse(&Problem{Line: 1, Column: 1, Message: "the file is too large", Want: "no more than 32 MiB"})
		return nil, problems
	}
	sum := sha256.Sum256(data)
	var wrong *Problem
	roots, plain := plainYAML(data)
	if !plain {
		roots, wrong = readYAML(data)
	}
	for index, root := range roots {
		if root == nil || isNull(root) {
			continue
		}
		d, p := newDocument(root)
		if p != nil {
			refuse(p)
			continue
		}
		d.File, d.sum = file, sha256.Sum256(append(sum[:], byte(index), byte(index>>8)))
		docs = append(docs, d)
	}
	if wrong != nil {
		refuse(wrong)
	}
	return docs, problems
}

// readYAML returns the roots of the documents, nil for one without content, up to the first syntax error.
func readYAML(data []byte) ([]*yaml.Node, *Problem) {
	var roots []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		switch {
		case errors.Is(err, io.EOF):
			return roots, nil
		case err != nil:
			return roots, syntaxProblem(err)
		case len(doc.Content) == 0:
			roots = append(roots, nil)
		default:
			roots = append(roots, doc.Content[0])
		}
	}
}

func newDocument(root *yaml.Node) (Document, *Problem) {
	nodes := 0
	if p := checkTree(root, 0, &nodes); p != nil {
		return Document{}, p
	}
	if root.Kind != yaml.MappingNode {
		return Document{}, at(root, "a mapping with title, logsource and detection", "the document is not a mapping")
	}
	if a := child(root, "action"); a != nil && (a.Value == "global" || a.Value == "reset" || a.Value == "repeat") {
		return Document{}, at(a, "every document written out in full", "the action %q on the documents of a file is no part of Sigma 2", a.Value)
	}
	d := Document{Line: root.Line, root: root}
	for _, kind := range []struct {
		key  string
		kind Kind
	}{{"detection", KindRule}, {"correlation", KindCorrelation}, {"filter", KindFilter}} {
		if child(root, kind.key) != nil {
			d.Kind = kind.kind
			return d, nil
		}
	}
	return Document{}, at(root, "one of detection, correlation, filter", "the document is no Sigma rule")
}

// checkTree refuses what later steps must not meet: endless or huge aliases, deep nesting, merge keys, double keys.
func checkTree(n *yaml.Node, depth int, nodes *int) *Problem {
	*nodes++
	if depth > maxDepth || *nodes > maxNodes {
		return at(n, "a small document without deep nesting or many aliases", "the document is too deep or too large")
	}
	if n.Kind == yaml.AliasNode {
		return checkTree(n.Alias, depth+1, nodes)
	}
	if n.Kind == yaml.MappingNode {
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				return at(k, "a plain text key", "the key is not a scalar")
			}
			if k.Tag == "!!merge" {
				return at(k, "the keys written out", "merge keys are not supported")
			}
			if seen[k.Value] {
				return at(k, "every key once", "the key %q occurs twice", k.Value)
			}
			seen[k.Value] = true
		}
	}
	for _, c := range n.Content {
		if p := checkTree(c, depth+1, nodes); p != nil {
			return p
		}
	}
	return nil
}

var yamlLine = regexp.MustCompile(`line (\d+): ?`)

func syntaxProblem(err error) *Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = strings.Replace(text, m[0], "", 1)
	}
	return &Problem{Line: max(line, 1), Column: 1, Message: "not valid YAML: " + text, Want: "YAML in UTF-8"}
}

func deref(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// child returns the value of key in mapping n, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return deref(n.Content[i+1])
		}
	}
	return nil
}

// isNull tells whether n is null. To resolve the tag of a plain scalar would do too, but tries dates and numbers first.
func isNull(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "" || n.Style != 0 {
		return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}
