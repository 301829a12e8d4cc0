package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// PingPayload is the event that every function answers by itself with a [Pong], whatever its own input is. It builds the
// instance when that was not done yet, and reaches no handler: it shows that the function starts with its
// configuration, and does nothing else.
const PingPayload = `{"fenghuo":"ping"}`

// Pong is the answer to a ping. A function that cannot be built says why in fields, which survive the platform's error
// form; none of them holds a secret, as no error of ours does.
type Pong struct {
	Function string   `json:"function"` // folder name, as it was built in
	OK       bool     `json:"ok"`
	Op       string   `json:"op,omitempty"`   // what failed, as soc.Error.Op
	Kind     soc.Kind `json:"kind,omitempty"` // of the failure
	Reason   string   `json:"reason,omitempty"`
	Next     string   `json:"next,omitempty"` // what to do
}

func isPing(payload []byte) bool { return bytes.Equal(bytes.TrimSpace(payload), []byte(PingPayload)) }

// ping answers; a failure to build is data.
func (s *Server) ping(ctx context.Context) ([]byte, error) {
	p := Pong{Function: s.name, OK: true}
	if _, err := s.handlers(ctx); err != nil {
		p.OK, p.Kind, p.Reason, p.Next = false, soc.KindOf(err), err.Error(), soc.NextOf(err)
		var e *soc.Error
		if errors.As(err, &e) {
			p.Op = e.Op
		}
	}
	return json.Marshal(p)
}
