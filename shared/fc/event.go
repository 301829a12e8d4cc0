package fc

import (
	"encoding/json"
	"time"
)

// LogTriggerEvent is what an SLS trigger sends (fc.md §3.1): a range of cursors in one shard, and no log data. The same
// range can arrive again.
type LogTriggerEvent struct {
	JobName    string          `json:"jobName"`
	TaskID     string          `json:"taskId"`
	CursorTime int64           `json:"cursorTime"` // Unix seconds of the last log received within the range
	Parameter  json.RawMessage `json:"parameter"`  // the trigger's functionParameter
	Source     LogRange        `json:"source"`
}

// LogRange is [BeginCursor, EndCursor) of a shard; cursors are base64 text.
type LogRange struct {
	Endpoint     string `json:"endpoint"`
	ProjectName  string `json:"projectName"`
	LogstoreName string `json:"logstoreName"`
	ShardID      int    `json:"shardId"`
	BeginCursor  string `json:"beginCursor"`
	EndCursor    string `json:"endCursor"`
}

// LenientJSON accepts fields that the platform adds.
func (LogTriggerEvent) LenientJSON() {}

// TimerEvent is what a timer trigger sends (fc.md §3.2).
type TimerEvent struct {
	TriggerTime time.Time `json:"triggerTime"` // UTC, seconds
	TriggerName string    `json:"triggerName"`
	Payload     string    `json:"payload"` // the configured text, not parsed
}

// LenientJSON accepts fields that the platform adds.
func (TimerEvent) LenientJSON() {}
