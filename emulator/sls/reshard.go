package sls

import (
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"
)

// freeze makes a shard read-only; it fails when it already is.
func (sh *shard) freeze(now time.Time) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.readonly.IsZero() {
		return invalidf("invalid shard id")
	}
	sh.readonly = now
	return nil
}

// splitRange cuts [begin, end) into n equal parts and returns the n+1 keys.
func splitRange(begin, end string, n int) []string {
	lo, hi := keyNumber(begin), keyNumber(end)
	if end == lastKey {
		hi.Add(hi, big.NewInt(1))
	}
	width := new(big.Int).Sub(hi, lo)
	keys := []string{begin}
	for i := 1; i < n; i++ {
		part := new(big.Int).Mul(width, big.NewInt(int64(i)))
		part.Div(part, big.NewInt(int64(n)))
		keys = append(keys, fmt.Sprintf("%032x", part.Add(part, lo)))
	}
	return append(keys, end)
}

func keyNumber(key string) *big.Int {
	n, ok := new(big.Int).SetString(key, 16)
	if !ok { // keys are checked where they come in
		panic("sls: not a hash key: " + key)
	}
	return n
}

// split makes the shard read-only and puts n children, or the two on both sides of key, in its place.
func (ls *logstore) split(id int, key string, n int, now time.Time) ([]shardView, error) {
	parent, err := ls.shard(id)
	if err != nil {
		return nil, err
	}
	keys := []string{parent.begin, key, parent.end}
	if key == "" {
		keys = splitRange(parent.begin, parent.end, n)
	}
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		return nil, invalidf("invalid mid hash")
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if err = parent.freeze(now); err != nil {
		return nil, err
	}
	views := []shardView{parent.view()}
	ls.shards = slices.Clone(ls.shards)
	for i := range len(keys) - 1 {
		views = append(views, ls.addShard(keys[i], keys[i+1], now).view())
	}
	return views, nil
}

// merge joins the shard with its right-hand neighbour.
func (ls *logstore) merge(id int, now time.Time) ([]shardView, error) {
	left, err := ls.shard(id)
	if err != nil {
		return nil, err
	}
	if left.end == lastKey {
		return nil, invalidf("can not merge the last shard")
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	i := slices.IndexFunc(ls.shards, func(sh *shard) bool { return sh.begin == left.end && sh.status() == "readwrite" })
	if i < 0 {
		return nil, invalidf("invalid shard id")
	}
	right := ls.shards[i]
	if err = left.freeze(now); err != nil {
		return nil, err
	}
	if err = right.freeze(now); err != nil {
		return nil, err
	}
	ls.shards = slices.Clone(ls.shards)
	child := ls.addShard(left.begin, right.end, now)
	return []shardView{child.view(), left.view(), right.view()}, nil
}

func (c *call) splitShard() error {
	ls, sh, err := c.shard()
	if err != nil {
		return err
	}
	n, err := c.number("shardCount", 2)
	if err != nil {
		return err
	}
	if n < 2 || n > maxShards {
		return invalidf("shardCount must be within range [2, %d]", maxShards)
	}
	key := c.query.Get("key")
	if key != "" {
		if key, err = fullKey(key); err != nil {
			return invalidf("invalid mid hash")
		}
	}
	if key != "" {
		n = 2
	}
	ls.project.mu.RLock()
	err = c.s.checkShards(ls.project, ls, n-1)
	ls.project.mu.RUnlock()
	if err != nil {
		return err
	}
	views, err := ls.split(sh.id, key, n, c.now)
	if err != nil {
		return err
	}
	return c.reply(views)
}

func (c *call) mergeShards() error {
	ls, sh, err := c.shard()
	if err != nil {
		return err
	}
	views, err := ls.merge(sh.id, c.now)
	if err != nil {
		return err
	}
	return c.reply(views)
}

func (c *call) deleteShard() error {
	ls, sh, err := c.shard()
	if err != nil {
		return err
	}
	if sh.status() != "readonly" {
		return failf(http.StatusBadRequest, "ParameterInvalid", "only a readonly shard can be deleted")
	}
	ls.mu.Lock()
	ls.shards = slices.DeleteFunc(slices.Clone(ls.shards), func(other *shard) bool { return other == sh })
	ls.mu.Unlock()
	return c.empty()
}
