package sls

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// enoughBytes ends a pull: no group is added once the answer holds so many raw bytes.
//
// Assumption: the largest answer of the service is unknown. Clients take 4 MiB for a sign that more is waiting.
const enoughBytes = 4 << 20

// maxCount is the largest number of LogGroups a pull may ask for.
const maxCount = 1000

// page is a run of groups of one shard.
type page struct {
	groups []group
	next   int64 // position after the last of them
	end    int64 // of the shard
	time   int64 // receive time at next, in unix seconds
}

// page takes up to count groups from a position, and none at or after stop. A position before the oldest group moves
// to the oldest.
//
// Assumption: a position beyond the end answers no groups and itself as next position.
func (sh *shard) page(from, stop int64, count int) page {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	from = max(from, sh.base)
	p := page{next: from, end: sh.base + int64(len(sh.groups)), time: sh.last.Unix()}
	stop = min(stop, p.end)
	if from >= stop {
		return p
	}
	list := sh.groups[from-sh.base : stop-sh.base]
	size := 0
	for i := range list {
		if i == count || size >= enoughBytes {
			list = list[:i]
			break
		}
		size += list[i].rawSize()
	}
	p.groups, p.next = list, from+int64(len(list))
	p.time = time.Unix(0, list[len(list)-1].received).Unix()
	return p
}

type pullBuffers struct{ raw, packed []byte }

var pullPool = sync.Pool{New: func() any { return new(pullBuffers) }}

func (c *call) pullLogs() error {
	_, sh, err := c.shard()
	if err != nil {
		return err
	}
	from, stop, count, err := c.pullRange()
	if err != nil {
		return err
	}
	pipe, err := c.pipeline()
	if err != nil {
		return err
	}
	p := sh.page(from, stop, count)
	buffers := pullPool.Get().(*pullBuffers)
	defer pullPool.Put(buffers)
	var raw []byte
	var f *filtered
	if pipe == nil {
		if buffers.raw, err = c.s.groupList(buffers.raw[:0], p.groups); err != nil {
			return err
		}
		raw = buffers.raw
	} else {
		if f, err = c.filter(pipe, p, p.next-int64(len(p.groups))); err != nil {
			return err
		}
		raw = f.raw
	}
	read := len(raw)
	if f != nil {
		read = f.rawSize
	}
	if q := c.s.opts.Quotas; !sh.read.take(c.now, read, q.ReadCalls, q.ReadBytes) {
		return quotaExceed("ShardReadQuotaExceed", sh.id)
	}
	c.pullHeaders(p, len(raw))
	if f != nil {
		c.filterHeaders(p, f)
	}
	if len(raw) == 0 {
		return c.empty()
	}
	kind := accepted(c.r.Header.Get("Accept-Encoding"))
	body, err := c.s.codec.compress(buffers.packed, raw, kind)
	if err != nil {
		return err
	}
	if kind != "" {
		buffers.packed = body
		c.w.Header().Set("x-log-compresstype", kind)
	}
	c.w.Header().Set("Content-Type", "application/x-protobuf")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(body) // a client that went away cannot be told
	}
	return nil
}

func (c *call) pullRange() (from, stop int64, count int, err error) {
	if from, err = decodeCursor(c.query.Get("cursor")); err != nil {
		return 0, 0, 0, err
	}
	stop = 1<<63 - 1
	if text := c.query.Get("end_cursor"); text != "" {
		if stop, err = decodeCursor(text); err != nil {
			return 0, 0, 0, err
		}
	}
	count, err = c.number("count", 0)
	if err == nil && (count < 1 || count > maxCount) {
		err = invalidf("count must be within range [1, %d]", maxCount)
	}
	return from, stop, count, err
}

func (c *call) pullHeaders(p page, size int) {
	h := c.w.Header()
	h.Set("x-log-cursor", EncodeCursor(p.next))
	h.Set("x-log-count", strconv.Itoa(len(p.groups)))
	h.Set("x-log-bodyrawsize", strconv.Itoa(size))
	h.Set("x-log-cursor-time", strconv.FormatInt(p.time, 10))
	if len(p.groups) > 0 {
		h.Set("x-log-read-last-cursor", strconv.FormatInt(p.next-1, 10))
	}
	if p.next >= p.end {
		h.Set("x-log-end-of-cursor", "1")
	}
}

// filterHeaders say what a filtered pull looked at; the cursor says how far, whatever is left.
func (c *call) filterHeaders(p page, f *filtered) {
	h := c.w.Header()
	h.Del("x-log-read-last-cursor")
	if f.groups > 0 && int64(f.groups) <= f.last-(p.next-int64(len(p.groups)))+1 { // not when a group became several
		h.Set("x-log-read-last-cursor", strconv.FormatInt(f.last, 10))
	}
	for name, n := range map[string]int{
		"x-log-count": f.groups, "x-log-rawdatasize": f.rawSize, "x-log-rawdatacount": len(p.groups),
		"x-log-rawdatalines": f.rawLines, "x-log-resultlines": f.lines, "x-log-failedlines": f.failed,
	} {
		h.Set(name, strconv.Itoa(n))
	}
}

// groupList appends a serialized LogGroupList.
func (s *Service) groupList(dst []byte, groups []group) ([]byte, error) {
	var err error
	for i := range groups {
		dst = protowire.AppendTag(dst, 1, protowire.BytesType)
		dst = protowire.AppendVarint(dst, uint64(groups[i].rawSize()))
		if dst, err = s.appendRaw(dst, &groups[i]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}
