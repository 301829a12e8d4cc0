package sls

import "iter"

// Group is a view of one serialized LogGroup that was checked before. It owns nothing: it lives as long as the bytes
// it was made from stay unchanged, and a view of an [Index] until the index is filled again.
type Group struct {
	raw, topic, source []byte
	logs               int
	first              int    // number of the first log
	x                  *Index // nil: fields are read from raw
	at                 int    // in x
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

// CountFrom returns the same view with its logs numbered from first instead of 0: for a group that is the later part of
// one that was split, see [Forwarder].
func (g Group) CountFrom(first int) Group {
	g.first = first
	return g
}

// Tags yields the group's tags in order. A key may occur more than once.
func (g Group) Tags() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if g.x != nil {
			g.x.tagsOf(g.at, yield)
			return
		}
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

// Logs yields the group's logs in order, each with its number, from 0 unless [Group.CountFrom] said otherwise.
func (g Group) Logs() iter.Seq2[int, Log] {
	return func(yield func(int, Log) bool) {
		n := g.first
		if g.x != nil {
			g.x.logsOf(g.at, n, yield)
			return
		}
		for i := 0; i < len(g.raw); {
			f, err := readField(g.raw, i)
			if err != nil {
				return
			}
			if f.num == groupLogs {
				if !yield(n, Log{raw: f.data}) {
					return
				}
				n++
			}
			i = f.next
		}
	}
}
