// Package node runs black-box suites against the emulator that are written in JavaScript and use the official clients of
// the npm registry, unmodified.
//
// Start with the Go test: it starts an emulator, runs every suite (*.suite.js) in Node.js and turns each of its checks
// into a subtest. harness.js has what suites share. The packages are looked for in the folder that FENGHUO_NODE_MODULES
// names; with FENGHUO_NODE=1 they are installed into a temporary folder instead. Without either, or without Node.js, the
// test skips. Do not test with these clients what a Go test can show: they are here for what official clients make of
// our answers.
package node
