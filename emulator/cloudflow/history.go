package cloudflow

import (
	"encoding/json"
	"time"
)

// Event is one line of an execution's history, with the documented type names.
//
// Assumption: EventDetail is JSON under the one key "emulator", which no product code may read; what the service puts
// there is not documented, nor are events of retries, of which there are none here.
type Event struct {
	StepName        string
	Type            string
	EventID         int    `json:"EventId"`
	ScheduleEventID int    `json:"ScheduleEventId"`
	EventDetail     string // JSON text
	Time            string // RFC 3339 with milliseconds, UTC
}

// maxEvents is how many events an execution may have (documented limit).
const maxEvents = 5000

// trail is one path through an execution; it remembers the event that caused the next one.
type trail struct {
	x    *execution
	last int
}

func (t *trail) fork() *trail { return &trail{t.x, t.last} }

// event appends to the history and returns the id of the event, 0 when the limit is reached.
func (t *trail) event(typ, step string, detail any) int {
	x := t.x
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.events) >= maxEvents {
		return 0
	}
	body := "{}"
	if detail != nil {
		if b, err := json.Marshal(map[string]any{"emulator": detail}); err == nil {
			body = string(b)
		}
	}
	e := Event{StepName: step, Type: typ, EventID: len(x.events) + 1, ScheduleEventID: t.last, EventDetail: body, Time: stamp(x.service.clock())}
	x.events = append(x.events, e)
	t.last = e.EventID
	return e.EventID
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
