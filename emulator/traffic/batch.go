package traffic

import "encoding/binary"

// KV is a field of a log.
type KV struct{ Key, Value string }

// Log is one log: its time and its fields in the order of the product.
type Log struct {
	Time   uint32 // Unix seconds
	Nano   uint32
	Fields []KV
}

// Batch is what a product writes to one Logstore at once.
type Batch struct {
	AccountUID string
	Project    string
	Logstore   string
	Topic      string
	Source     string
	Logs       []Log
}

// Encode returns the batch as a serialized LogGroup of SLS, uncompressed: Logs 1 (Time 1, Contents 2 (Key 1, Value 2), Time_ns 4),
// Topic 3, Source 4.
func (b Batch) Encode() []byte {
	var group, log, pair []byte
	for _, l := range b.Logs {
		log = binary.AppendUvarint(append(log[:0], 1<<3), uint64(l.Time))
		for _, f := range l.Fields {
			pair = appendBytes(appendBytes(pair[:0], 1, f.Key), 2, f.Value)
			log = appendBytes(log, 2, string(pair))
		}
		log = binary.LittleEndian.AppendUint32(append(log, 4<<3|5), l.Nano)
		group = appendBytes(group, 1, string(log))
	}
	group = appendBytes(group, 3, b.Topic)
	return appendBytes(group, 4, b.Source)
}

func appendBytes(dst []byte, field byte, value string) []byte {
	dst = binary.AppendUvarint(append(dst, field<<3|2), uint64(len(value)))
	return append(dst, value...)
}
