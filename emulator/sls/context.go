package sls

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A LogGroup whose writer tagged it with __pack_id__ = prefix-number belongs to the context of that prefix: the groups of
// one context follow each other by number. GetLogs with "|with_pack_meta" says where a log stands, GetContextLogs reads
// its neighbours.

const packTag = "__pack_id__"

var withPackMeta = regexp.MustCompile(`\|\s*with_pack_meta\s*$`)

// cutPackMeta takes "| with_pack_meta" off the end of a query.
func cutPackMeta(query string) (rest string, with bool) {
	at := withPackMeta.FindStringIndex(query)
	if at == nil {
		return query, false
	}
	return query[:at[0]], true
}

// place is where a log stands.
//
// Assumption: __pack_meta__ is shard|cursor of the LogGroup|logs in it|place of the log in it. The examples in the
// documentation look so, and clients treat the text as opaque.
type place struct {
	shard    int
	position int64
	logs     int
	index    int
}

func (p place) String() string {
	return fmt.Sprintf("%d|%s|%d|%d", p.shard, EncodeCursor(p.position), p.logs, p.index)
}

// parsePlace reads what String writes.
func parsePlace(text string) (p place, err error) {
	f := strings.Split(text, "|")
	if len(f) != 4 {
		return p, invalidf("pack_meta is invalid")
	}
	if p.position, err = decodeCursor(f[1]); err != nil {
		return p, invalidf("pack_meta is invalid")
	}
	for i, v := range map[int]*int{0: &p.shard, 2: &p.logs, 3: &p.index} {
		n, err := strconv.ParseUint(f[i], 10, 31)
		if err != nil {
			return p, invalidf("pack_meta is invalid")
		}
		*v = int(n)
	}
	return p, nil
}

// packID takes a pack id apart; ok tells whether it is one.
func packID(text string) (prefix string, number uint64, ok bool) {
	at := strings.LastIndexByte(text, '-')
	if at < 0 {
		return "", 0, false
	}
	number, err := strconv.ParseUint(text[at+1:], 16, 64)
	return text[:at], number, err == nil
}

// packOf is the pack id that a group is tagged with, "" when it has none.
func (g *logGroup) packOf() string {
	for _, t := range g.tags {
		if string(t.key) == packTag {
			return string(t.value)
		}
	}
	return ""
}

// packed is one group of a context.
type packed struct {
	place
	id     string
	number uint64
	group  *group
}

// packs is the context of a prefix: its groups in order. A number that was written twice stands in the order of arrival.
func (s *Service) packs(ctx context.Context, ls *logstore, prefix string) ([]packed, error) {
	sc := scratches.Get().(*scratch)
	defer sc.release()
	var list []packed
	for _, sh := range ls.allShards() {
		sh.mu.RLock()
		groups, base := sh.groups, sh.base
		sh.mu.RUnlock()
		for i := range groups {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("context: %w", err)
			}
			if err := s.load(&groups[i], sc); err != nil {
				return nil, err
			}
			id := sc.group.packOf()
			if p, n, ok := packID(id); ok && p == prefix {
				at := place{sh.id, base + int64(i), len(sc.group.logs), 0}
				list = append(list, packed{at, id, n, &groups[i]})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b packed) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.group.received, b.group.received))
	})
	return list, nil
}

// maxContext is how many logs a context query reads on each side.
const maxContext = 100

// contextLines reads a number of lines.
//
// Assumption: 0 is taken unless both sides are 0. The documentation says above 0, clients send 0 for one side.
func (c *call) contextLines() (back, forward int, err error) {
	if back, err = c.number("back_lines", 0); err != nil {
		return 0, 0, err
	}
	if forward, err = c.number("forward_lines", 0); err != nil {
		return 0, 0, err
	}
	if min(back, forward) < 0 || max(back, forward) > maxContext || back+forward == 0 {
		return 0, 0, invalidf("back_lines and forward_lines must be within range (0, %d]", maxContext)
	}
	return back, forward, nil
}

// getContextLogs answers the logs around one log: those of the same context, in the order they were written in, at most
// a day away from it. The one that was asked for has __index_number__ 0.
//
// Assumption: a pack_id and pack_meta that name no log are ParameterInvalid.
func (c *call) getContextLogs() error {
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	back, forward, err := c.contextLines()
	if err != nil {
		return err
	}
	at, err := parsePlace(c.query.Get("pack_meta"))
	if err != nil {
		return err
	}
	id := c.query.Get("pack_id")
	prefix, _, ok := packID(id)
	if !ok {
		return invalidf("pack_id is invalid")
	}
	if _, err = ls.currentIndex(); err != nil {
		return err
	}
	ls.expire(c.now)
	list, err := c.s.packs(c.ctx, ls, prefix)
	if err != nil {
		return err
	}
	start := slices.IndexFunc(list, func(p packed) bool {
		return p.id == id && p.shard == at.shard && p.position == at.position && at.index < p.logs
	})
	if start < 0 {
		return invalidf("pack_id and pack_meta name no log")
	}
	before, first, after, err := c.s.around(list, start, at.index, back, forward)
	if err != nil {
		return err
	}
	slices.Reverse(before)
	logs := slices.Concat(before, []map[string]string{first}, after)
	for i, row := range logs {
		row["__index_number__"] = strconv.Itoa(i - len(before))
	}
	return c.reply(map[string]any{
		"progress": "Complete", "total_lines": len(logs), "back_lines": len(before), "forward_lines": len(after), "logs": logs,
	})
}

// around reads the log at index of group start, up to back logs before it, nearest first, and up to forward after it.
func (s *Service) around(list []packed, start, index, back, forward int) (before []map[string]string, first map[string]string, after []map[string]string, err error) {
	sc := scratches.Get().(*scratch)
	defer sc.release()
	at, first, err := s.packedRow(list[start], index, sc)
	if err != nil {
		return nil, nil, nil, err
	}
	walk := func(step, limit int) ([]map[string]string, error) {
		var rows []map[string]string
		g, i := start, index
		for len(rows) < limit {
			if i += step; i < 0 || i >= list[g].logs {
				if g += step; g < 0 || g >= len(list) {
					break
				}
				if i = 0; step < 0 {
					i = list[g].logs - 1
				}
			}
			t, row, err := s.packedRow(list[g], i, sc)
			if err != nil {
				return nil, err
			}
			if d := t.Sub(at); d > 24*time.Hour || d < -24*time.Hour {
				break
			}
			rows = append(rows, row)
		}
		return rows, nil
	}
	if before, err = walk(-1, back); err != nil {
		return nil, nil, nil, err
	}
	after, err = walk(1, forward)
	return before, first, after, err
}

// packedRow is one log of a group as GetLogs answers it, with its place and its time.
func (s *Service) packedRow(p packed, index int, sc *scratch) (time.Time, map[string]string, error) {
	row, err := s.row(p.group, index, sc)
	if err != nil {
		return time.Time{}, nil, err
	}
	p.index = index
	row["__pack_meta__"] = p.place.String()
	return time.Unix(int64(sc.record.time), int64(sc.record.ns)), row, nil
}
