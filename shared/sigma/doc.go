// Package sigma reads Sigma detection rules and evaluates them on events.
//
// The way of a rule is parse → check → compile → match: [Parse] reads files into documents, [Compile] turns the
// documents into a [Set] and says what is wrong with those that it refused, and [Set.Match] evaluates an [Event].
// A bad rule never takes the set down.
//
// The package stands alone: it knows nothing of a cloud, a log service or the other packages of the project. The
// meaning of every modifier, wildcard and condition follows the Sigma specification 2.1; where that is silent the
// choice is written at the function that makes it. Correlation and filter documents are recognised and refused with
// a clear message, because they are not executed here.
//
// Do not evaluate rules on events of another log source than theirs: a condition made of "not" alone is true on
// every event that lacks the field.
package sigma
