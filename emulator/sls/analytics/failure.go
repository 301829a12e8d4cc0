package analytics

import "fmt"

// Error is a statement that is refused, or that failed on the data. All other errors of this package come from the
// context or are defects.
type Error struct {
	Line, Column int // where in the text, from 1; 0 = nowhere in particular
	Message      string
}

// Error gives the place and the message as the service does.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d:%d: %s", e.Line, e.Column, e.Message)
}

// place is a position in the text of a statement, from 1.
type place struct{ line, column int }

func (p place) failf(format string, args ...any) error {
	return &Error{p.line, p.column, fmt.Sprintf(format, args...)}
}

// notOffered refuses what the service has and this package has not.
func (p place) notOffered(what string) error { return p.failf("%s is not offered here", what) }
