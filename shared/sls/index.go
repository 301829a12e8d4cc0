package sls

// Index is a flat index over the bytes of one LogGroupList: where every group, log, key and value stands. It is filled
// again and again in the same memory, so that a worker that reads pages allocates nothing for a log. Keys are numbered:
// a log nearly always has the keys of the log before it in the same order, so each key is guessed from the one before
// and only checked.
//
// An index owns no bytes. It and every view made from it live as long as the list stays unchanged, and until the next
// Parse. Its memory is at most six bytes for each byte of the list. The zero value is ready; it is not safe for
// concurrent use, except that many may read between two Parses.
type Index struct {
	raw    []byte
	groups []groupSpan
	logs   []logSpan
	pairs  []pairSpan
	tags   []tagSpan
	keys   keyTable
}

// span is a piece of the list.
type span struct{ at, n uint32 }

type groupSpan struct {
	whole, topic, source span
	log0, logs           uint32
	tag0, tags           uint32
}

type logSpan struct {
	whole        span
	pair0, pairs uint32
	sec, ns      uint32
}

type pairSpan struct {
	key   uint32 // number in the key table
	value span
}

type tagSpan struct{ key, value span }

// Parse checks the whole list and indexes it. On an error, which is a [*DecodeError], the index is empty. Keys have to
// be UTF-8; values are bytes. A list of more groups than a pull can return is refused.
func (x *Index) Parse(list []byte) error {
	x.raw = list
	x.groups, x.logs, x.pairs, x.tags = x.groups[:0], x.logs[:0], x.pairs[:0], x.tags[:0]
	x.keys.reset()
	err := x.list()
	if err != nil {
		x.groups, x.logs, x.pairs, x.tags = x.groups[:0], x.logs[:0], x.pairs[:0], x.tags[:0]
	}
	return err
}

// NumGroups returns the number of groups.
func (x *Index) NumGroups() int { return len(x.groups) }

// NumLogs returns the number of logs of all groups.
func (x *Index) NumLogs() int { return len(x.logs) }

// NumPairs returns the number of fields of all logs.
func (x *Index) NumPairs() int { return len(x.pairs) }

// Group returns the view of group i.
func (x *Index) Group(i int) Group {
	g := &x.groups[i]
	return Group{raw: x.bytes(g.whole), topic: x.bytes(g.topic), source: x.bytes(g.source), logs: int(g.logs), x: x, at: i}
}

func (x *Index) bytes(s span) []byte { return x.raw[s.at : s.at+s.n : s.at+s.n] }

func (x *Index) groupsOf(yield func(int, Group) bool) {
	for i := range x.groups {
		if !yield(i, x.Group(i)) {
			return
		}
	}
}

func (x *Index) tagsOf(group int, yield func(key, value []byte) bool) {
	s := &x.groups[group]
	for _, t := range x.tags[s.tag0 : s.tag0+s.tags] {
		if !yield(x.bytes(t.key), x.bytes(t.value)) {
			return
		}
	}
}

func (x *Index) logsOf(group, n int, yield func(int, Log) bool) {
	s := &x.groups[group]
	for i := s.log0; i < s.log0+s.logs; i++ {
		if !yield(n, Log{x: x, at: int(i)}) {
			return
		}
		n++
	}
}

func (x *Index) fields(log int, yield func(key, value []byte) bool) {
	s := &x.logs[log]
	for _, p := range x.pairs[s.pair0 : s.pair0+s.pairs] {
		if !yield(x.keys.list[p.key].own, x.bytes(p.value)) {
			return
		}
	}
}

func (x *Index) list() error {
	if uint64(len(x.raw)) > maxBody {
		return &DecodeError{0, "LogGroupList", errTooLong}
	}
	for i := 0; i < len(x.raw); {
		f, err := readField(x.raw, i)
		if err != nil {
			return &DecodeError{i, "LogGroupList", err}
		}
		if f.num == listGroups {
			if f.typ != wireBytes {
				return &DecodeError{i, "LogGroupList", errWireType}
			}
			if len(x.groups) == MaxPullCount {
				return &DecodeError{i, "LogGroupList", errTooMany}
			}
			if err := x.group(f.next-len(f.data), f.next); err != nil {
				return err
			}
		}
		i = f.next
	}
	return nil
}

func (x *Index) group(i, end int) error {
	b := x.raw[:end]
	g := groupSpan{whole: span{uint32(i), uint32(end - i)}, log0: uint32(len(x.logs)), tag0: uint32(len(x.tags))}
	for i < end {
		if b[i] == groupLogs<<3|wireBytes {
			if data, next := cut(b, i+1); next > 0 {
				if err := x.log(next-len(data), next); err != nil {
					return err
				}
				i = next
				continue
			}
		}
		f, err := readField(b, i)
		if err != nil {
			return &DecodeError{i, "LogGroup", err}
		}
		if isGroupField(f.num) && f.typ != wireBytes {
			return &DecodeError{i, "LogGroup", errWireType}
		}
		at := f.next - len(f.data)
		s := span{uint32(at), uint32(len(f.data))}
		switch f.num {
		case groupLogs:
			err = x.log(at, f.next)
		case groupTags:
			var t tagSpan
			t.key, t.value, err = x.pair(at, f.next, "LogTag")
			x.tags = append(x.tags, t)
		case groupTopic:
			g.topic = s
		case groupSource:
			g.source = s
		}
		if err != nil {
			return err
		}
		i = f.next
	}
	g.logs, g.tags = uint32(len(x.logs))-g.log0, uint32(len(x.tags))-g.tag0
	x.groups = append(x.groups, g)
	return nil
}

// log indexes the log at raw[i:end]. Nearly all fields take the quick way: content, key and value have short lengths,
// and the key is the one that is guessed.
func (x *Index) log(i, end int) error {
	b := x.raw[:end]
	l := logSpan{whole: span{uint32(i), uint32(end - i)}, pair0: uint32(len(x.pairs))}
	timed := false
	guess := uint32(0)
	for i < end {
		if p, key, next := x.quickPair(b, i, guess); next > 0 {
			x.pairs = append(x.pairs, p)
			guess, i = key, next
			continue
		}
		f, err := readField(b, i)
		if err != nil {
			return &DecodeError{i, "Log", err}
		}
		switch f.num {
		case logContents:
			if f.typ != wireBytes {
				return &DecodeError{i, "Log", errWireType}
			}
			key, value, err := x.pair(f.next-len(f.data), f.next, "Content")
			if err != nil {
				return err
			}
			id, ok := x.keys.intern(x.raw, key, guess)
			if !ok {
				return &DecodeError{int(key.at), "Content", errUTF8}
			}
			x.pairs = append(x.pairs, pairSpan{id, value})
			guess = id
		case logTime:
			if err := checkTime(f); err != nil {
				return &DecodeError{i, "Log", err}
			}
			timed, l.sec = true, uint32(f.val)
		case logTimeNS:
			if f.typ != wireFixed32 {
				return &DecodeError{i, "Log", errWireType}
			}
			l.ns = uint32(f.val)
		}
		i = f.next
	}
	if !timed {
		return &DecodeError{int(l.whole.at), "Log", errRequired}
	}
	l.pairs = uint32(len(x.pairs)) - l.pair0
	x.logs = append(x.logs, l)
	return nil
}

// quickPair reads the content at b[i:] when it is written as everybody writes it and its key follows prev as it did
// last time. Otherwise next is 0, and the slow way decides.
func (x *Index) quickPair(b []byte, i int, prev uint32) (p pairSpan, key uint32, next int) {
	if i+12 > len(b) || b[i] != logContents<<3|wireBytes {
		return p, 0, 0
	}
	n := int(b[i+1])
	j := i + 2
	if n >= 0x80 {
		if b[j] >= 0x80 {
			return p, 0, 0
		}
		n = n&0x7f | int(b[j])<<7
		j++
	}
	end := j + n
	if end > len(b) || b[j] != pairKey<<3|wireBytes {
		return p, 0, 0
	}
	id := x.keys.list[prev].next
	k := &x.keys.list[id]
	j += 2
	v := j + int(k.n) + 1 // of the value's length
	if b[j-1] != byte(k.n) || k.n >= 0x80 || v >= end || !k.same(b, j) || b[v-1] != pairValue<<3|wireBytes {
		return p, 0, 0
	}
	m := int(b[v])
	v++
	if m >= 0x80 {
		if v >= end || b[v] >= 0x80 {
			return p, 0, 0
		}
		m = m&0x7f | int(b[v])<<7
		v++
	}
	if v+m != end {
		return p, 0, 0
	}
	return pairSpan{id, span{uint32(v), uint32(m)}}, id, end
}

// pair reads a Content or LogTag at raw[i:end] the slow way.
func (x *Index) pair(i, end int, in string) (key, value span, err error) {
	b, start := x.raw[:end], i
	var hasKey, hasValue bool
	for i < end {
		f, err := readField(b, i)
		if err != nil {
			return key, value, &DecodeError{i, in, err}
		}
		s := span{uint32(f.next - len(f.data)), uint32(len(f.data))}
		switch f.num {
		case pairKey:
			key, hasKey = s, true
		case pairValue:
			value, hasValue = s, true
		}
		if (f.num == pairKey || f.num == pairValue) && f.typ != wireBytes {
			return key, value, &DecodeError{i, in, errWireType}
		}
		i = f.next
	}
	if !hasKey || !hasValue {
		return key, value, &DecodeError{start, in, errRequired}
	}
	return key, value, nil
}
