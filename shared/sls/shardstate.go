package sls

import (
	"context"
	"time"
)

// shardState is what a reader knows of its shard beside the data.
type shardState struct {
	id       int
	read     time.Time // when the list was read last
	readOnly bool
	next     []Shard // that go on with its keys
}

// learn reads the list of shards when the last one is old, and tells whether the shard is now known to get no more data.
// That it fails stops nothing.
func (s *shardState) learn(ctx context.Context, in ShardSource, logstore string) bool {
	if !s.read.IsZero() && time.Since(s.read) < listAge {
		return false
	}
	s.read = time.Now()
	list, err := in.ListShards(ctx, logstore)
	if err != nil {
		return false
	}
	for _, sh := range list {
		if sh.ID == s.id && sh.ReadOnly() {
			s.readOnly, s.next = true, Successors(list, sh)
		}
	}
	return s.readOnly
}

// gone tells whether the Logstore is there and no longer lists the shard: all its data has expired after a split.
func (s *shardState) gone(ctx context.Context, in ShardSource, logstore string) bool {
	list, err := in.ListShards(ctx, logstore)
	if err != nil || len(list) == 0 {
		return false
	}
	for _, sh := range list {
		if sh.ID == s.id {
			return false
		}
	}
	return true
}
