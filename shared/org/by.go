package org

import (
	"strings"
	"unicode"
)

// maxBy is how much of a stated name is kept, in bytes.
const maxBy = 200

// Stated is who asked for a change, as the input of a flow or command says: one line, cut to a length, without characters
// that steer a terminal. Nobody proves it: the platform does not tell a function who started the flow or invoked it.
func Stated(by string) string {
	by = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(by, " "))
	if by = strings.TrimSpace(by); len(by) > maxBy {
		by = strings.ToValidUTF8(by[:maxBy], "")
	}
	return by
}

// Actor names who made a change, as the audit trail keeps it: the function, and in front of it whom its input names.
func Actor(function, by string) string {
	if by = Stated(by); by != "" {
		return by + ", as stated to " + function
	}
	return function
}
