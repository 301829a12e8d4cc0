// Package sigma reads Sigma detection rules and evaluates them on events, at a cost that hardly grows with their number.
//
// The way of a rule is parse → check → compile → match: [Read] and [Parse] turn files into documents, [Compile] turns the
// documents into a [Set] and says what is wrong with those that it refused, and [Set.Match] evaluates an [Event]. A bad rule never
// takes the set down. [Set.Pack] and [Load] keep the compiled form, for starts that must not wait for YAML.
//
// A set is never changed: build another one beside it and swap the pointer. Every worker has its own [Scratch].
//
// The package stands alone: it knows nothing of a cloud, a log service or the other packages of the project. The meaning of
// every modifier, wildcard and condition follows the Sigma specification 2.1; docs/sigma.md names the reading that was chosen
// where it is silent. Filters are applied to the rules that they name. Correlations are checked and kept, not executed.
//
// Inside, in the order of an event's way: find.go reads the fields once, affix.go and scan.go look for what the rules need
// (witness.go), scratch.go decides the rules that remain, and explain.go shows all of it.
//
// Do not evaluate rules on events of another log source than theirs: a condition made of "not" alone is true on
// every event that lacks the field.
package sigma
