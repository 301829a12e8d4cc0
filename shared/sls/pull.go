package sls

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// MaxPullCount is the largest number of groups that one pull may ask for.
const MaxPullCount = 1000

// PullOptions limit one pull. The zero value asks for as much as there is.
type PullOptions struct {
	Count int         // groups, 1–1000; 0 = 1000
	End   Cursor      // exclusive; 0 = as far as there is data
	Query string      // SPL that filters at the service; a page can then be empty and still move on
	Codec Codec       // of the answer
	Index bool        // index the page: for who looks at fields, not for who passes groups on
	Buf   *PageBuffer // reused memory; nil: memory of its own
}

// PageBuffer is memory that pulls reuse. The zero value is ready. It serves one page at a time, and one goroutine.
type PageBuffer struct {
	body, raw []byte
	index     Index
}

// Page is what one pull returned.
type Page struct {
	Next       Cursor    // where to go on
	Count      int       // groups
	Raw        []byte    // the serialized LogGroupList, decompressed; owned by the buffer
	EndReached bool      // nothing more was there when it was read
	Time       time.Time // when the newest group of the page arrived; zero when the service did not say
	Scanned    int64     // with a query: raw bytes before it
	Gap        *Gap      // set by [Reader]: what was lost before this page
	last       Cursor    // of the last group, 0 when the service did not say
	index      *Index    // nil: not indexed
}

// Groups yields the page's groups in order, each with its position from 0. Views die with the next pull into the
// same buffer.
func (p *Page) Groups() iter.Seq2[int, Group] {
	return func(yield func(int, Group) bool) {
		if p.index != nil {
			p.index.groupsOf(yield)
			return
		}
		n := 0
		for i := 0; i < len(p.Raw); {
			f, err := readField(p.Raw, i)
			if err != nil {
				return
			}
			if f.num == listGroups {
				g, err := headGroup(f.data)
				if err != nil || !yield(n, g) {
					return
				}
				n++
			}
			i = f.next
		}
	}
}

// CursorOf returns the cursor of the page's group at position i. Cursors grow by one for each group (sls.md §0.13),
// counted back from the last one. On a page that a Query filtered it is right only while the query dropped no group: the
// answer does not say which are gone.
func (p *Page) CursorOf(i int) Cursor {
	last := p.last
	if last == 0 {
		last = p.Next - 1
	}
	return last - Cursor(p.Count) + 1 + Cursor(i)
}

// First returns the cursor of the page's first group, and Next when the page is empty.
func (p *Page) First() Cursor {
	if p.Count == 0 {
		return p.Next
	}
	return p.CursorOf(0)
}

// Cursor returns a position of a shard: from is "begin", "end" (where the next group will be written) or Unix seconds
// of arrival as text. Kinds: NotFound, Denied, Invalid.
func (p *Project) Cursor(ctx context.Context, logstore string, shard int, from string) (Cursor, error) {
	r := p.request("get cursor", "log:GetCursorOrData", logstore, "/shards/"+strconv.Itoa(shard))
	r.query = url.Values{"type": {"cursor"}, "from": {from}}
	var out struct {
		Cursor string `json:"cursor"`
	}
	if err := p.c.getJSON(ctx, r, &out); err != nil {
		return 0, err
	}
	cur, err := ParseCursor(out.Cursor)
	if err != nil {
		return 0, p.c.failure(r, soc.Internal, err)
	}
	return cur, nil
}

// CursorTime returns when the group at a cursor arrived, to the second. Kinds: NotFound, Denied, Invalid.
func (p *Project) CursorTime(ctx context.Context, logstore string, shard int, at Cursor) (time.Time, error) {
	r := p.request("get time of cursor", "log:GetCursorOrData", logstore, "/shards/"+strconv.Itoa(shard))
	r.query = url.Values{"type": {"cursor_time"}, "cursor": {at.String()}}
	var out struct {
		Time int64 `json:"cursor_time"`
	}
	if err := p.c.getJSON(ctx, r, &out); err != nil {
		return time.Time{}, err
	}
	return time.Unix(out.Time, 0).UTC(), nil
}

// Pull reads groups of a shard from a cursor on. The whole answer is checked: a page that is returned holds well-formed
// groups, as many as Count says, and Next is not before from. At the end of the data the page is empty, Next equals
// from and EndReached is set; an empty page whose Next moved on is not the end. Kinds: NotFound, Denied, Throttled,
// Unavailable, Timeout; Invalid with a [*DecodeError] when the bytes are malformed.
func (p *Project) Pull(ctx context.Context, logstore string, shard int, from Cursor, opts PullOptions) (*Page, error) {
	if opts.Count == 0 {
		opts.Count = MaxPullCount
	}
	if opts.Buf == nil {
		opts.Buf = new(PageBuffer)
	}
	r := p.request("pull logs", "log:GetCursorOrData", logstore, "/shards/"+strconv.Itoa(shard))
	r.query = url.Values{"type": {"logs"}, "cursor": {from.String()}, "count": {strconv.Itoa(opts.Count)}}
	if opts.End != 0 {
		r.query.Set("end_cursor", opts.End.String())
	}
	if opts.Query != "" {
		r.query.Set("query", opts.Query)
		r.query.Set("pullMode", "scan_on_stream")
	}
	r.header = map[string]string{"Accept": "application/x-protobuf", "Accept-Encoding": opts.Codec.String()}
	r.buf, r.codec = opts.Buf, opts.Codec
	resp, err := p.c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	page, err := p.c.readPage(resp, from, opts)
	if err != nil {
		return nil, &soc.Error{
			Kind: soc.KindOf(err), Op: r.op, Account: p.c.account, Resource: r.resource(),
			RequestID: resp.header.Get("X-Log-Requestid"), Err: err,
		}
	}
	return page, nil
}

func (c *Client) readPage(resp *response, from Cursor, opts PullOptions) (*Page, error) {
	next, err := ParseCursor(resp.header.Get("X-Log-Cursor"))
	if err != nil {
		return nil, fmt.Errorf("header x-log-cursor: %v", err)
	}
	if next < from {
		return nil, errors.New("next cursor lies before the one asked for")
	}
	count, err := strconv.Atoi(resp.header.Get("X-Log-Count"))
	if err != nil || count < 0 {
		return nil, errors.New("header x-log-count is not a count")
	}
	raw, err := c.expand(resp, opts.Buf.raw, opts.Codec)
	if err != nil {
		return nil, err
	}
	opts.Buf.raw = raw
	page := &Page{Next: next, Raw: raw}
	var n int
	if opts.Index {
		page.index = &opts.Buf.index
		err = page.index.Parse(raw)
		n = page.index.NumGroups()
	} else {
		n, err = checkList(raw)
	}
	if err != nil {
		return nil, invalidBytes(err)
	}
	if n != count {
		return nil, fmt.Errorf("answer holds %d groups and announces %d", n, count)
	}
	page.Count = n
	page.Time = unixHeader(resp.header, "X-Log-Cursor-Time")
	page.Scanned, _ = strconv.ParseInt(resp.header.Get("X-Log-Rawdatasize"), 10, 64) // 0 when absent
	if last, err := strconv.ParseInt(resp.header.Get("X-Log-Read-Last-Cursor"), 10, 64); err == nil && last > 0 && n > 0 {
		if last >= int64(next) || last < int64(from)+int64(n)-1 {
			return nil, errors.New("header x-log-read-last-cursor does not fit the page")
		}
		page.last = Cursor(last)
	}
	page.EndReached = next == from || resp.header.Get("X-Log-End-Of-Cursor") == "1" || opts.End != 0 && next >= opts.End
	return page, nil
}

// unixHeader reads a header that holds Unix seconds; zero when there is none.
func unixHeader(h http.Header, name string) time.Time {
	sec, err := strconv.ParseInt(h.Get(name), 10, 64)
	if err != nil || sec <= 0 {
		return time.Time{}
	}
	return time.Unix(sec, 0).UTC()
}

// checkList checks a whole LogGroupList and returns its number of groups.
func checkList(b []byte) (int, error) {
	n := 0
	for i := 0; i < len(b); {
		f, err := readField(b, i)
		if err != nil {
			return 0, &DecodeError{i, "LogGroupList", err}
		}
		if f.num == listGroups {
			if f.typ != wireBytes {
				return 0, &DecodeError{i, "LogGroupList", errWireType}
			}
			if _, err := checkGroup(f.data, f.next-len(f.data)); err != nil {
				return 0, err
			}
			n++
		}
		i = f.next
	}
	return n, nil
}

// headGroup makes the view of a group that was checked before.
func headGroup(b []byte) (Group, error) {
	g := Group{raw: b}
	for i := 0; i < len(b); {
		f, err := readField(b, i)
		if err != nil {
			return Group{}, err
		}
		switch f.num {
		case groupLogs:
			g.logs++
		case groupTopic:
			g.topic = f.data
		case groupSource:
			g.source = f.data
		}
		i = f.next
	}
	return g, nil
}
