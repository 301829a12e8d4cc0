// Package openapi calls the cloud's RPC-style OpenAPIs through the official SDK and answers in the words of package
// soc. It is the one place that imports the SDK, which knows no context and is not safe for concurrent use
// (style.md §4); the packages beside it put names on the operations of one product each.
//
// Start at [New] and [Client.Do]; [Client.As] is the same connection as somebody else, for the many accounts of a
// fan-out. Do not read SDK error codes anywhere else: ask soc.KindOf.
package openapi
