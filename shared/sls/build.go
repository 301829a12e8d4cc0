package sls

import (
	"encoding/binary"
	"math/bits"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Builder makes one serialized LogGroup. The zero value is ready; Reset makes it ready again and keeps its memory.
// It is not safe for concurrent use.
type Builder struct {
	head []byte // topic, source, tags
	logs []byte // finished logs
	log  []byte // the log being built
	ns   uint32 // of the log being built
	open bool
	n    int
}

// Reset empties the builder.
func (b *Builder) Reset() {
	b.head, b.logs, b.log, b.open, b.n = b.head[:0], b.logs[:0], b.log[:0], false, 0
}

// SetTopic sets the group's topic.
func (b *Builder) SetTopic(topic string) { b.head = appendString(b.head, groupTopic, topic) }

// SetSource sets the group's source.
func (b *Builder) SetSource(source string) { b.head = appendString(b.head, groupSource, source) }

// AddTag adds a tag to the group.
func (b *Builder) AddTag(key, value string) { b.head = appendTag(b.head, key, value) }

// StartLog begins the next log: Unix seconds, and the nanosecond part, which 0 leaves out.
func (b *Builder) StartLog(sec, ns uint32) {
	b.finish()
	b.open = true
	b.n++
	b.log = append(b.log[:0], logTime<<3|wireVarint)
	b.log = binary.AppendUvarint(b.log, uint64(sec))
	b.ns = ns
}

// Field adds a field to the log begun last. Without one it does nothing.
func (b *Builder) Field(key, value string) {
	if !b.open {
		return
	}
	b.log = append(b.log, logContents<<3|wireBytes)
	b.log = binary.AppendUvarint(b.log, uint64(pairSize(key, value)))
	b.log = appendString(b.log, pairKey, key)
	b.log = appendString(b.log, pairValue, value)
}

// Len returns the number of logs begun so far.
func (b *Builder) Len() int { return b.n }

// Size returns the size of the serialized group so far, to a few bytes.
func (b *Builder) Size() int { return len(b.head) + len(b.logs) + len(b.log) }

// Bytes returns the serialized group in memory of its own.
func (b *Builder) Bytes() []byte {
	b.finish()
	out := make([]byte, 0, len(b.head)+len(b.logs))
	return append(append(out, b.logs...), b.head...)
}

func (b *Builder) finish() {
	if !b.open {
		return
	}
	if b.ns != 0 {
		b.log = append(b.log, logTimeNS<<3|wireFixed32)
		b.log = binary.LittleEndian.AppendUint32(b.log, b.ns)
	}
	b.logs = append(b.logs, groupLogs<<3|wireBytes)
	b.logs = binary.AppendUvarint(b.logs, uint64(len(b.log)))
	b.logs = append(b.logs, b.log...)
	b.log, b.open = b.log[:0], false
}

// AppendTags appends to dst the serialized group with more tags at its end, and returns the longer slice. Nothing of
// the group is decoded: protobuf lets a repeated field be continued anywhere. rawGroup must be one whole LogGroup, as
// [Group.Raw] returns it. Give dst enough capacity ([TagsSize]) and nothing is allocated.
func AppendTags(dst, rawGroup []byte, tags []soc.Tag) []byte {
	dst = append(dst, rawGroup...)
	for _, t := range tags {
		dst = appendTag(dst, t.Key, t.Value)
	}
	return dst
}

// TagsSize returns how many bytes [AppendTags] adds for the tags.
func TagsSize(tags []soc.Tag) int {
	n := 0
	for _, t := range tags {
		p := pairSize(t.Key, t.Value)
		n += 1 + uvarintLen(p) + p
	}
	return n
}

func appendTag(dst []byte, key, value string) []byte {
	dst = append(dst, groupTags<<3|wireBytes)
	dst = binary.AppendUvarint(dst, uint64(pairSize(key, value)))
	dst = appendString(dst, pairKey, key)
	return appendString(dst, pairValue, value)
}

func appendString(dst []byte, num byte, s string) []byte {
	dst = append(dst, num<<3|wireBytes)
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func pairSize(key, value string) int {
	return 2 + uvarintLen(len(key)) + len(key) + uvarintLen(len(value)) + len(value)
}

func uvarintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }
