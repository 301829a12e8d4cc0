package sls

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Shard is one shard of a Logstore (sls.md §3.3). Its range of hash keys is half open.
type Shard struct {
	ID        int    `json:"shardID"`
	Status    string `json:"status"` // readwrite, readonly
	BeginKey  string `json:"inclusiveBeginKey"`
	EndKey    string `json:"exclusiveEndKey"`
	CreatedAt int64  `json:"createTime"` // Unix seconds
}

// ReadOnly tells whether the shard was split or merged: it stays readable until its data expires and gets no more.
func (s Shard) ReadOnly() bool { return s.Status == "readonly" }

// ListShards returns the shards of a Logstore, readable ones that no longer get data included.
func (p *Project) ListShards(ctx context.Context, logstore string) ([]Shard, error) {
	var out []Shard
	err := p.c.getJSON(ctx, p.request("list shards", "log:ListShards", logstore, "/shards"), &out)
	return out, err
}

// SplitShard splits a shard at a hash key of 32 hex digits, "" for its middle, and returns the parent, which gets no more
// data, and its children. It is sent again only when the service says that it did nothing. Kinds: Invalid, NotFound.
func (p *Project) SplitShard(ctx context.Context, logstore string, shard int, key string) ([]Shard, error) {
	q := url.Values{"action": {"split"}}
	if key != "" {
		q.Set("key", key)
	} else {
		q.Set("shardCount", "2")
	}
	return p.reshard(ctx, "split shard", "log:SplitShard", logstore, shard, q)
}

// MergeShards joins a shard with its right-hand neighbour and returns the new shard and its parents, which get no more
// data. It is sent again only when the service says that it did nothing. Kinds: Invalid, NotFound.
func (p *Project) MergeShards(ctx context.Context, logstore string, shard int) ([]Shard, error) {
	return p.reshard(ctx, "merge shards", "log:MergeShards", logstore, shard, url.Values{"action": {"merge"}})
}

func (p *Project) reshard(ctx context.Context, op, action, logstore string, shard int, q url.Values) ([]Shard, error) {
	r := p.request(op, action, logstore, "/shards/"+strconv.Itoa(shard))
	r.method, r.query, r.once, r.creates = http.MethodPost, q, true, storeName(p.name, logstore)+"shards"
	var out []Shard
	err := p.c.getJSON(ctx, r, &out)
	return out, err
}

// DeleteShard removes a shard that gets no more data. Kinds: Invalid when it still does, NotFound.
func (p *Project) DeleteShard(ctx context.Context, logstore string, shard int) error {
	r := p.request("delete shard", "log:DeleteShard", logstore, "/shards/"+strconv.Itoa(shard))
	r.method = http.MethodDelete
	return p.c.sendJSON(ctx, r, nil, nil)
}

// Successors returns the shards that took over the hash keys of a shard that was split or merged, in the order of their
// ids: its children, and where a child has expired already, the child's own. It is empty for a shard that still gets
// data. list is all shards of the Logstore and may lack those that have expired.
func Successors(list []Shard, of Shard) []Shard {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Shard) int { return a.ID - b.ID })
	open := []Shard{of} // what nobody took over yet
	var out []Shard
	for _, s := range list {
		if s.ID <= of.ID {
			continue
		}
		var rest []Shard
		hit := false
		for _, o := range open {
			if s.BeginKey >= o.EndKey || o.BeginKey >= s.EndKey {
				rest = append(rest, o)
				continue
			}
			hit = true
			if o.BeginKey < s.BeginKey {
				rest = append(rest, Shard{BeginKey: o.BeginKey, EndKey: s.BeginKey})
			}
			if s.EndKey < o.EndKey {
				rest = append(rest, Shard{BeginKey: s.EndKey, EndKey: o.EndKey})
			}
		}
		if open = rest; hit {
			out = append(out, s)
		}
	}
	return out
}

// Parents returns the ids of the shards in list whose keys a shard took over when they were split or merged, in their order.
func Parents(list []Shard, of Shard) []int {
	var out []int
	for _, p := range list {
		if p.ReadOnly() && p.ID < of.ID && slices.ContainsFunc(Successors(list, p), func(s Shard) bool { return s.ID == of.ID }) {
			out = append(out, p.ID)
		}
	}
	return out
}
