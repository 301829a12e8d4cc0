package sls

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// pair is one content of a log or one tag of a group. Both slices point into the serialized group.
type pair struct{ key, value []byte }

// logGroup is a LogGroup whose logs are not decoded yet. All slices point into the serialized group.
type logGroup struct {
	topic, source []byte
	tags          []pair
	logs          [][]byte // serialized Log messages
}

// logRecord is one decoded Log. Its slices point into the serialized group.
type logRecord struct {
	time, ns uint32
	contents []pair
}

var errRequired = errors.New("a required field is missing")

// decode reads a serialized LogGroup into g, reusing its slices. Unknown fields are skipped; a known field with
// another wire type is an error.
func (g *logGroup) decode(raw []byte) error {
	g.topic, g.source, g.tags, g.logs = nil, nil, g.tags[:0], g.logs[:0]
	for len(raw) > 0 {
		num, data, rest, err := nextBytes(raw, 6)
		if err != nil {
			return fmt.Errorf("log group: %w", err)
		}
		raw = rest
		switch num {
		case 1:
			g.logs = append(g.logs, data)
		case 3:
			g.topic = data
		case 4:
			g.source = data
		case 6:
			tag, err := decodePair(data)
			if err != nil {
				return fmt.Errorf("log tag: %w", err)
			}
			g.tags = append(g.tags, tag)
		}
	}
	return nil
}

// nextBytes reads one field whose number is at most known as length-delimited, and skips others with num 0.
func nextBytes(b []byte, known protowire.Number) (num protowire.Number, data, rest []byte, err error) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return 0, nil, nil, protowire.ParseError(n)
	}
	b = b[n:]
	if num > known {
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return 0, nil, nil, protowire.ParseError(n)
		}
		return 0, nil, b[n:], nil
	}
	if typ != protowire.BytesType {
		return 0, nil, nil, fmt.Errorf("field %d has wire type %d", num, typ)
	}
	data, n = protowire.ConsumeBytes(b)
	if n < 0 {
		return 0, nil, nil, protowire.ParseError(n)
	}
	return num, data, b[n:], nil
}

// decodePair reads a Content or a LogTag.
func decodePair(b []byte) (pair, error) {
	var p pair
	var hasKey, hasValue bool
	for len(b) > 0 {
		num, data, rest, err := nextBytes(b, 2)
		if err != nil {
			return pair{}, err
		}
		b = rest
		switch num {
		case 1:
			p.key, hasKey = data, true
		case 2:
			p.value, hasValue = data, true
		}
	}
	if !hasKey || !hasValue {
		return pair{}, errRequired
	}
	return p, nil
}

// decode reads a serialized Log into l, reusing its slice.
func (l *logRecord) decode(b []byte) error {
	l.time, l.ns, l.contents = 0, 0, l.contents[:0]
	hasTime := false
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("log: %w", protowire.ParseError(n))
		}
		size, err := l.field(num, typ, b[n:])
		if err != nil {
			return err
		}
		hasTime = hasTime || num == 1
		b = b[n+size:]
	}
	if !hasTime {
		return fmt.Errorf("log: %w", errRequired)
	}
	return nil
}

// field reads the value of one field of a Log and returns its length.
func (l *logRecord) field(num protowire.Number, typ protowire.Type, b []byte) (int, error) {
	if num == 1 && typ != protowire.VarintType || num == 2 && typ != protowire.BytesType || num == 4 && typ != protowire.Fixed32Type {
		return 0, fmt.Errorf("log: field %d has wire type %d", num, typ)
	}
	var n int
	switch num {
	case 1:
		var v uint64
		v, n = protowire.ConsumeVarint(b)
		l.time = uint32(v)
	case 2:
		var data []byte
		if data, n = protowire.ConsumeBytes(b); n >= 0 {
			p, err := decodePair(data)
			if err != nil {
				return 0, fmt.Errorf("content: %w", err)
			}
			l.contents = append(l.contents, p)
		}
	case 4:
		l.ns, n = protowire.ConsumeFixed32(b)
	default:
		n = protowire.ConsumeFieldValue(num, typ, b)
	}
	if n < 0 {
		return 0, fmt.Errorf("log: %w", protowire.ParseError(n))
	}
	return n, nil
}

// appendTag adds a LogTag to a serialized LogGroup.
func appendTag(group []byte, key, value string) []byte { return appendPair(group, 6, key, value) }

// appendPair adds a Content or a LogTag as field num of a message.
func appendPair(b []byte, num protowire.Number, key, value string) []byte {
	size := protowire.SizeTag(1) + protowire.SizeBytes(len(key)) + protowire.SizeTag(2) + protowire.SizeBytes(len(value))
	b = protowire.AppendTag(b, num, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	b = protowire.AppendString(b, key)
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	return protowire.AppendString(b, value)
}

// logPackage is one SlsLogPackage of a batch.
type logPackage struct {
	data []byte
	size int
	kind string // codec, "" = plain
}

// decodePackages reads a serialized SlsLogPackageList.
func decodePackages(b []byte) ([]logPackage, error) {
	var list []logPackage
	for len(b) > 0 {
		num, data, rest, err := nextBytes(b, 1)
		if err != nil {
			return nil, err
		}
		b = rest
		if num != 1 {
			continue
		}
		p, err := decodePackage(data)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func decodePackage(b []byte) (logPackage, error) {
	p := logPackage{kind: "lz4", size: -1}
	hasData := false
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return p, protowire.ParseError(n)
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return p, protowire.ParseError(n)
		}
		switch {
		case num == 1 && typ == protowire.BytesType:
			p.data, _ = protowire.ConsumeBytes(b)
			hasData = true
		case num == 2 && typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(b)
			p.size = int(int32(v))
		case num == 3 && typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(b)
			kinds := []string{"", "deflate", "lz4", "zstd"}
			if v >= uint64(len(kinds)) {
				return p, fmt.Errorf("compress_type %d is not known", v)
			}
			p.kind = kinds[v]
		case num <= 3:
			return p, fmt.Errorf("log package: field %d has wire type %d", num, typ)
		}
		b = b[n:]
	}
	if !hasData {
		return p, errRequired
	}
	if p.size < 0 && p.kind == "" { // the size is optional; only plain data tells it by itself
		p.size = len(p.data)
	}
	return p, nil
}
