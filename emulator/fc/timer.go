package fc

import (
	"encoding/json"
	"time"
)

// maxMissed is how many missed times of a timer are made up for when the clock jumps; older ones are dropped.
const maxMissed = 8

// fireTimers needs s.mu. Each due time becomes one asynchronous invocation (fc.md §3.2).
func (s *Service) fireTimers(f *function, now time.Time) {
	for _, t := range f.triggers {
		if t.timer == nil || !t.timer.Enable || t.next.IsZero() {
			continue
		}
		var due []time.Time
		for !t.next.IsZero() && !t.next.After(now) {
			if due = append(due, t.next); len(due) > maxMissed {
				due = due[1:]
			}
			t.next = t.schedule.Next(t.next)
		}
		if len(due) > 0 && s.again(f) {
			due = append(due, due[len(due)-1])
		}
		for _, at := range due {
			c := eventCall(newRequestID(), timerEvent(at, t.spec.TriggerName, t.timer.Payload))
			c.qualifier = t.spec.Qualifier
			s.backgroundLocked(func() {
				if err := s.enqueue(f, c); err != nil {
					f.note("timer " + t.spec.TriggerName + ": " + err.Error())
				}
			})
		}
	}
}

func timerEvent(at time.Time, name, payload string) []byte {
	doc, _ := json.Marshal(map[string]string{"triggerTime": stamp(at), "triggerName": name, "payload": payload})
	return doc
}
