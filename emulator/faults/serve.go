package faults

import (
	"context"
	"encoding/json"
	"encoding/xml"
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
	case Throttle, Unavailable:
		next.ServeHTTP(w, r.WithContext(WithRefusal(r.Context(), words(f, t.Service, r.Method))))
	case ClockSkew:
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

// refuse answers as a service with a skewed clock does, without asking it: the clock shows in the headers that carry the
// server's time.
func (i *Injector) refuse(f *Fault, t Target, w http.ResponseWriter, r *http.Request) {
	a, h := words(f, t.Service, r.Method), w.Header()
	now := i.hooks.Clock().Add(f.Skew)
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	id := strings.ToUpper(uuid.NewString())
	var body any
	switch strings.ToLower(t.Service) {
	case "sls":
		h.Set("x-log-requestid", id)
		h.Set("x-log-time", strconv.FormatInt(now.Unix(), 10))
		body = map[string]string{"errorCode": a.Code, "errorMessage": a.Message}
	case "fc":
		h.Set("X-Fc-Request-Id", id)
		body = map[string]string{"RequestId": id, "Code": a.Code, "Message": a.Message}
	case "oss":
		h.Set("x-oss-request-id", id)
		h.Set("Content-Type", "application/xml")
		w.WriteHeader(a.Status)
		_ = xml.NewEncoder(w).Encode(ossError{Code: a.Code, Message: a.Message, RequestID: id, HostID: r.Host}) // the client is gone when this fails
		return
	default:
		h.Set("x-acs-request-id", id)
		body = map[string]string{"RequestId": id, "HostId": r.Host, "Code": a.Code, "Message": a.Message, "Recommend": ""}
	}
	w.WriteHeader(a.Status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone when this fails
}

// ossError is an error as the Object Storage Service writes it.
type ossError struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}
