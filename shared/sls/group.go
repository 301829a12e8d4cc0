package sls

import "iter"

// Group is a view of one serialized LogGroup that was checked before. It owns nothing: it lives as long as the bytes
// it was made from stay unchanged.
type Group struct {
	raw, topic, source []byte
	logs               int
}

// ParseGroup checks one serialized LogGroup and returns its view. Its error is of kind Invalid and carries a
// [*DecodeError].
func ParseGroup(raw []byte) (Group, error) {
	g, err := checkGroup(raw, 0)
	if err != nil {
		return Group{}, invalidBytes(err)
	}
	return g, nil
}

// Raw returns the serialized group.
func (g Group) Raw() []byte { return g.raw }

// Topic returns the topic, empty when there is none.
func (g Group) Topic() []byte { return g.topic }

// Source returns the source that the writer named, empty when there is none.
func (g Group) Source() []byte { return g.source }

// NumLogs returns the number of logs.
func (g Group) NumLogs() int { return g.logs }

// Tags yields the group's tags in order. A key may occur more than once.
func (g Group) Tags() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for i := 0; i < len(g.raw); {
			f, err := readField(g.raw, i)
			if err != nil {
				return
			}
			if f.num == groupTags {
				if !yield(pair(f.data)) {
					return
				}
			}
			i = f.next
		}
	}
}

// Logs yields the group's logs in order, each with its position from 0.
func (g Group) Logs() iter.Seq2[int, Log] {
	return func(yield func(int, Log) bool) {
		n := 0
		for i := 0; i < len(g.raw); {
			f, err := readField(g.raw, i)
			if err != nil {
				return
			}
			if f.num == groupLogs {
				if !yield(n, Log{f.data}) {
					return
				}
				n++
			}
			i = f.next
		}
	}
}

// Log is a view of one log of a [Group].
type Log struct{ raw []byte }

// Time returns the log's time: Unix seconds and the nanosecond part, which is 0 when the writer gave none. The
// nanosecond part is the writer's and may be out of range.
func (l Log) Time() (sec, ns uint32) {
	for i := 0; i < len(l.raw); {
		f, err := readField(l.raw, i)
		if err != nil {
			return sec, ns
		}
		switch f.num {
		case logTime:
			sec = uint32(f.val)
		case logTimeNS:
			ns = uint32(f.val)
		}
		i = f.next
	}
	return sec, ns
}

// Len returns the number of fields.
func (l Log) Len() int {
	n := 0
	for i := 0; i < len(l.raw); {
		f, err := readField(l.raw, i)
		if err != nil {
			return n
		}
		if f.num == logContents {
			n++
		}
		i = f.next
	}
	return n
}

// Fields yields keys and values in the order they were written. A key may occur more than once; a value need not be
// UTF-8.
func (l Log) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for i := 0; i < len(l.raw); {
			if l.raw[i] == logContents<<3|wireBytes {
				if data, next := cut(l.raw, i+1); next > 0 {
					if !yield(pair(data)) {
						return
					}
					i = next
					continue
				}
			}
			f, err := readField(l.raw, i)
			if err != nil {
				return
			}
			if f.num == logContents {
				if !yield(pair(f.data)) {
					return
				}
			}
			i = f.next
		}
	}
}

// Get returns the value of the first field with the key.
func (l Log) Get(key string) ([]byte, bool) {
	for k, v := range l.Fields() {
		if string(k) == key {
			return v, true
		}
	}
	return nil, false
}

// pair returns key and value of a checked Content or LogTag.
func pair(b []byte) (key, value []byte) {
	if key, value, ok := splitPair(b); ok {
		return key, value
	}
	for i := 0; i < len(b); {
		f, err := readField(b, i)
		if err != nil {
			return key, value
		}
		switch f.num {
		case pairKey:
			key = f.data
		case pairValue:
			value = f.data
		}
		i = f.next
	}
	return key, value
}
