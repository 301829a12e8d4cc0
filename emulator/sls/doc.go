// Package sls is Simple Log Service on the wire: projects, Logstores, shards, PutLogs, web tracking, cursors and pull,
// consumer groups, indexes, the search part of the query language, context queries, saved searches and alert rules, for
// any number of accounts, with the documented quotas when they are switched on ([Quotas]).
//
// Start at [New] and [Service.ServeHTTP]; the table in routes.go lists every call that is answered. [Service.Seed] and
// [Service.Append] fill a world without permissions, [Service.Shards], [Service.Position] and [Service.End] let a
// trigger follow a shard. Everything is kept in memory, each LogGroup as the bytes that were written.
//
// Do not add behaviour here that the service is not known to have: what no text states stands behind a small function
// whose comment starts with "Assumption:". SQL analytics and SPL are not offered, and alert rules are kept and never
// evaluated; what [Absent] lists is refused by name.
package sls
