package sls

import (
	"errors"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Wire types of protobuf that SLS uses. Groups (3 and 4) are refused.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// Fields of the messages, sls.md §2.
const (
	listGroups = 1

	groupLogs   = 1
	groupTopic  = 3
	groupSource = 4
	groupTags   = 6

	logTime     = 1
	logContents = 2
	logTimeNS   = 4

	pairKey   = 1
	pairValue = 2
)

var (
	errTruncated = errors.New("ends in the middle of a field")
	errVarint    = errors.New("varint is too long")
	errWireType  = errors.New("wire type does not fit the field")
	errTag       = errors.New("field number out of range")
	errRequired  = errors.New("required field is missing")
	errTime      = errors.New("time does not fit 32 bits")
	errUTF8      = errors.New("key is not UTF-8")
	errTooMany   = errors.New("more LogGroups than a pull can return")
	errTooLong   = errors.New("longer than an answer can be")
)

// field is one decoded field: its number, its wire type, its number value or its bytes, and where the next one starts.
type field struct {
	num  int
	typ  int
	val  uint64
	data []byte
	next int
}

// uvarint decodes a varint at b[i:]. It returns the index after it, or a negative index when it cannot be decoded.
func uvarint(b []byte, i int) (uint64, int) {
	if i < len(b) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	return uvarintSlow(b, i)
}

func uvarintSlow(b []byte, i int) (uint64, int) {
	var v uint64
	for n := range 10 {
		if i >= len(b) {
			return 0, -1
		}
		c := b[i]
		i++
		if n == 9 && c > 1 {
			return 0, -2
		}
		v |= uint64(c&0x7f) << (7 * n)
		if c < 0x80 {
			return v, i
		}
	}
	return 0, -2
}

// readField decodes the field at b[i:]. An error means that b is not a protobuf message from there on.
func readField(b []byte, i int) (field, error) {
	tag, i := uvarint(b, i)
	if i < 0 {
		return field{}, varintError(i)
	}
	f := field{typ: int(tag & 7)}
	if tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return field{}, errTag
	}
	f.num = int(tag >> 3)
	switch f.typ {
	case wireVarint:
		f.val, f.next = uvarint(b, i)
		if f.next < 0 {
			return field{}, varintError(f.next)
		}
	case wireBytes:
		n, j := uvarint(b, i)
		if j < 0 {
			return field{}, varintError(j)
		}
		if n > uint64(len(b)-j) {
			return field{}, errTruncated
		}
		f.data, f.next = b[j:j+int(n):j+int(n)], j+int(n)
	case wireFixed32:
		if len(b)-i < 4 {
			return field{}, errTruncated
		}
		f.val, f.next = uint64(le32(b[i:])), i+4
	case wireFixed64:
		if len(b)-i < 8 {
			return field{}, errTruncated
		}
		f.next = i + 8
	default:
		return field{}, errWireType
	}
	return f, nil
}

// cut returns the bytes whose length stands at b[i:], and where the next field starts. It knows lengths of one and two bytes
// and answers -1 for all else, malformed or not: readField then decides. Nearly every field takes this way.
func cut(b []byte, i int) (data []byte, next int) {
	if i+1 >= len(b) {
		return nil, -1
	}
	n := int(b[i])
	i++
	if n >= 0x80 {
		if b[i] >= 0x80 {
			return nil, -1
		}
		n = n&0x7f | int(b[i])<<7
		i++
	}
	if n > len(b)-i {
		return nil, -1
	}
	return b[i : i+n : i+n], i + n
}

// splitPair returns key and value of a Content or LogTag that is written as everybody writes it: the key, the value, and
// nothing else. Others are not ok, malformed or not.
func splitPair(b []byte) (key, value []byte, ok bool) {
	if len(b) < 4 || b[0] != pairKey<<3|wireBytes {
		return nil, nil, false
	}
	key, i := cut(b, 1)
	if i < 0 || i+1 >= len(b) || b[i] != pairValue<<3|wireBytes {
		return nil, nil, false
	}
	if b[i+1] == 0 && i+2 == len(b) {
		return key, b[i+2:], true
	}
	value, end := cut(b, i+1)
	return key, value, end == len(b)
}

func varintError(i int) error {
	if i == -1 {
		return errTruncated
	}
	return errVarint
}

func le32(b []byte) uint32 {
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// DecodeError says what is wrong with bytes that should be a LogGroup or a list of them, and where.
type DecodeError struct {
	Offset int    // of the field that cannot be read, from the start of the bytes that were given
	In     string // the message it stands in: LogGroupList, LogGroup, Log, Content, LogTag
	Err    error
}

// Error puts place and cause in one line. It never shows bytes of the message.
func (e *DecodeError) Error() string { return fmt.Sprintf("%s at byte %d: %v", e.In, e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

func invalidBytes(err error) error {
	return &soc.Error{
		Kind: soc.Invalid, Op: "decode logs", Err: err,
		Next: "the bytes are not what SLS stores; park the range and report it",
	}
}
