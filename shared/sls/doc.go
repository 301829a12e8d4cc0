// Package sls is our client of Simple Log Service: signed requests, the LogGroup codec, and errors in the words of
// package soc. It replaces the official module because decoding speed is the core of the collector.
//
// Start at [New] and [Client.Project]; read with [Project.Cursor] and [Project.Pull], write with [Builder] and
// [Project.PutLogs], forward without decoding with [AppendTags], search with [Project.GetLogs].
//
// Bytes that come from the service are hostile: [Project.Pull] checks a whole answer before it hands out a view of
// it. Views ([Group], [Log]) point into the buffer of the page and die with the next Pull into the same buffer; copy
// what outlives it. Do not build requests by hand, and do not compare error codes outside this package: ask
// soc.KindOf.
package sls
