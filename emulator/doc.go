// Package emulator is a local Alibaba Cloud with many accounts: Resource Directory, RAM, STS, Simple Log Service, Function
// Compute, CloudFlow, ROS and the product APIs that responses call, behind one listener on loopback.
//
// It is strict: signatures, permissions, trust policies, limits and error codes are those of the cloud, and whatever it
// does not implement answers with an error that says so. Start with [Start] and a [World]. The services live in the
// packages below and know nothing of each other; this package wires them.
//
// The emulator imports nothing of the product. Tests and the demo reach it over HTTP, as they would reach the cloud.
package emulator
