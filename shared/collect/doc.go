// Package collect moves LogGroups from the members' Logstores into the central stream.
//
// Start at [Run]. A run claims shards by lease, reads each as the member's collector role, appends the tags of
// [soc.Origin] to every group without decoding it, writes it to the stream, and only then commits the cursor range
// together with its ledger entry. A crash in between makes the next run read and write the same groups again under the
// same identity: delivery is at least once, identity is unique. What fails in one shard is recorded there, and the shard
// rests; its neighbours go on.
//
// Do not look into a log here, and do not let a field of a log decide anything: the account of a record is the account
// whose role read it.
package collect
