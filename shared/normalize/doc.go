// Package normalize knows the log formats of the catalog: which Sigma log source a template is, where a rule's field
// stands in its records, which entities a record is about and when it happened.
//
// Start at [Lookup] for a [Template] and at [Record], which is a record as a sigma.Event. A record reads the bytes of
// the log where they lie: no map, no copy; JSON inside a field is walked once and only when somebody asks.
//
// Everything in a log is hostile input. Nothing here decides which account a record belongs to: that is the soc.Origin of
// the LogGroup, which the collector wrote.
package normalize
