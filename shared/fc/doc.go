// Package fc serves our functions. The same program runs on three runtimes: Function Compute's custom runtime, an HTTP
// server that takes event invocations, HTTP triggers and hooks; its built-in runtime go1, where the program asks for its
// work; and AWS Lambda's runtime API. The rules for errors and log markers are those of Function Compute on all of them.
//
// Start at [Main] for a function that takes events and [MainHTTP] for one that serves pages; inside a handler,
// [FromContext] has the request id, the role's temporary credentials and the logger. [NewServer] is the same server
// for tests, as an http.Handler.
//
// A handler returns its error and does not log it: this package logs it once and answers with its kind. Do not start
// background work in a handler: an idle instance is frozen.
package fc
