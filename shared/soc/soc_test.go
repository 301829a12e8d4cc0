package soc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestErrorSaysWhatWhereAndWhy(t *testing.T) {
	t.Parallel()
	e := &Error{
		Kind: Denied, Op: "assume role", Account: "1100000000000003", Resource: "acs:ram::1100000000000003:role/x",
		Code: "NoPermission", RequestID: "R1", Err: errors.New("not trusted"),
	}
	want := "assume role in account 1100000000000003 on acs:ram::1100000000000003:role/x: NoPermission: not trusted (request R1)"
	if e.Error() != want {
		t.Errorf("error = %q, want %q", e, want)
	}
	if got := (&Error{Kind: NotFound}).Error(); got != "notfound" {
		t.Errorf("an error with a kind alone reads %q", got)
	}
}

func TestKindAndNextComeFromTheOutermost(t *testing.T) {
	t.Parallel()
	inner := &Error{Kind: Throttled, Next: "wait"}
	outer := fmt.Errorf("collect: %w", &Error{Kind: Unavailable, Err: fmt.Errorf("pull: %w", inner)})
	for _, tc := range []struct {
		err   error
		kind  Kind
		retry bool
		next  string
	}{
		{nil, "", false, ""},
		{errors.New("x"), Internal, false, ""},
		{context.Canceled, Timeout, true, ""},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), Timeout, true, ""},
		{inner, Throttled, true, "wait"},
		{outer, Unavailable, true, "wait"},
		{errors.Join(errors.New("x"), &Error{Kind: Denied, Next: "ask"}), Denied, false, "ask"},
	} {
		if KindOf(tc.err) != tc.kind || Retryable(tc.err) != tc.retry || NextOf(tc.err) != tc.next {
			t.Errorf("%v: %s, %v, %q; want %s, %v, %q", tc.err, KindOf(tc.err), Retryable(tc.err), NextOf(tc.err), tc.kind, tc.retry, tc.next)
		}
	}
}

func TestOriginSurvivesForgedTags(t *testing.T) {
	t.Parallel()
	o := Origin{
		Account: "3", Region: "cn-hangzhou", Template: "waf", Source: "waf_cn-hangzhou_3", Project: "p", Logstore: "l",
		Shard: 2, Cursor: 1700000000000000001, ReadAt: time.UnixMilli(1700000000123).UTC(), First: 12,
	}
	tags := append([]Tag{{TagAccount, "9"}, {TagCursor, "nonsense"}, {"__receive_time__", "1"}}, o.Tags()...)
	got, err := ParseOrigin(func(yield func(k, v string) bool) {
		for _, t := range tags {
			if !yield(t.Key, t.Value) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(o, got); d != "" {
		t.Errorf("origin (-want +got):\n%s", d)
	}
	for i, drop := range o.Tags() {
		if drop.Key == TagRegion || drop.Key == TagSource {
			continue // useful, but identity does not rest on them
		}
		_, err := ParseOrigin(func(yield func(k, v string) bool) {
			for j, t := range o.Tags() {
				if j != i && !yield(t.Key, t.Value) {
					return
				}
			}
		})
		if KindOf(err) != Invalid {
			t.Errorf("without %s: %v, want Invalid", drop.Key, err)
		}
	}
}

func TestIDsAreDerived(t *testing.T) {
	t.Parallel()
	a, b := RecordID{"p", "l", 1, 7, 0}, RecordID{"p", "l", 1, 7, 1}
	if AlertID("r", a) == AlertID("r", b) || AlertID("r", a) == AlertID("s", a) {
		t.Error("an alert's id must follow from its rule and record, and from nothing else")
	}
	// The ids are on disk and in other systems: they must never change.
	for got, want := range map[string]string{
		AlertID("r", a):        "e47a7ab1-5513-5f6d-a12a-b4ce0e7fc462",
		IncidentID("a"):        "16d81ea3-86b0-5726-a33f-b08419aad1ca",
		RunID("block-ip", "i"): "run-5b5d0e23-1609-5b21-921d-b66dfb320485",
	} {
		if got != want {
			t.Errorf("id = %s, want %s", got, want)
		}
	}
	if run := RunID("block-ip", "i"); !strings.HasPrefix(run, "run-") || run == RunID("block-ip", "j") || run == RunID("other", "i") {
		t.Errorf("run id %q", run)
	}
	if TaskID("r", "3", "a", "t") == TaskID("r", "3", "at", "") {
		t.Error("task ids of different actions are equal")
	}
}

func TestEntityKey(t *testing.T) {
	t.Parallel()
	same := func(a, b Entity) bool { return a.Key() == b.Key() }
	if same(Entity{Type: EntityUser, Value: "ci", Account: "3"}, Entity{Type: EntityUser, Value: "ci", Account: "4"}) {
		t.Error("users of two accounts are one entity")
	}
	if !same(Entity{Type: EntityIP, Value: "203.0.113.1", Account: "3", Part: "attacker"}, Entity{Type: EntityIP, Value: "203.0.113.1"}) {
		t.Error("one address is two entities")
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for l := Informational; l <= Critical; l++ {
		if ParseLevel(l.String()) != l {
			t.Errorf("%d is written as %q and read as %d", l, l, ParseLevel(l.String()))
		}
	}
	if ParseLevel("") != Medium || ParseLevel("grave") != Medium || Level(9).String() != "unknown" {
		t.Error("an unknown level is medium, an impossible one is called unknown")
	}
}

func FuzzParseRecordID(f *testing.F) {
	f.Add(RecordID{"p", "l", 0, 1700000000000000001, 3}.String())
	f.Add("p/l/-1/0/0")
	f.Add("////")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRecordID(s)
		if err != nil {
			if KindOf(err) != Invalid {
				t.Errorf("%q: kind %s", s, KindOf(err))
			}
			return
		}
		if again, err := ParseRecordID(r.String()); err != nil || again != r {
			t.Errorf("%q → %+v → %q → %+v (%v)", s, r, r, again, err)
		}
	})
}
