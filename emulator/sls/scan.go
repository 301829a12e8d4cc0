package sls

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// hit is one log that a query found, by its place in a snapshot.
type hit struct {
	time, ns          uint32
	shard, group, log int32
}

// result is what a query found, oldest first. Ties keep the order of shard and arrival.
//
// Assumption: how the service breaks ties of equal times is unknown.
type result struct {
	hits   []hit
	shards [][]group // the snapshot that hits point into
	places []place   // of the first group of each shard of the snapshot
	rows   int       // logs looked at
	bytes  int
	cut    bool // a shard was not read to its end
	// partial tells that the limit of logs ended the search.
	partial bool
}

// reach bounds a search; zero fields are no limit.
type reach struct {
	bytes int // raw, of one shard
	logs  int
}

// span is a half-open interval of log times in nanoseconds.
type span struct{ from, to int64 }

func (r span) holds(sec, ns uint32) bool {
	t := int64(sec)*1e9 + int64(ns)
	return r.from <= t && t < r.to
}

// scan looks at all logs of a Logstore in a time range that can be searched by now. topic "" is any.
func (s *Service) scan(ctx context.Context, ls *logstore, m matcher, topic string, within span, limit reach) (*result, error) {
	r := &result{}
	for _, sh := range ls.allShards() {
		sh.mu.RLock()
		r.shards = append(r.shards, sh.groups)
		r.places = append(r.places, place{shard: sh.id, position: sh.base})
		sh.mu.RUnlock()
	}
	sc := scratches.Get().(*scratch)
	defer sc.release()
	indexed := s.opts.Clock().Add(-s.opts.SearchDelay).UnixNano()
	for i, groups := range r.shards {
		before := r.bytes
		for j := range groups {
			g := &groups[j]
			if limit.bytes > 0 && r.bytes-before >= limit.bytes {
				r.cut = true
				break
			}
			if s.opts.SearchDelay > 0 && g.received > indexed {
				break // receive times never fall
			}
			if (int64(g.maxTime)+1)*1e9 <= within.from || int64(g.minTime)*1e9 >= within.to {
				continue
			}
			if limit.logs > 0 && r.rows >= limit.logs {
				r.partial = true
				break
			}
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("search: %w", err)
			}
			if err := s.scanGroup(r, hit{shard: int32(i), group: int32(j)}, m, topic, within, sc); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(r.hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.ns, b.ns), cmp.Compare(a.shard, b.shard),
			cmp.Compare(a.group, b.group), cmp.Compare(a.log, b.log))
	})
	return r, nil
}

func (s *Service) scanGroup(r *result, at hit, m matcher, topic string, within span, sc *scratch) error {
	if err := s.load(&r.shards[at.shard][at.group], sc); err != nil {
		return err
	}
	if topic != "" && string(sc.group.topic) != topic {
		return nil
	}
	r.bytes += len(sc.raw)
	c := candidate{group: &sc.group, log: &sc.record}
	for i, log := range sc.group.logs {
		if err := sc.record.decode(log); err != nil {
			return err
		}
		r.rows++
		if !within.holds(sc.record.time, sc.record.ns) {
			continue
		}
		clear(c.docs)
		sc.record.cut(s.opts.Quotas.ValueBytes)
		if m(&c) {
			r.hits = append(r.hits, hit{sc.record.time, sc.record.ns, at.shard, at.group, int32(i)})
		}
	}
	return nil
}

// cut shortens every value to limit bytes; 0 is no limit.
func (l *logRecord) cut(limit int) {
	for i := range l.contents {
		if p := &l.contents[i]; limit > 0 && len(p.value) > limit {
			p.value = p.value[:limit]
		}
	}
}

// load decodes a stored group into the scratch.
func (s *Service) load(g *group, sc *scratch) error {
	raw, err := s.appendRaw(sc.raw[:0], g)
	if err != nil {
		return err
	}
	sc.raw = raw
	return sc.group.decode(raw)
}

// fields decodes one log that was found. With meta it says where the log stands in its context.
func (s *Service) fields(r *result, h hit, meta bool, sc *scratch) (map[string]string, error) {
	m, err := s.row(&r.shards[h.shard][h.group], int(h.log), sc)
	if err == nil && meta && sc.group.packOf() != "" {
		at := r.places[h.shard]
		at.position, at.logs, at.index = at.position+int64(h.group), len(sc.group.logs), int(h.log)
		m["__pack_meta__"] = at.String()
	}
	return m, err
}

// row decodes one log of a group into the form that queries answer.
func (s *Service) row(g *group, log int, sc *scratch) (map[string]string, error) {
	if err := s.load(g, sc); err != nil {
		return nil, err
	}
	if err := sc.record.decode(sc.group.logs[log]); err != nil {
		return nil, err
	}
	m := make(map[string]string, len(sc.record.contents)+len(sc.group.tags)+3)
	for _, p := range sc.record.contents {
		m[string(p.key)] = string(p.value)
	}
	for _, t := range sc.group.tags {
		m["__tag__:"+string(t.key)] = string(t.value)
	}
	m["__time__"], m["__source__"] = fmt.Sprint(sc.record.time), string(sc.group.source)
	if len(sc.group.topic) > 0 {
		m["__topic__"] = string(sc.group.topic)
	}
	return m, nil
}
