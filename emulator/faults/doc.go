// Package faults makes a cloud misbehave on purpose and in the same way each time: throttling, server errors,
// time-outs before and after the effect, answers that are cut or slow, skewed clocks, credentials that expire or are
// revoked, shards that split under a reader, trigger events that come twice, and functions that are killed.
//
// A [Plan] lists faults; [Parse] reads one from YAML or JSON. An [Injector] is placed in front of all services: the
// server tells it what each call is with [Injector.Pick] and lets it answer with [Injector.Serve]. What a fault answers
// is worded as the service would word it. Nothing of the product may know this package.
package faults
