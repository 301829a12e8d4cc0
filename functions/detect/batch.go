package main

import (
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The bounds of one write, far below what SLS takes.
const (
	maxBatchLogs  = 1000
	maxBatchBytes = 3 << 20
)

// batch collects alerts for one write. Each alert is one log: field alert is the whole of it as JSON, the others are
// there to be searched.
type batch struct{ b sls.Builder }

func (b *batch) add(a soc.Alert, now time.Time) error {
	body, err := json.Marshal(a)
	if err != nil {
		return &soc.Error{Kind: soc.Internal, Op: "encode alert", Err: err}
	}
	if b.b.Len() == 0 {
		b.b.SetTopic("fenghuo_alert")
	}
	b.b.StartLog(uint32(now.Unix()), uint32(now.Nanosecond()))
	for _, f := range [...][2]string{
		{"id", a.ID},
		{"rule_id", a.RuleID},
		{"level", a.Level.String()},
		{"account", a.Account},
		{"region", a.Region},
		{"title", a.RuleTitle},
		{"event_time", a.EventTime.UTC().Format(time.RFC3339Nano)},
		{"alert", string(body)},
	} {
		b.b.Field(f[0], f[1])
	}
	return nil
}

func (b *batch) full() bool { return b.b.Len() >= maxBatchLogs || b.b.Size() >= maxBatchBytes }

// take returns the serialized group and begins a new one; nil when it is empty.
func (b *batch) take() []byte {
	if b.b.Len() == 0 {
		return nil
	}
	raw := b.b.Bytes()
	b.b.Reset()
	return raw
}
