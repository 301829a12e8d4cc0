package fc

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// Any lambda.Handler can be served, and our handlers are lambda handlers.
var (
	_ EventHandler   = lambda.Handler(nil)
	_ lambda.Handler = EventHandler(nil)
)

func TestEventsRoundTrip(t *testing.T) {
	t.Parallel()
	var log LogTriggerEvent
	var timer TimerEvent
	for file, event := range map[string]any{
		"testdata/log_trigger.json": &log, "testdata/timer.json": &timer, "testdata/oss.json": &OSSEvent{},
		"testdata/eventbridge.json": &CloudEvent{}, "testdata/mns_topic.json": &MNSEvent{},
	} {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(want))
		d.DisallowUnknownFields() // the recorded event has no field that we drop
		if err := d.Decode(event); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		got, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, bytes.TrimSpace(want)) {
			t.Errorf("%s comes back as\n%s\nwant\n%s", file, got, want)
		}
	}
	if log.Source.ShardID != 1 || log.Source.LogstoreName != "stream" || log.CursorTime != 1767283200 {
		t.Errorf("log trigger = %+v", log)
	}
	if !timer.TriggerTime.Equal(time.Date(2026, 1, 1, 16, 0, 0, 0, time.UTC)) || timer.Payload != `{"worker":1}` {
		t.Errorf("timer = %+v", timer)
	}
}

func FuzzDecode(f *testing.F) {
	for _, file := range []string{"testdata/log_trigger.json", "testdata/timer.json"} {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"source":{"shardId":1}} trailing`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if _, err := decode[LogTriggerEvent](payload); err == nil && !json.Valid(payload) {
			t.Errorf("took %q, which is not JSON", payload)
		}
	})
}
