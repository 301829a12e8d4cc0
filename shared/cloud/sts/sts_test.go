package sts

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const roleARN = "acs:ram::1100000000000004:role/fenghuo-collector"

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(c openapitest.Call) any {
		if c.Action == "GetCallerIdentity" {
			return map[string]string{"IdentityType": "AssumedRoleUser", "AccountId": "1100000000000002", "Arn": "acs:ram::1100000000000002:assumed-role/x/y"}
		}
		want := map[string]string{
			"Action": "AssumeRole", "Version": "2015-04-01", "RoleArn": roleARN, "RoleSessionName": "collect", "ExternalId": "ext",
			"DurationSeconds": "900", "Policy": `{"Version":"1"}`,
		}
		for k, v := range want {
			if c.Get(k) != v {
				t.Errorf("%s = %q, want %q", k, c.Get(k), v)
			}
		}
		return map[string]any{
			"Credentials":     map[string]string{"AccessKeyId": "STS.m", "AccessKeySecret": "s", "SecurityToken": "t", "Expiration": "2026-01-01T01:00:00Z"},
			"AssumedRoleUser": map[string]string{"Arn": "acs:ram::1100000000000004:role/fenghuo-collector/collect"},
		}
	}))
	got, err := c.AssumeRole(t.Context(), roleARN, "collect", "ext", `{"Version":"1"}`, 15*time.Minute)
	want := Credentials{
		Credentials: openapi.Credentials{AccessKeyID: "STS.m", AccessKeySecret: "s", SecurityToken: "t"},
		Expiration:  time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC), Identity: "acs:ram::1100000000000004:role/fenghuo-collector/collect",
	}
	if err != nil || got != want {
		t.Errorf("AssumeRole = %+v, %v", got, err)
	}
	id, err := c.CallerIdentity(t.Context())
	if diff := cmp.Diff(Identity{Type: "AssumedRoleUser", AccountID: "1100000000000002", ARN: "acs:ram::1100000000000002:assumed-role/x/y"}, id); diff != "" || err != nil {
		t.Errorf("CallerIdentity %v (-want +got):\n%s", err, diff)
	}
}

func TestAssumeRoleRefused(t *testing.T) {
	t.Parallel()
	var answer any
	c := New(openapitest.Serve(t, func(openapitest.Call) any { return answer }))
	answer = openapitest.Error{Status: 403, Code: "NoPermission", Message: "no"}
	_, err := c.AssumeRole(t.Context(), roleARN, "collect", "", "", 0)
	var e *soc.Error
	if !errors.As(err, &e) || e.Kind != soc.Denied || e.Account != "1100000000000004" || e.Resource != roleARN || !strings.Contains(e.Next, "trust policy") {
		t.Errorf("refused: %+v", err)
	}
	answer = openapitest.Error{Status: 404, Code: "EntityNotExist.Role", Message: "no"}
	if _, err := c.AssumeRole(t.Context(), roleARN, "collect", "", "", 0); soc.KindOf(err) != soc.NotFound {
		t.Errorf("missing: %v", err)
	}
	answer = map[string]string{}
	if _, err := c.AssumeRole(t.Context(), roleARN, "collect", "", "", 0); soc.KindOf(err) != soc.Internal {
		t.Errorf("no credentials: %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for want, parts := range map[string][]string{
		"collect-1-6774b1c0-1a2b3c4d-0000": {"collect", "1-6774b1c0-1a2b3c4d-000000000001"},
		"a-b-c":                            {"a b", "c"}, "x-": {"x"}, "--": {}, "----": {"é", "中", ""},
	} {
		if got := SessionName(parts...); got != want {
			t.Errorf("SessionName(%q) = %q, want %q", parts, got, want)
		}
	}
	if got := RoleARN("1100000000000004", "fenghuo-collector"); got != roleARN {
		t.Errorf("RoleARN = %q", got)
	}
}

// assumers is a function as an assumer.
type assumers func(ctx context.Context, arn string) (Credentials, error)

func (f assumers) AssumeRole(ctx context.Context, arn, _, _, _ string, _ time.Duration) (Credentials, error) {
	return f(ctx, arn)
}

func TestCacheRenews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := newCache(assumers(func(context.Context, string) (Credentials, error) {
			calls++
			return Credentials{Expiration: time.Now().Add(time.Hour), Credentials: openapi.Credentials{AccessKeyID: string(rune('0' + calls))}}, nil
		}), nil)
		for _, step := range []struct {
			wait  time.Duration
			calls int
		}{{0, 1}, {30 * time.Minute, 1}, {24 * time.Minute, 1}, {2 * time.Minute, 2}, {0, 2}} {
			time.Sleep(step.wait)
			cred, err := c.ForSLS(Role{ARN: roleARN})(t.Context())
			if err != nil || calls != step.calls || cred != (sls.Credentials{AccessKeyID: string(rune('0' + step.calls))}) {
				t.Errorf("after %v: %v, %v, %d calls; want %d", step.wait, cred, err, calls, step.calls)
			}
		}
		time.Sleep(2 * time.Hour)
		if _, err := c.For(Role{ARN: "other"})(t.Context()); err != nil {
			t.Error(err)
		}
		if len(c.entries) != 1 {
			t.Errorf("%d entries are kept, want only the living one", len(c.entries))
		}
	})
}

func TestCacheSharesOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		fail := errors.New("refused")
		c := newCache(assumers(func(_ context.Context, arn string) (Credentials, error) {
			calls.Add(1)
			time.Sleep(time.Second)
			if arn == "bad" {
				return Credentials{}, fail
			}
			return Credentials{Expiration: time.Now().Add(time.Hour)}, nil
		}), nil)
		var wg sync.WaitGroup
		for i := range 20 {
			arn, want := "good", error(nil)
			if i%2 == 1 {
				arn, want = "bad", fail
			}
			wg.Go(func() {
				if _, err := c.Get(t.Context(), Role{ARN: arn}); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", arn, err, want)
				}
			})
		}
		wg.Wait()
		if calls.Load() != 2 {
			t.Errorf("%d calls, want one for each role", calls.Load())
		}
		if _, err := c.Get(t.Context(), Role{ARN: "bad"}); !errors.Is(err, fail) || calls.Load() != 3 {
			t.Errorf("a failure was kept: %v, %d calls", err, calls.Load())
		}
	})
}

// TestCacheLeaderLeaves: the one who asked first gives up; that is not the failure of the others.
func TestCacheLeaderLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCache(assumers(func(ctx context.Context, _ string) (Credentials, error) {
			select {
			case <-ctx.Done():
				return Credentials{}, ctx.Err()
			case <-time.After(time.Minute):
				return Credentials{Expiration: time.Now().Add(time.Hour)}, nil
			}
		}), nil)
		leader, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Get(leader, Role{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("leader: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := c.Get(t.Context(), Role{}); err != nil {
				t.Errorf("follower: %v", err)
			}
		})
		wg.Go(func() {
			short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if _, err := c.Get(short, Role{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("impatient follower: %v", err)
			}
		})
		wg.Wait()
	})
}
