// Package record keeps what happened in the emulator: the last calls with caller, operation, questions and answer, and
// for every identity which actions it was allowed and denied, on what, and how often.
//
// The server opens a [Call] for each request with [Log.Begin] and closes it with [Log.End]. Services ask for permission
// through [Log.Authorizer], so each question lands in the call it belongs to and in [Log.Uses]. Both are bounded; the
// totals of uses are kept as long as the emulator runs. Do not log bodies or headers here: they hold secrets.
package record
