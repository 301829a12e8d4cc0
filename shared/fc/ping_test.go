package fc

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func TestPing(t *testing.T) {
	t.Parallel()
	down := &soc.Error{Kind: soc.Unavailable, Op: "open store", Err: errors.New("no such file"), Next: "mount it"}
	called := false
	event := Typed(func(context.Context, json.RawMessage) (string, error) { called = true; return "", nil })
	for name, tt := range map[string]struct {
		build BuildFunc
		want  Pong
	}{
		"starts":           {func(context.Context) (Handlers, error) { return Handlers{Event: event}, nil }, Pong{Function: "detect", OK: true}},
		"takes no events":  {func(context.Context) (Handlers, error) { return Handlers{}, nil }, Pong{Function: "detect", OK: true}},
		"cannot be built":  {func(context.Context) (Handlers, error) { return Handlers{}, down }, Pong{Function: "detect", Op: "open store", Kind: soc.Unavailable, Reason: "build detect: open store: no such file", Next: "mount it"}},
		"panics when made": {func(context.Context) (Handlers, error) { panic("no") }, Pong{Function: "detect", Op: "build detect", Kind: soc.Internal, Reason: "build detect: panic: no"}},
	} {
		var out buffer
		w := invoke(NewServer("detect", tt.build, &out), " "+PingPayload+"\n")
		var got Pong
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %s, %v", name, w.Code, w.Body, err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if strings.Contains(out.String(), "Invoke") {
			t.Errorf("%s: a ping left a mark: %s", name, out.String())
		}
	}
	if called {
		t.Error("a ping reached the handler")
	}
}
