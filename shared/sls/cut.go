package sls

import (
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// cutter takes a serialized group apart at its log boundaries.
type cutter struct {
	raw  []byte
	head []byte // every field that is no log
	logs []span // with tag and length
}

// open finds the boundaries of a group.
func (c *cutter) open(raw []byte) error {
	c.raw, c.head, c.logs = raw, c.head[:0], c.logs[:0]
	for i := 0; i < len(raw); {
		f, err := readField(raw, i)
		if err != nil {
			return invalidBytes(&DecodeError{i, "LogGroup", err})
		}
		if f.num == groupLogs {
			c.logs = append(c.logs, span{uint32(i), uint32(f.next - i)})
		} else {
			c.head = append(c.head, raw[i:f.next]...)
		}
		i = f.next
	}
	return nil
}

func (c *cutter) len() int { return len(c.logs) }

// fit tells how many logs from first on fit into size bytes with the head.
func (c *cutter) fit(first, size int) int {
	size -= len(c.head)
	n := 0
	for first+n < len(c.logs) && int(c.logs[first+n].n) <= size {
		size -= int(c.logs[first+n].n)
		n++
	}
	return n
}

// build appends the group with n of its logs and more tags at its end.
func (c *cutter) build(dst []byte, first, n int, tags []soc.Tag) []byte {
	for _, l := range c.logs[first : first+n] {
		dst = append(dst, c.raw[l.at:l.at+l.n]...)
	}
	return AppendTags(dst, c.head, tags)
}
