// Package sls is Simple Log Service on the wire: projects, Logstores, shards, PutLogs, cursors and pull, indexes, and
// the query language: search here, SQL and SPL in package analytics, for any number of accounts.
//
// Start at [New] and [Service.ServeHTTP]; the table in routes.go lists every call that is answered. [Service.Seed] and
// [Service.Append] fill a world without permissions, [Service.Shards], [Service.Position] and [Service.End] let a
// trigger follow a shard. Everything is kept in memory, each LogGroup as the bytes that were written.
//
// Do not add behaviour here that the service is not known to have: what no text states stands behind a small function
// whose comment starts with "Assumption:". Jobs and web tracking are not offered;
// they answer an error that says so.
package sls
