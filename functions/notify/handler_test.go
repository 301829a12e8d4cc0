package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func setup(t *testing.T) (*handler, *store.DB) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "soc.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.SaveRun(t.Context(), soc.Run{ID: "run-1", Playbook: "block-ip", IncidentID: "inc-1", State: soc.RunPlanned}); err != nil {
		t.Fatal(err)
	}
	return &handler{approvals: db, runs: db, wait: time.Hour, now: func() time.Time { return now }}, db
}

func recorded(t *testing.T) request {
	t.Helper()
	raw, err := os.ReadFile("testdata/request_approval.json")
	if err != nil {
		t.Fatal(err)
	}
	var in request
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestAskKeepsTheNewestToken(t *testing.T) {
	t.Parallel()
	h, db := setup(t)
	in := recorded(t)
	for _, token := range []string{"first", "second"} {
		in.Token = token
		out, err := h.handle(t.Context(), in)
		if err != nil || out.Status != "ok" {
			t.Fatalf("answer %+v, error %v", out, err)
		}
		if raw, _ := json.Marshal(out); strings.Contains(string(raw), token) {
			t.Errorf("the answer shows the token: %s", raw)
		}
	}
	a, err := db.Approval(t.Context(), "run-1")
	if err != nil || a.Token != "second" || a.Decision != "" || !a.Deadline.Equal(now.Add(time.Hour)) {
		t.Errorf("approval %+v, error %v", a, err)
	}
	run, err := db.Run(t.Context(), "run-1")
	if err != nil || run.State != soc.RunWaiting {
		t.Errorf("run %+v, error %v", run, err)
	}
	if tl, err := db.Timeline(t.Context(), "inc-1"); err != nil || len(tl) != 1 || tl[0].Kind != "approval" {
		t.Errorf("timeline %+v, error %v", tl, err)
	}
	if err := db.Decide(t.Context(), "run-1", "approved", "alice", now); err != nil {
		t.Fatal(err)
	}
	if _, err := h.handle(t.Context(), in); soc.KindOf(err) != soc.Conflict || strings.Contains(err.Error(), "second") {
		t.Errorf("asked after the answer: %v", err)
	}
}

func TestSendOnce(t *testing.T) {
	t.Parallel()
	h, db := setup(t)
	for range 2 {
		if _, err := h.handle(t.Context(), request{Operation: "send", RunID: "run-1", Message: "blocked\x00 \x1b[31mone\n"}); err != nil {
			t.Fatal(err)
		}
	}
	tl, err := db.Timeline(t.Context(), "inc-1")
	if err != nil || len(tl) != 1 || tl[0].Text != "blocked [31mone" {
		t.Errorf("timeline %+v, error %v", tl, err)
	}
	if got := []rune(clean(strings.Repeat("火", 2000))); len(got) != maxMessage+1 {
		t.Errorf("message of %d characters", len(got))
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	h, _ := setup(t)
	tests := []struct {
		in   request
		want soc.Kind
	}{
		{request{Operation: "send", RunID: "run-1"}, soc.Invalid},
		{request{Operation: "dance", RunID: "run-1"}, soc.Invalid},
		{request{Operation: "request_approval", RunID: "run-1", Playbook: "block-ip"}, soc.Invalid},
		{request{Operation: "request_approval", RunID: "run-1", Playbook: "other", Token: "t"}, soc.Invalid},
		{request{Operation: "send", RunID: "no-such", Message: "x"}, soc.NotFound},
	}
	for _, tt := range tests {
		if _, err := h.handle(t.Context(), tt.in); soc.KindOf(err) != tt.want {
			t.Errorf("%+v: got %v, want %s", tt.in, err, tt.want)
		}
	}
}
