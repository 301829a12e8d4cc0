// Package analytics runs the part of a log query that follows the search: an SQL statement over the logs that were
// found ([Prepare], [Statement.Run]), or a pipeline of SPL over a stream of logs ([PrepareSPL], [Pipeline.Run]). It is
// pure: columns and a text in, rows out. It knows no HTTP, no index and no clock.
//
// The dialect is that of Presto, as the log service documents it. A statement is parsed and given types here, so that what the
// service refuses is refused before anything runs: names that do not exist, types that do not fit, columns that are
// neither grouped nor aggregated, statements that are not queries. What remains is written anew as SQL for an embedded
// engine, SQLite in memory, which does the work. Nothing of the text given reaches the engine: names become numbers,
// and literals become parameters.
//
// The package registers its functions with a driver of its own; other users of SQLite in the process do not see them.
package analytics
