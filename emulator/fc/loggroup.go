package fc

import (
	"encoding/binary"
	"time"
)

// logGroup writes the LogGroup message of the log service: Logs 1, Topic 3, Source 4; Log: Time 1, Contents 2,
// Time_ns 4; Content: Key 1, Value 2.
type logGroup struct{ buf []byte }

func (g *logGroup) begin(topic, source string) {
	g.buf = appendText(g.buf, 3, topic)
	g.buf = appendText(g.buf, 4, source)
}

// log adds one log with keys and values in turn.
func (g *logGroup) log(at time.Time, pairs ...string) {
	body := binary.AppendUvarint([]byte{1 << 3}, uint64(uint32(at.Unix())))
	for i := 0; i+1 < len(pairs); i += 2 {
		pair := appendText(nil, 1, pairs[i])
		pair = appendText(pair, 2, pairs[i+1])
		body = appendText(body, 2, string(pair))
	}
	body = append(body, 4<<3|5)
	body = binary.LittleEndian.AppendUint32(body, uint32(at.Nanosecond()))
	g.buf = appendText(g.buf, 1, string(body))
}

func appendText(b []byte, field int, s string) []byte {
	b = append(b, byte(field<<3|2))
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
