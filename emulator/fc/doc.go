// Package fc emulates Function Compute 3.0: functions, code, triggers and invocations, per account.
//
// Every function instance is an operating-system process of its own, so a function runs here as the very binary that is
// deployed. It is driven through the protocol of its runtime: HTTP requests to a custom runtime, or the runtime API that
// a program of go1 asks for its work. Between invocations it is frozen. Start with [New] and mount the [Service] as an
// HTTP handler for the REST API (version 2023-03-30); call [Service.Invoke] from other emulated services,
// [Service.ServeHTTPTrigger] for HTTP triggers, and Options.Faults for what shall go wrong.
//
// Do not look into functions from here: what a function may do is decided by the role it was given and by the wire.
// Always call [Service.Close]; it stops every process and removes every file.
package fc
