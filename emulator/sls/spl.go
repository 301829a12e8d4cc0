package sls

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/sls/analytics"
)

// mostScanned bounds the logs that one SPL scan of GetLogs looks at.
//
// Assumption: 100,000; with more the answer is Incomplete.
const mostScanned = 100_000

// scanSPL sends the logs that the search found through a pipeline and answers one page of what comes out.
//
// Assumption: offset and line count what comes out; the meta says mode 2 and no SQL.
func (c *call) scanSPL(q *logQuery, r *result, line int, f *found) error {
	p, err := analytics.PrepareSPL(q.rest, c.now, true)
	if err != nil {
		return analysisError(c.ctx, err)
	}
	done, err := c.beginAnalysis()
	if err != nil {
		return err
	}
	defer done()
	if f.partial = f.partial || r.cut; len(r.hits) > mostScanned {
		f.partial, r.hits = true, r.hits[:mostScanned]
	}
	ctx, cancel := context.WithTimeout(c.ctx, analysisTime)
	defer cancel()
	rank := make(map[hit]int, len(r.hits)) // the order asked for
	for i, h := range r.hits {
		rank[h] = i
	}
	logs := make([]analytics.Log, len(r.hits))
	err = c.s.stored(ctx, r, func(h hit, at *candidate) error {
		logs[rank[h]] = splLog(at.group, at.log)
		return nil
	})
	if err != nil {
		return analysisError(c.ctx, err)
	}
	out, err := p.Run(ctx, logs)
	if err != nil {
		return analysisError(c.ctx, err)
	}
	f.scanned = true
	start := min(q.Offset, int64(len(out.Logs)))
	for _, k := range out.Logs[start:min(start+int64(line), int64(len(out.Logs)))] {
		row := make(map[string]string, len(k.Log))
		for _, field := range k.Log {
			row[field.Name] = field.Value
		}
		f.rows = append(f.rows, row)
	}
	return nil
}

// splLog is a log as SPL sees it: its meta as fields, and its contents. Contents that have the name of a field of time
// are left out.
func splLog(g *logGroup, l *logRecord) analytics.Log {
	log := analytics.Log{{Name: "__time__", Value: strconv.FormatUint(uint64(l.time), 10)}, {Name: "__source__", Value: string(g.source)}}
	if l.ns != 0 {
		log = append(log, analytics.Field{Name: "__time_ns_part__", Value: strconv.FormatUint(uint64(l.ns), 10)})
	}
	if len(g.topic) > 0 {
		log = append(log, analytics.Field{Name: "__topic__", Value: string(g.topic)})
	}
	for _, t := range g.tags {
		log = append(log, analytics.Field{Name: "__tag__:" + string(t.key), Value: string(t.value)})
	}
	for _, p := range l.contents {
		if key := string(p.key); key != "__time__" && key != "__time_ns_part__" {
			log = append(log, analytics.Field{Name: key, Value: string(p.value)})
		}
	}
	return log
}

// filtered is the answer of a filtered pull.
type filtered struct {
	raw                              []byte // a LogGroupList
	groups                           int
	last                             int64 // position of the last group that something is left of
	rawSize, rawLines, lines, failed int
}

// filter sends the groups of a page through a pipeline. What is left of a group is a group again; a group of which
// nothing is left is not answered, and the cursor moves on all the same.
//
// Assumption: a group becomes several when SPL gives its logs different topics, sources or tags.
func (c *call) filter(p *analytics.Pipeline, pg page, first int64) (*filtered, error) {
	f := &filtered{last: -1}
	sc := scratches.Get().(*scratch)
	defer sc.release()
	var logs []analytics.Log
	var of []int // group of each log
	for i := range pg.groups {
		if err := c.s.load(&pg.groups[i], sc); err != nil {
			return nil, err
		}
		f.rawSize += pg.groups[i].rawSize()
		for _, raw := range sc.group.logs {
			if err := sc.record.decode(raw); err != nil {
				return nil, err
			}
			logs, of = append(logs, splLog(&sc.group, &sc.record)), append(of, i)
		}
	}
	ctx, cancel := context.WithTimeout(c.ctx, analysisTime)
	defer cancel()
	out, err := p.Run(ctx, logs)
	if err != nil {
		return nil, analysisError(c.ctx, err)
	}
	f.rawLines, f.lines, f.failed = len(logs), len(out.Logs), out.Failed
	var head, body []byte
	group := -1
	for _, k := range out.Logs {
		h, b := appendSPL(k.Log)
		if of[k.From] != group || !slices.Equal(h, head) {
			f.close(head, body)
			head, body, group = h, nil, of[k.From]
			f.last = first + int64(group)
		}
		body = append(body, b...)
	}
	f.close(head, body)
	if len(f.raw) > maxRawBody {
		return nil, invalidf("what SPL makes of the page is longer than %d bytes; pull with a smaller count", maxRawBody)
	}
	return f, nil
}

// close ends a group.
func (f *filtered) close(head, body []byte) {
	if len(body) == 0 {
		return
	}
	f.groups++
	f.raw = appendField(f.raw, 1, body, head)
}

// appendSPL serializes a log: the parts of the group that it belongs to, and itself as a field of that group.
func appendSPL(log analytics.Log) (head, body []byte) {
	var tags []analytics.Field
	var sec, ns uint64
	var topic, source, contents []byte
	for _, f := range log {
		name, isTag := strings.CutPrefix(f.Name, "__tag__:")
		switch {
		case f.Name == "__time__":
			sec, _ = strconv.ParseUint(f.Value, 10, 32) // what does not fit is 0
		case f.Name == "__time_ns_part__":
			ns, _ = strconv.ParseUint(f.Value, 10, 32)
		case f.Name == "__topic__":
			topic = appendField(nil, 3, []byte(f.Value))
		case f.Name == "__source__":
			source = appendField(nil, 4, []byte(f.Value))
		case isTag:
			tags = append(tags, analytics.Field{Name: name, Value: f.Value})
		default:
			contents = appendPair(contents, 2, f.Name, f.Value)
		}
	}
	slices.SortStableFunc(tags, func(a, b analytics.Field) int { return cmp.Compare(a.Name, b.Name) })
	head = slices.Concat(topic, source)
	for _, t := range tags {
		head = appendPair(head, 6, t.Name, t.Value)
	}
	return head, appendLog(nil, uint32(sec), contents, uint32(ns))
}

// pipeline reads the query of a pull; nil when there is none.
//
// Assumption: a stream has no index, so the part before | must be * or empty; anything else is ParameterInvalid, as are
// SQL and a pullMode of scan_on_stream without a query.
func (c *call) pipeline() (*analytics.Pipeline, error) {
	query := c.query.Get("query")
	if c.query.Get("processor") != "" {
		return nil, notImplementedf("the parameter processor of PullLogs is not offered here")
	}
	if mode := c.query.Get("pullMode"); mode != "" && mode != "scan_on_stream" {
		return nil, invalidf("pullMode %s is invalid", mode)
	}
	if query == "" {
		if c.query.Get("pullMode") != "" {
			return nil, invalidf("pullMode scan_on_stream needs a query")
		}
		return nil, nil
	}
	n, rest, err := parseSearch(query)
	if err != nil {
		return nil, err
	}
	if n.kind != nodeAll || rest == "" {
		return nil, invalidf("the query of a pull is SPL: * | where …, without a search before the |")
	}
	p, err := analytics.PrepareSPL(rest, c.now, false)
	if err != nil {
		return nil, analysisError(c.ctx, err)
	}
	return p, nil
}
