package faults

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Serve answers a call that a fault strikes, with next as the service behind. It panics with [http.ErrAbortHandler]
// where the connection has to break, as handlers do. The body of the request must be in memory already, so that the
// context of the request ends when the client gives up.
func (i *Injector) Serve(f *Fault, t Target, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch f.Kind {
	case Throttle, Unavailable, ClockSkew:
		i.refuse(f, t, w, r)
	case TimeoutBefore:
		hold(r.Context(), f.Wait)
		panic(http.ErrAbortHandler)
	case TimeoutAfter:
		run(r, next)
		hold(r.Context(), f.Wait)
		panic(http.ErrAbortHandler)
	case CutAnswer:
		cut(w, run(r, next))
	case Slow:
		if !pause(r.Context(), f.Wait) {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	case Kill:
		i.kill(f, w, r, next)
	default:
		i.prepare(f, t, r)
		next.ServeHTTP(w, r)
	}
}

// prepare changes the cloud before the call is served as usual.
func (i *Injector) prepare(f *Fault, t Target, r *http.Request) {
	switch f.Kind {
	case Expire, Revoke:
		i.mu.Lock()
		defer i.mu.Unlock()
		if f.Kind == Expire {
			i.expired[t.Caller.AccessKeyID] = true
		} else {
			i.revoked[t.Caller.AccessKeyID] = true
		}
	case SplitShard:
		if i.hooks.Split != nil {
			_ = i.hooks.Split(r) // a shard that was split already, or a call that names no Logstore: nothing to do
		}
	}
}

// kill ends the processes of a function; the caller, which is normally one of them, gets no answer. When there was
// nothing to kill, the call is answered as usual.
func (i *Injector) kill(f *Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	account, name, _ := strings.Cut(f.Function, "/")
	var rec *httptest.ResponseRecorder
	if f.At == After {
		rec = run(r, next)
	}
	switch killed := i.hooks.Kill != nil && i.hooks.Kill(account, name) > 0; {
	case killed:
		panic(http.ErrAbortHandler)
	case rec != nil:
		replay(w, rec, rec.Body.Bytes())
	default:
		next.ServeHTTP(w, r)
	}
}

// replay sends an answer that was kept, or a part of its body.
func replay(w http.ResponseWriter, rec *httptest.ResponseRecorder, body []byte) {
	maps.Copy(w.Header(), rec.Header())
	w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body) // the client is gone when this fails
}

// run serves the request to nobody. The effect is complete even when the client gives up meanwhile.
func run(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r.WithContext(context.WithoutCancel(r.Context())))
	return rec
}

// cut sends the head of an answer and half of its body, and breaks the connection.
func cut(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	if n := rec.Body.Len(); n > 0 {
		replay(w, rec, rec.Body.Bytes()[:n/2])
		_ = http.NewResponseController(w).Flush() // broken anyway
	}
	panic(http.ErrAbortHandler)
}

// hold keeps a connection open without a word: for a time, or until the client gives up.
func hold(ctx context.Context, d time.Duration) {
	if d == 0 {
		d = maxWait
	}
	pause(ctx, d)
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// answer is an error in the words of a service.
type answer struct {
	status        int
	code, message string
}

// words are the answers of the three families of services, by kind of fault (accounts.md §1.8, sls.md §2, fc.md §4.2).
//
// Assumption: throttled RPC calls are 400 Throttling.User, as most traces show; newer services use 429.
func words(f *Fault, t Target, method string) answer {
	a := answer{f.Status, f.Code, f.Message}
	var b answer
	switch family := strings.ToLower(t.Service); f.Kind {
	case Throttle:
		switch {
		case family == "fc":
			b = answer{429, "ResourceExhausted", "the concurrency limit is exceeded"}
		case family == "sls" && method == http.MethodPost:
			b = answer{403, "WriteQuotaExceed", "Write quota is exceeded"}
		case family == "sls":
			b = answer{403, "ReadQuotaExceed", "Read quota is exceeded"}
		default:
			b = answer{400, "Throttling.User", "Request was denied due to user flow control."}
		}
	case ClockSkew:
		switch family {
		case "fc":
			b = answer{403, "AccessDenied", "InvalidTimeStamp.Expired: Specified time stamp or date value is expired."}
		case "sls":
			b = answer{400, "RequestTimeExpired", "the time of the request is too far from the time of the server"}
		default:
			b = answer{400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
		}
	default:
		switch family {
		case "fc":
			b = answer{500, "InternalServerError", "an internal error has occurred"}
		case "sls":
			b = answer{503, "ServerBusy", "the server is busy, please try again later"}
		default:
			b = answer{503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."}
		}
	}
	if a.status == 0 {
		a.status = b.status
	}
	if a.code == "" {
		a.code = b.code
	}
	if a.message == "" {
		a.message = b.message
	}
	return a
}

// refuse answers an error without asking the service. A skewed clock shows in the headers that carry the server's time.
func (i *Injector) refuse(f *Fault, t Target, w http.ResponseWriter, r *http.Request) {
	a, h := words(f, t, r.Method), w.Header()
	now := i.hooks.Clock()
	if f.Kind == ClockSkew {
		now = now.Add(f.Skew)
	}
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	id := strings.ToUpper(uuid.NewString())
	var body map[string]string
	switch strings.ToLower(t.Service) {
	case "sls":
		h.Set("x-log-requestid", id)
		h.Set("x-log-time", strconv.FormatInt(now.Unix(), 10))
		body = map[string]string{"errorCode": a.code, "errorMessage": a.message}
	case "fc":
		h.Set("X-Fc-Request-Id", id)
		body = map[string]string{"RequestId": id, "Code": a.code, "Message": a.message}
	default:
		h.Set("x-acs-request-id", id)
		body = map[string]string{"RequestId": id, "HostId": r.Host, "Code": a.code, "Message": a.message, "Recommend": ""}
	}
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone when this fails
}
