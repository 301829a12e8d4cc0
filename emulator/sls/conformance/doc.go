// Package conformance holds the tests that run the product's client of Simple Log Service against the emulator: every
// call, and the benchmarks over loopback, where the emulator is a process of its own so that only the client's time
// counts. Start at TestCalls. It holds no code: what a test needs stands in the tests.
package conformance
