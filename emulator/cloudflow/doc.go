// Package cloudflow emulates CloudFlow (product fnf, version 2019-03-15): the new flow definition language, standard
// and express executions with their history, and the callbacks of tasks.
//
// It has the phases of an interpreter, each in files of its own: [Parse] reads a definition and keeps line and column;
// [Definition.Check] finds what can never work; a [Service] runs the immutable definition and keeps flows and
// executions; [Service.Register] puts it on the wire. What the documentation leaves open is one named function each in
// assume.go. The package reaches functions through [Invoker] only.
package cloudflow
