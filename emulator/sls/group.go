package sls

import (
	"math"
	"net/http"
	"slices"
	"sync"
	"unicode/utf8"
)

// group is one stored LogGroup. Nothing in it changes after it was stored.
type group struct {
	data     []byte // the serialized LogGroup as written, or its lz4 block when packed
	tail     []byte // serialized LogTags that the service added
	size     int    // raw bytes of the LogGroup without tail
	received int64  // unix nanoseconds; never falls within a shard
	minTime  uint32 // of its logs
	maxTime  uint32
	packed   bool
}

// packFrom is the raw size from which a group is kept compressed.
const packFrom = 4 << 10

// rawSize is the size of the group as it is pulled.
func (g *group) rawSize() int { return g.size + len(g.tail) }

// appendRaw appends the group as it is pulled.
func (s *Service) appendRaw(dst []byte, g *group) ([]byte, error) {
	if !g.packed {
		return append(append(dst, g.data...), g.tail...), nil
	}
	at := len(dst)
	dst = slices.Grow(dst, g.rawSize())
	if _, err := s.codec.decompress(dst[at:at:at+g.size], g.data, "lz4", g.size); err != nil {
		return nil, err
	}
	return append(dst[:at+g.size], g.tail...), nil
}

// scratch is what checking a LogGroup needs; it is pooled because the sizes repeat.
type scratch struct {
	raw    []byte
	packed []byte
	group  logGroup
	record logRecord
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release returns the scratch. What it points into must not be kept alive by it.
func (sc *scratch) release() {
	clear(sc.group.logs)
	clear(sc.group.tags)
	clear(sc.record.contents)
	scratches.Put(sc)
}

// pack checks a raw LogGroup and makes a group that owns its bytes. block is the same group as one lz4 block, if the
// caller has it; it is copied.
func (s *Service) pack(raw, block []byte, sc *scratch) (group, error) {
	g := group{size: len(raw), minTime: math.MaxUint32}
	if err := checkGroup(raw, sc, &g); err != nil {
		return g, err
	}
	switch {
	case block == nil && len(raw) < packFrom:
		g.data = slices.Clone(raw)
	case block == nil:
		packed, err := s.codec.compress(sc.packed, raw, "lz4")
		if err != nil {
			return g, err
		}
		sc.packed = packed
		g.data, g.packed = slices.Clone(packed), true
	default:
		g.data, g.packed = slices.Clone(block), true
	}
	return g, nil
}

// checkGroup decodes the whole group, enforces the documented limits and sets the time range of its logs.
//
// Assumption: a group without logs is PostBodyInvalid; a key that is empty or longer than 128 bytes is InvalidKey; one
// that is not UTF-8 is InvalidEncoding; a topic or source longer than 128 bytes is PostBodyInvalid; the time of a log
// may be anything, but its nanoseconds are less than a second, else InvalidTimestamp. The limits and codes are
// documented, which code belongs to which limit is not.
func checkGroup(raw []byte, sc *scratch, g *group) error {
	if err := sc.group.decode(raw); err != nil {
		return bodyInvalid("%v", err)
	}
	if len(sc.group.logs) == 0 {
		return bodyInvalid("the LogGroup holds no logs")
	}
	if len(sc.group.topic) > maxName || len(sc.group.source) > maxName {
		return bodyInvalid("topic and source may have %d bytes", maxName)
	}
	for _, log := range sc.group.logs {
		if err := sc.record.decode(log); err != nil {
			return bodyInvalid("%v", err)
		}
		if sc.record.ns >= 1e9 {
			return failf(http.StatusBadRequest, "InvalidTimestamp", "Time_ns of %d is more than a second", sc.record.ns)
		}
		g.minTime, g.maxTime = min(g.minTime, sc.record.time), max(g.maxTime, sc.record.time)
		for _, p := range sc.record.contents {
			if len(p.key) == 0 || len(p.key) > maxName {
				return failf(http.StatusBadRequest, "InvalidKey", "a key must have 1 to %d bytes", maxName)
			}
			if !utf8.Valid(p.key) {
				return failf(http.StatusBadRequest, "InvalidEncoding", "a key is not UTF-8")
			}
		}
	}
	return nil
}

// maxName is the longest key, topic and source in bytes.
const maxName = 128
