// Package sls is a client of Simple Log Service made for reading and passing on every record of many accounts: signed
// requests, a codec that decodes nothing it does not have to, and errors in the words of package soc. It replaces the
// official module because decoding speed is the core of the collector.
//
// Start at [New] and [Client.Project]. One call each: [Project.Pull], [Project.PutLogs], [Project.GetLogs] and the
// management of projects, Logstores, shards, indexes and consumer groups. On top of them: [Reader] follows one shard,
// [Forwarder] passes its groups on, [Writer] gathers logs and writes them. Beneath: [Index] finds every field of a page,
// [Builder] makes a group.
//
// Bytes that come from the service are hostile: [Project.Pull] checks a whole answer before it hands out a view of it.
// Views ([Group], [Log]) point into the buffer of the page and die with the next Pull into the same buffer; copy what
// outlives it. Do not build requests by hand, and do not compare error codes outside this package: ask soc.KindOf.
//
// What it promises and what it leaves to the caller stands in docs/sls.md, with its figures.
package sls
