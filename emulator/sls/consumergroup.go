package sls

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// consumerGroup is one consumer group of a Logstore. The Logstore's mu guards it.
//
// Assumption: how the service balances is unknown. Here shares differ by at most one, a consumer keeps what it has, only
// what is over its share moves, and a shard stays with its owner until the owner no longer names it in a heartbeat.
type consumerGroup struct {
	name    string
	timeout time.Duration
	order   bool

	consumers map[string]time.Time // by name: the last heartbeat
	owners    map[int]string       // by shard
	leaving   map[int]bool         // shards that their owner was told to give up
	points    map[int]checkpoint
}

// checkpoint is where a group goes on with a shard.
type checkpoint struct {
	cursor   string
	position int64
	updated  time.Time
	consumer string
}

func newConsumerGroup(name string, timeout time.Duration, order bool) *consumerGroup {
	return &consumerGroup{
		name: name, timeout: timeout, order: order, consumers: map[string]time.Time{},
		owners: map[int]string{}, leaving: map[int]bool{}, points: map[int]checkpoint{},
	}
}

// beat takes a heartbeat and returns the shards that the consumer has from now on.
func (g *consumerGroup) beat(consumer string, held []int, shards []*shard, now time.Time) ([]int, error) {
	g.expire(now)
	if _, known := g.consumers[consumer]; !known && len(held) > 0 {
		return nil, failf(http.StatusBadRequest, "NotExistConsumerWithBody", "consumer %s does not exist but names shards", consumer)
	}
	g.consumers[consumer] = now
	for id := range g.leaving {
		if g.owners[id] == consumer && !slices.Contains(held, id) {
			delete(g.owners, id)
			delete(g.leaving, id)
		}
	}
	g.balance(g.eligible(shards))
	mine := []int{}
	for id, owner := range g.owners {
		if owner == consumer && !g.leaving[id] {
			mine = append(mine, id)
		}
	}
	slices.Sort(mine)
	return mine, nil
}

// expire removes the consumers that were silent for too long; their shards become free.
func (g *consumerGroup) expire(now time.Time) {
	for name, last := range g.consumers {
		if now.Sub(last) > g.timeout {
			delete(g.consumers, name)
		}
	}
	for id, owner := range g.owners {
		if _, ok := g.consumers[owner]; !ok {
			delete(g.owners, id)
			delete(g.leaving, id)
		}
	}
}

// eligible is the shards that are handed out, by id: with order, the children of a split or merge wait until all that
// came before them is consumed.
func (g *consumerGroup) eligible(shards []*shard) []int {
	var ids []int
	for _, sh := range shards {
		waits := g.order && slices.ContainsFunc(shards, func(p *shard) bool {
			return p.id < sh.id && p.begin < sh.end && sh.begin < p.end && p.status() == "readonly" && !g.consumed(p)
		})
		if !waits {
			ids = append(ids, sh.id)
		}
	}
	return ids
}

// consumed tells whether a read-only shard was consumed to its end.
func (g *consumerGroup) consumed(sh *shard) bool {
	begin, end := sh.bounds()
	return begin == end || g.points[sh.id].position >= end
}

// balance gives free shards away and marks those that are over a consumer's share.
func (g *consumerGroup) balance(ids []int) {
	for id := range g.owners {
		if !slices.Contains(ids, id) { // it was deleted or has expired
			delete(g.owners, id)
			delete(g.leaving, id)
		}
	}
	have := map[string][]int{}
	var free []int
	for _, id := range ids {
		switch owner := g.owners[id]; {
		case owner == "":
			free = append(free, id)
		case !g.leaving[id]:
			have[owner] = append(have[owner], id)
		}
	}
	names := make([]string, 0, len(g.consumers))
	for name := range g.consumers {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { // who has more keeps the larger share
		return cmp.Or(cmp.Compare(len(have[b]), len(have[a])), cmp.Compare(a, b))
	})
	for i, name := range names {
		share := len(ids) / len(names)
		if i < len(ids)%len(names) {
			share++
		}
		for _, id := range have[name][min(share, len(have[name])):] {
			g.leaving[id] = true
		}
		for n := len(have[name]); n < share && len(free) > 0; n++ {
			g.owners[free[0]], free = name, free[1:]
		}
	}
}

// save keeps a checkpoint. Unless force is set, the shard has to belong to the consumer.
//
// Assumption: ConsumerNotMatch comes with status 400.
func (g *consumerGroup) save(consumer string, id int, p checkpoint, force bool) error {
	if !force {
		g.expire(p.updated)
		if _, ok := g.consumers[consumer]; !ok {
			return failf(http.StatusNotFound, "ConsumerNotExist", "consumer %s does not exist", consumer)
		}
		if g.owners[id] != consumer {
			return failf(http.StatusBadRequest, "ConsumerNotMatch", "shard %d does not belong to consumer %s", id, consumer)
		}
	}
	g.points[id] = p
	return nil
}
