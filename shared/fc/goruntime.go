package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// goPath is where a program of FC's go1 asks for its work and reports results (fc.md §2.1).
const goPath = "/2020-11-11/runtime/invocation/"

// The values of x-fc-function-type; every other one is an event.
const (
	goInitialize = "1"
	goPreStop    = "2"
)

// goLoop is a function instance on the runtime go1.
type goLoop struct {
	s      *Server
	base   string
	client *http.Client
}

// serveGo asks for work until the context ends, then lets running requests finish. Each request runs in a goroutine of
// its own: the platform holds work back to keep the instance's concurrency.
func serveGo(ctx context.Context, s *Server, api string) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the API is part of the instance
	l := &goLoop{s: s, base: "http://" + api + goPath, client: &http.Client{Transport: transport}}
	defer transport.CloseIdleConnections()
	var running sync.WaitGroup
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for wait := firstWait; ctx.Err() == nil; {
		h, event, err := l.next(ctx)
		if ctx.Err() != nil && err != nil {
			break // the poll ended because the platform stops the process
		}
		if err != nil {
			s.log.ErrorContext(ctx, "ask for work", "error", err.Error())
			sleep(ctx, wait)
			wait = min(2*wait, longestWait)
			continue
		}
		wait = firstWait
		running.Go(func() { l.handle(work, h, event) })
	}
	over := make(chan struct{})
	go func() { running.Wait(); close(over) }()
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-over:
	case <-grace.C:
		stop()
	}
	return s.Close()
}

// Waits after a poll that failed. The runtime API is local, so a failure means that it starts or goes.
const (
	firstWait   = 10 * time.Millisecond
	longestWait = time.Second
)

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// next waits for a request and returns its metadata and the event.
func (l *goLoop) next(ctx context.Context) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"next", nil)
	if err != nil {
		return nil, nil, fmt.Errorf("runtime API: %w", err)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("runtime API: %w", err)
	}
	defer resp.Body.Close()
	event, err := io.ReadAll(io.LimitReader(resp.Body, MaxPayload+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("runtime API: %w", err)
	case resp.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("runtime API: status %d", resp.StatusCode)
	}
	return resp.Header, event, nil
}

// handle runs one request and reports how it went.
func (l *goLoop) handle(ctx context.Context, h http.Header, event []byte) {
	c := readContext(h, time.Now())
	if ms, err := strconv.ParseInt(h.Get("x-fc-function-deadline"), 10, 64); err == nil {
		c.Deadline = time.UnixMilli(ms)
	}
	ctx, cancel := l.s.enter(ctx, c)
	defer cancel()
	var out []byte
	var err error
	switch h.Get("x-fc-function-type") {
	case goInitialize:
		err = l.s.initialize(ctx, c)
	case goPreStop:
		l.s.preStop(c)
	default:
		var large error
		if len(event) > MaxPayload {
			large = fmt.Errorf("the event exceeds %d bytes", MaxPayload)
		}
		out, err = l.s.eventOrPage(ctx, c, event, large)
	}
	kind := "response"
	if err != nil {
		kind = "error"
		if out, err = json.Marshal(failureOf(err)); err != nil {
			out = []byte(`{"errorMessage":"error cannot be encoded","errorType":"Internal"}`)
		}
	}
	if err := l.report(context.WithoutCancel(ctx), c.RequestID, kind, out); err != nil {
		c.Logger.ErrorContext(ctx, "report the result", "error", err.Error())
	}
}

// reportLimit is how long a report may take; the API is local.
const reportLimit = time.Minute

func (l *goLoop) report(ctx context.Context, id, kind string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, reportLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+id+"/"+kind, bytes.NewReader(body))
	if err != nil {
		return &soc.Error{Kind: soc.Internal, Op: "report " + kind, Err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return &soc.Error{Kind: soc.Unavailable, Op: "report " + kind, Err: err}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // only the status counts
	if resp.StatusCode != http.StatusOK {
		return &soc.Error{Kind: soc.Unavailable, Op: "report " + kind, Err: fmt.Errorf("status %d", resp.StatusCode)}
	}
	return nil
}
