package soc

import (
	"context"
	"errors"
	"strings"
)

// Kind classifies an error for everyone who has to decide on it: retries, workflow branches, HTTP status, pages.
// The list is append-only; its text is part of the wire between functions and flows.
type Kind string

// The kinds of errors.
const (
	Invalid     Kind = "Invalid"     // the input is wrong; repeating it cannot help
	NotFound    Kind = "NotFound"    // what was named does not exist
	Conflict    Kind = "Conflict"    // the state does not allow it, or somebody else changed it first
	Denied      Kind = "Denied"      // a permission, trust or scope refuses it
	Throttled   Kind = "Throttled"   // too many calls; try again later
	Unavailable Kind = "Unavailable" // a dependency is down or unreachable; try again later
	Timeout     Kind = "Timeout"     // a deadline passed; the effect is unknown
	Unsupported Kind = "Unsupported" // known, but not built or not offered here
	Internal    Kind = "Internal"    // a defect of ours, or an answer nobody expected
)

// Error is an error with what a person needs to act on it. Wrap it with %w; find it with [KindOf] or errors.As.
type Error struct {
	Kind      Kind
	Op        string // what was being done: "assume role", "pull logs"
	Account   string // uid of the account it was done in, if any
	Resource  string // ARN or name of what it was done to, if any
	Code      string // the cloud's own error code, if any
	RequestID string // the cloud's request id, if any
	Next      string // what to do next, one sentence, if known
	Err       error  // the cause
}

// Error puts operation, place, code and cause in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
	} else {
		b.WriteString(strings.ToLower(string(e.Kind)))
	}
	if e.Account != "" {
		b.WriteString(" in account " + e.Account)
	}
	if e.Resource != "" {
		b.WriteString(" on " + e.Resource)
	}
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost [Error] in err's tree. Context errors are [Timeout]; anything else
// is [Internal]; nil has the empty kind.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) && e.Kind != "" {
		return e.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Timeout
	}
	return Internal
}

// Retryable tells whether the same call may succeed later without anybody changing anything.
func Retryable(err error) bool {
	switch KindOf(err) {
	case Throttled, Unavailable, Timeout:
		return true
	default:
		return false
	}
}

// NextOf returns the advice of the outermost [Error] in err's tree that carries one, or "".
func NextOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Next != "" {
			return e.Next
		}
		err = e.Err
	}
	return ""
}
