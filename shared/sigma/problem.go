package sigma

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Problem is what is wrong with a place in a rule file. It is an error, or a warning about a rule that was loaded.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1
	Rule    string `json:"rule,omitempty"`
	Warning bool   `json:"warning,omitempty"`
	Message string `json:"message"`
	Want    string `json:"want,omitempty"` // what was expected instead
}

// Error writes the problem as compilers do: file:line:column: kind: message; want ….
func (p *Problem) Error() string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	s := fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, kind, p.Message)
	if p.Want != "" {
		s += "; want " + p.Want
	}
	return s
}

// at makes a problem that stands at node n.
func at(n *yaml.Node, want, format string, args ...any) *Problem {
	return &Problem{Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...), Want: want}
}
