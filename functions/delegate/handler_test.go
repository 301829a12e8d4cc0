package main

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const (
	mgmt   = "1100000000000001"
	admin  = "1100000000000002"
	nobody = "1100000000000009"
)

// stub is a directory with one member.
type stub struct {
	services []string
	writes   int
	err      error
	notes    []org.DelegationNote
	errNote  error
}

var testNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newHandler(d delegator) *handler {
	return &handler{org: d, now: func() time.Time { return testNow }}
}

func (s *stub) Note(_ context.Context, _ string, n org.DelegationNote) error {
	if s.errNote == nil {
		s.notes = append(s.notes, n)
	}
	return s.errNote
}

func (s *stub) ResourceDirectory(context.Context) (org.DirectoryInfo, error) {
	return org.DirectoryInfo{ID: "rd-1", ManagementAccount: mgmt}, s.err
}

func (s *stub) Member(_ context.Context, uid string) (org.MemberInfo, error) {
	if uid != admin {
		return org.MemberInfo{}, &soc.Error{Kind: soc.NotFound, Op: "GetAccount"}
	}
	return org.MemberInfo{UID: admin, Name: "security", Status: "InviteSuccess"}, nil
}

func (s *stub) TrustedServices(context.Context) ([]string, error)        { return org.Principals(), nil }
func (s *stub) Administrators(context.Context, string) ([]string, error) { return nil, nil }
func (s *stub) ServicesOf(context.Context, string) ([]string, error) {
	return slices.Clone(s.services), nil
}
func (s *stub) EnableTrustedAccess(context.Context, string) error { return nil }
func (s *stub) Register(_ context.Context, _ string, p string) error {
	s.services = append(s.services, p)
	s.writes++
	return nil
}

func (s *stub) Deregister(_ context.Context, _ string, p string) error {
	s.services = slices.DeleteFunc(s.services, func(x string) bool { return x == p })
	s.writes++
	return nil
}

func TestHandle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		self    string
		payload string
		status  string
		writes  int
		left    int
	}{
		"check":                {mgmt, `{"operation":"check","input":{"administrator":"` + admin + `"}}`, "ok", 0, 0},
		"designate":            {mgmt, `{"operation":"designate","administrator":"` + admin + `"}`, "ok", 2, 2},
		"remove":               {mgmt, `{"operation":"remove","administrator":"` + admin + `"}`, "ok", 0, 0},
		"wrong account":        {admin, `{"operation":"designate","administrator":"` + admin + `"}`, "refused", 0, 0},
		"not a member":         {mgmt, `{"operation":"designate","administrator":"` + nobody + `"}`, "refused", 0, 0},
		"no candidate":         {mgmt, `{"operation":"check","input":{}}`, "refused", 0, 0},
		"number for a uid":     {mgmt, `{"operation":"check","input":{"administrator":1100000000000002}}`, "refused", 0, 0},
		"unknown input":        {mgmt, `{"operation":"check","input":{"admin":"x"}}`, "refused", 0, 0},
		"unknown operation":    {mgmt, `{"operation":"promote"}`, "refused", 0, 0},
		"remove by a stranger": {admin, `{"operation":"remove","administrator":"` + admin + `"}`, "refused", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{}
			got := call(t, newHandler(s), tt.self, tt.payload)
			if got.Status != tt.status || s.writes != tt.writes || len(s.services) != tt.left {
				t.Errorf("status %q (%s), %d writes, left %v; want %q, %d, %d", got.Status, got.Reason, s.writes, s.services, tt.status, tt.writes, tt.left)
			}
			if refused := got.Status == "refused"; refused != (got.Reason != "" && got.ReasonZH != "") {
				t.Errorf("reason %q / %q: exactly a refusal needs both", got.Reason, got.ReasonZH)
			}
			if got.Checks == nil || got.Services == nil {
				t.Error("flows read checks and services: they must be lists, never null")
			}
		})
	}
}

func call(t *testing.T, h *handler, self, payload string) result {
	t.Helper()
	var r request
	if err := json.Unmarshal([]byte(payload), &r); err != nil {
		t.Fatal(err)
	}
	got, err := h.handle(fc.NewContext(t.Context(), &fc.Context{AccountID: self}), r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestWhoChangedItIsNoted: a change leaves who asked for it and by which run in the directory, also one that completes half
// a delegation; what changes nothing or is refused leaves no note, and a note that cannot be left stops nothing.
func TestWhoChangedItIsNoted(t *testing.T) {
	t.Parallel()
	note := func(change string) []org.DelegationNote {
		return []org.DelegationNote{{Change: change, At: testNow, Run: "r1", By: "alice"}}
	}
	for name, tt := range map[string]struct {
		op   string
		self string
		have []string
		want []org.DelegationNote
	}{
		"designate":          {"designate", mgmt, nil, note("designated")},
		"complete":           {"designate", mgmt, org.Principals()[:1], note("designated")},
		"designated already": {"designate", mgmt, org.Principals(), nil},
		"refused":            {"designate", admin, nil, nil},
		"check":              {"check", mgmt, nil, nil},
		"remove":             {"remove", mgmt, org.Principals(), note("removed")},
		"remove half":        {"remove", mgmt, org.Principals()[1:], note("removed")},
		"removed already":    {"remove", mgmt, nil, nil},
	} {
		s := &stub{services: tt.have}
		got := call(t, newHandler(s), tt.self, `{"operation":"`+tt.op+`","run_id":"r1","input":{"administrator":"`+admin+`","by":"alice"}}`)
		if d := cmp.Diff(tt.want, s.notes); d != "" || got.By != "alice" || got.Note != "" {
			t.Errorf("%s: %+v\n%s", name, got, d)
		}
	}
	s := &stub{errNote: &soc.Error{Kind: soc.Conflict, Op: "TagResources", Code: "LimitExceeded.Tag"}}
	if got := call(t, newHandler(s), mgmt, `{"operation":"designate","administrator":"`+admin+`"}`); got.Status != "ok" || len(s.services) != 2 || got.Note == "" {
		t.Errorf("a note that cannot be left: %+v, %v", got, s.services)
	}
}

func TestRemoveAfterDesignate(t *testing.T) {
	t.Parallel()
	s := &stub{services: org.Principals()}
	got := call(t, newHandler(s), mgmt, `{"operation":"remove","administrator":"`+admin+`"}`)
	if got.Status != "ok" || len(s.services) != 0 || len(got.Services) != 2 {
		t.Errorf("%+v, left %v", got, s.services)
	}
}

func TestThrottlingIsAnError(t *testing.T) {
	t.Parallel()
	h := newHandler(&stub{err: &soc.Error{Kind: soc.Throttled, Op: "GetResourceDirectory"}})
	_, err := h.handle(fc.NewContext(t.Context(), &fc.Context{AccountID: mgmt}), request{Operation: "check", Administrator: admin})
	if soc.KindOf(err) != soc.Throttled {
		t.Errorf("got %v: what Retry can help must stay an error", err)
	}
}

// TestEveryFailureIsReported: who has three things to mend reads of all three at once.
func TestEveryFailureIsReported(t *testing.T) {
	t.Parallel()
	var out result
	if !refuse([]org.Finding{
		{ID: "a", Result: org.Fail, Evidence: "First.", Fix: "Mend it.", EvidenceZH: "一。", FixZH: "改。"},
		{ID: "b", Result: org.Pass},
		{ID: "c", Result: org.Fail, Evidence: "Second.", Fix: "Mend that.", EvidenceZH: "二。", FixZH: "换。"},
	}, &out) || out.Status != org.StatusRefused ||
		out.Reason != "First. Mend it. Second. Mend that." || out.ReasonZH != "一。改。二。换。" {
		t.Errorf("%+v", out)
	}
}
