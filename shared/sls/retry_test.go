package sls

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// fails is an answer that every attempt gets until it is used up.
type fails struct {
	status int
	code   string
	err    error
	times  int
}

// TestRetryRules is what is sent again, how often, with which pauses, and what reaches the caller. Pauses are drawn from
// the upper half of their span.
func TestRetryRules(t *testing.T) {
	t.Parallel()
	read := func(ctx context.Context, p *Project) error { _, err := p.ListShards(ctx, "l"); return err }
	put := func(ctx context.Context, p *Project) error {
		return p.PutLogs(ctx, "l", []byte{0x0a, 0x02, 0x08, 0x01}, "")
	}
	split := func(ctx context.Context, p *Project) error { _, err := p.SplitShard(ctx, "l", 0, ""); return err }
	create := func(ctx context.Context, p *Project) error { return p.Create(ctx, "") }
	ms := time.Millisecond
	quick, slow := []time.Duration{200 * ms, 400 * ms, 800 * ms, 1600 * ms}, []time.Duration{1000 * ms, 2000 * ms, 4000 * ms, 5000 * ms}
	reset := errors.New("connection reset")
	tests := []struct {
		name  string
		call  func(context.Context, *Project) error
		fails fails
		spans []time.Duration // of the pauses, and so the number of attempts less one
		kind  soc.Kind
	}{
		{"busy once", read, fails{503, "ServerBusy", nil, 1}, quick[:1], ""},
		{"busy for ever", read, fails{503, "ServerBusy", nil, 99}, quick, soc.Unavailable},
		{"internal error", put, fails{500, "InternalServerError", nil, 2}, quick[:2], ""},
		{"gateway that speaks no JSON", read, fails{502, "", nil, 99}, quick, soc.Unavailable},
		{"network", read, fails{0, "", reset, 99}, quick, soc.Unavailable},
		{"network while writing", put, fails{0, "", reset, 1}, quick[:1], ""},
		{"request timeout of the service", read, fails{400, "RequestTimeout", nil, 1}, quick[:1], ""},
		{"shard quota", put, fails{403, "ShardWriteQuotaExceed", nil, 99}, slow, soc.Throttled},
		{"project quota", read, fails{403, "ReadQuotaExceed", nil, 1}, slow[:1], ""},
		{"too many requests", read, fails{429, "", nil, 1}, slow[:1], ""},

		{"split, busy", split, fails{503, "ServerBusy", nil, 1}, quick[:1], ""},
		{"split, quota", split, fails{403, "WriteQuotaExceed", nil, 1}, slow[:1], ""},
		{"split, outcome unknown", split, fails{500, "InternalServerError", nil, 1}, nil, soc.Unavailable},
		{"split, network", split, fails{0, "", reset, 1}, nil, soc.Unavailable},
		{"create, network", create, fails{0, "", reset, 1}, nil, soc.Unavailable},

		{"denied", read, fails{401, "Unauthorized", nil, 1}, nil, soc.Denied},
		{"signature", read, fails{401, "SignatureNotMatch", nil, 1}, nil, soc.Denied},
		{"token has expired", read, fails{401, "SecurityToken.Expired", nil, 1}, nil, soc.Denied},
		{"forbidden", read, fails{403, "ProjectForbidden", nil, 1}, nil, soc.Denied},
		{"invalid", put, fails{400, "PostBodyInvalid", nil, 1}, nil, soc.Invalid},
		{"too large", put, fails{400, "PostBodyTooLarge", nil, 1}, nil, soc.Invalid},
		{"count quota", create, fails{400, "ProjectQuotaExceed", nil, 1}, nil, soc.Conflict},
		{"exists", create, fails{400, "ProjectAlreadyExist", nil, 1}, nil, soc.Conflict},
		{"not implemented", read, fails{501, "NotImplemented", nil, 1}, nil, soc.Unsupported},
		{"somebody else's project", read, fails{404, "ProjectNotExist", nil, 1}, nil, soc.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				p := clientOf(func(r *http.Request) (*http.Response, error) {
					at = append(at, time.Now())
					if len(at) > tt.fails.times {
						return answer(200, "[]"), nil
					}
					if tt.fails.err != nil {
						return nil, tt.fails.err
					}
					return answer(tt.fails.status, fmt.Sprintf(`{"errorCode":%q,"errorMessage":"m"}`, tt.fails.code), "x-log-requestid", "R1"), nil
				})
				err := tt.call(t.Context(), p)
				if soc.KindOf(err) != tt.kind || len(at) != len(tt.spans)+1 {
					t.Fatalf("%v after %d attempts, want kind %q after %d", err, len(at), tt.kind, len(tt.spans)+1)
				}
				for i, span := range tt.spans {
					if d := at[i+1].Sub(at[i]); d < span/2 || d > span {
						t.Errorf("pause %d was %v, want %v to %v", i, d, span/2, span)
					}
				}
				var e *soc.Error
				if err != nil && (!errors.As(err, &e) || e.Code != tt.fails.code || tt.fails.err == nil && e.RequestID != "R1" || tt.fails.err != nil && !errors.Is(err, reset)) {
					t.Errorf("the error lost what it was told: %+v", e)
				}
			})
		})
	}
}

// TestOwnCreationsAreWaitedFor repeats what does not find a thing that this client made less than a minute ago.
func TestOwnCreationsAreWaitedFor(t *testing.T) {
	t.Parallel()
	list := func(ctx context.Context, p *Project) error { _, err := p.ListShards(ctx, "l"); return err }
	tests := []struct {
		name   string
		create func(ctx context.Context, p *Project) error
		code   string
		call   func(ctx context.Context, p *Project) error
		waits  bool
	}{
		{"project", func(ctx context.Context, p *Project) error { return p.Create(ctx, "") }, "ProjectNotExist", list, true},
		{"Logstore", func(ctx context.Context, p *Project) error { return p.CreateLogstore(ctx, LogstoreInfo{Name: "l"}) }, "LogStoreNotExist", list, true},
		{"shards of a new Logstore", func(ctx context.Context, p *Project) error { return p.CreateLogstore(ctx, LogstoreInfo{Name: "l"}) }, "ShardNotExist", list, true},
		{"split", func(ctx context.Context, p *Project) error { _, err := p.SplitShard(ctx, "l", 0, ""); return err }, "ShardNotExist", list, true},
		{"index", func(ctx context.Context, p *Project) error { return p.CreateIndex(ctx, "l", SearchIndex{}) }, "IndexConfigNotExist", list, true},
		{"another Logstore", func(ctx context.Context, p *Project) error { return p.CreateLogstore(ctx, LogstoreInfo{Name: "other"}) }, "LogStoreNotExist", list, false},
		{"removed again", func(ctx context.Context, p *Project) error {
			return errors.Join(p.CreateLogstore(ctx, LogstoreInfo{Name: "l"}), p.DeleteLogstore(ctx, "l"))
		}, "LogStoreNotExist", list, false},
		{"removed with its project", func(ctx context.Context, p *Project) error {
			return errors.Join(p.CreateLogstore(ctx, LogstoreInfo{Name: "l"}), p.Delete(ctx))
		}, "LogStoreNotExist", list, false},
		{"nothing created", func(context.Context, *Project) error { return nil }, "ProjectNotExist", list, false},
	}
	for _, tt := range tests {
		for _, appears := range []time.Duration{20 * time.Second, time.Hour} {
			t.Run(fmt.Sprint(tt.name, " ", appears), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					made := false
					begin := time.Now()
					p := clientOf(func(*http.Request) (*http.Response, error) {
						if !made || time.Since(begin) >= appears {
							return answer(200, "[]"), nil
						}
						return answer(404, fmt.Sprintf(`{"errorCode":%q}`, tt.code)), nil
					})
					if err := tt.create(t.Context(), p); err != nil {
						t.Fatal(err)
					}
					made = true
					err := tt.call(t.Context(), p)
					took := time.Since(begin)
					switch {
					case !tt.waits:
						if soc.KindOf(err) != soc.NotFound || took != 0 {
							t.Errorf("%v after %v, want NotFound at once", err, took)
						}
					case appears < time.Minute:
						if err != nil || took < appears || took > appears+5*time.Second {
							t.Errorf("%v after %v, want success after %v", err, took, appears)
						}
					case soc.KindOf(err) != soc.NotFound || took < 55*time.Second || took > 66*time.Second:
						t.Errorf("%v after %v, want NotFound after a minute", err, took)
					}
				})
			})
		}
	}
}

func TestRefreshingCredentials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fetched, failing := 0, false
		get := Refreshing(func(context.Context) (Credentials, time.Time, error) {
			time.Sleep(time.Second)
			if failing {
				return Credentials{}, time.Time{}, &soc.Error{Kind: soc.Unavailable}
			}
			fetched++
			return Credentials{AccessKeyID: fmt.Sprint(fetched)}, time.Now().Add(time.Hour), nil
		}, nil)
		for range 5 { // together
			go func() { _, _ = get(t.Context()) }()
		}
		time.Sleep(2 * time.Second)
		check := func(after time.Duration, id string, kind soc.Kind) {
			t.Helper()
			time.Sleep(after)
			c, err := get(t.Context())
			if c.AccessKeyID != id || soc.KindOf(err) != kind {
				t.Errorf("got %q, %v; want %q, %q", c.AccessKeyID, err, id, kind)
			}
		}
		check(0, "1", "")
		check(54*time.Minute, "1", "")
		check(time.Minute, "2", "") // five minutes before the end
		failing = true
		check(56*time.Minute, "2", "") // it still holds
		check(3*time.Minute, "", soc.Unavailable)
		failing = false
		check(0, "3", "")
		time.Sleep(2 * time.Hour)
		go func() { _, _ = get(t.Context()) }()
		synctest.Wait()
		defer time.Sleep(2 * time.Second) // until that fetch has ended
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := get(ctx); soc.KindOf(err) != soc.Timeout {
			t.Errorf("waiting for somebody else's fetch: %v", err)
		}
	})
}
