package sls

import "iter"

// Log is a view of one log of a [Group].
type Log struct {
	raw []byte
	x   *Index // nil: fields are read from raw
	at  int    // in x
}

// Time returns the log's time: Unix seconds and the nanosecond part, which is 0 when the writer gave none. The
// nanosecond part is the writer's and may be out of range.
func (l Log) Time() (sec, ns uint32) {
	if l.x != nil {
		s := &l.x.logs[l.at]
		return s.sec, s.ns
	}
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
	if l.x != nil {
		return int(l.x.logs[l.at].pairs)
	}
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
		if l.x != nil {
			l.x.fields(l.at, yield)
			return
		}
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
