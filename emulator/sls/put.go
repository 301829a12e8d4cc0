package sls

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func bodyInvalid(format string, args ...any) error {
	return failf(http.StatusBadRequest, "PostBodyInvalid", format, args...)
}

func bodyTooLarge(size int64) error {
	return failf(http.StatusBadRequest, "PostBodyTooLarge", "the body of %d bytes is larger than %d bytes", size, maxRawBody)
}

// add appends a group to the shard and reports whether the shard still takes writes. The receive time is raised to that
// of the group before it, so that it never falls.
func (sh *shard) add(g group, at time.Time) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.readonly.IsZero() {
		return false
	}
	if len(sh.groups) > 0 && at.Before(sh.last) {
		at = sh.last
	}
	g.received = at.UnixNano()
	sh.groups = append(sh.groups, g)
	sh.last = at
	return true
}

// store adds a group to the shard that holds key, or to the next in turn when key is "".
func (s *Service) store(ls *logstore, key, clientIP string, g group, at time.Time) error {
	ls.mu.RLock()
	appendMeta := ls.cfg.AppendMeta
	ls.mu.RUnlock()
	if appendMeta {
		g.tail = appendTag(g.tail, "__client_ip__", clientIP)
		g.tail = appendTag(g.tail, "__receive_time__", strconv.FormatInt(at.Unix(), 10))
	}
	for {
		sh := ls.target(key)
		if sh == nil {
			return failf(http.StatusBadRequest, "LogStoreWithoutShard", "logstore %s has no shard that can be written", ls.name)
		}
		if q := s.opts.Quotas; !sh.write.take(at, g.size, q.WriteCalls, q.shardWriteBytes(ls)) {
			return quotaExceed("ShardWriteQuotaExceed", sh.id)
		}
		if sh.add(g, at) {
			return nil
		} // else it was split or merged meanwhile
	}
}

// target is the writable shard for a key, or the next in turn; nil when there is none.
func (ls *logstore) target(key string) *shard {
	shards := ls.allShards()
	start := uint64(0)
	if key == "" {
		start = ls.turn.Add(1) - 1
	}
	for i := range uint64(len(shards)) {
		sh := shards[(start+i)%uint64(len(shards))]
		if (key == "" || sh.holds(key)) && sh.status() == "readwrite" {
			return sh
		}
	}
	return nil
}

func (c *call) putLogsByKey() error {
	key, err := fullKey(c.query.Get("key"))
	if err != nil {
		return err
	}
	return c.put(key)
}

func (c *call) putLogs() error { return c.put("") }

func (c *call) put(key string) error {
	if c.project == "" { // the metric store route names it in the path
		c.project = c.path["p"]
	}
	ls, err := c.logstore()
	if err != nil {
		return err
	}
	if name := c.query.Get("processor"); name != "" {
		return notImplementedf("ingest processor %s: processors are not offered here", name)
	}
	packages, err := c.packages()
	if err != nil {
		return err
	}
	sc := scratches.Get().(*scratch)
	defer sc.release()
	groups := make([]group, 0, len(packages))
	for _, p := range packages {
		g, err := c.s.unpack(p, sc)
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	if err := c.s.put(ls, key, c.caller.SourceIP, groups, c.now); err != nil {
		return err
	}
	return c.empty()
}

// put keeps the groups of one call, within the quota of the project.
func (s *Service) put(ls *logstore, key, clientIP string, groups []group, now time.Time) error {
	size := 0
	for i := range groups {
		size += groups[i].size
	}
	if err := s.takeWrite(ls.project, size, now); err != nil {
		return err
	}
	for _, g := range groups {
		if err := s.store(ls, key, clientIP, g, now); err != nil {
			return err
		}
	}
	return nil
}

// unpack decompresses and checks one LogGroup.
func (s *Service) unpack(p logPackage, sc *scratch) (group, error) {
	raw, err := s.codec.decompress(sc.raw, p.data, p.kind, p.size)
	if err != nil {
		return group{}, uncompressError(err, p.kind, p.size)
	}
	var block []byte
	if p.kind == "lz4" {
		block = p.data
	}
	if p.kind != "" {
		sc.raw = raw
	}
	return s.pack(raw, block, sc)
}

func uncompressError(err error, kind string, size int) error {
	switch {
	case errors.Is(err, errCodec):
		return failf(http.StatusBadRequest, "InvalidCompressType", "compress type %s is not supported", kind)
	case errors.Is(err, errRawSize):
		return failf(http.StatusBadRequest, "InvalidBodyRawSize", "the raw size %d does not fit the body", size)
	}
	return failf(http.StatusBadRequest, "PostBodyUncompressError", "%v", err)
}

// packages is the body of a PutLogs request: one LogGroup, or several in batch mode.
func (c *call) packages() ([]logPackage, error) {
	h := c.r.Header
	switch ct := h.Get("Content-Type"); {
	case ct == "":
		return nil, failf(http.StatusBadRequest, "MissingContentType", "Content-Type does not exist")
	case !strings.HasPrefix(ct, "application/x-protobuf"):
		return nil, failf(http.StatusUnsupportedMediaType, "InvalidContentType", "Content-Type %s is not application/x-protobuf", ct)
	}
	size, err := c.rawSize()
	if err != nil {
		return nil, err
	}
	if h.Get("x-log-mode") != "batch_group" {
		return []logPackage{{c.body, size, h.Get("x-log-compresstype")}}, nil
	}
	list, err := decodePackages(c.body)
	if err != nil {
		return nil, bodyInvalid("log package list: %v", err)
	}
	return list, nil
}

// rawSize is the size of the body before compression.
func (c *call) rawSize() (int, error) {
	text := c.r.Header.Get("x-log-bodyrawsize")
	if text == "" {
		return 0, failf(http.StatusBadRequest, "MissingBodyRawSize", "x-log-bodyrawsize does not exist")
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return 0, failf(http.StatusBadRequest, "InvalidBodyRawSize", "x-log-bodyrawsize %s is not a size", text)
	}
	if size > maxRawBody {
		return 0, bodyTooLarge(size)
	}
	return int(size), nil
}

// rawBody is the body of a call without its compression. Several clients send a wrong raw size with plain JSON, so it
// counts only for a compressed body.
func (c *call) rawBody() ([]byte, error) {
	kind := c.r.Header.Get("x-log-compresstype")
	if kind == "" {
		return c.body, nil
	}
	size, err := c.rawSize()
	if err != nil {
		return nil, err
	}
	raw, err := c.s.codec.decompress(nil, c.body, kind, size)
	if err != nil {
		return nil, uncompressError(err, kind, size)
	}
	return raw, nil
}
