package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// console speaks to the console function through its HTTP trigger. In the cloud a trigger has a host name of its own;
// here a small proxy gives it an address that every browser can open.
type console struct {
	url    string // with the token, for people
	base   string
	token  string
	client *http.Client
	server *http.Server
	done   sync.WaitGroup
}

func openConsole(s *emulator.Server, token string) (*console, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the console: %w", err)
	}
	target, err := url.Parse(s.Endpoint())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = s.TriggerHost(s.World().Administrator().UID, "console")
	}}
	c := &console{base: "http://" + l.Addr().String(), token: token, client: &http.Client{Transport: &http.Transport{}}}
	c.url = c.base + "/?token=" + token
	c.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.TriggerHost(s.World().Administrator().UID, "console") == "" {
			http.Error(w, "the console is not deployed yet; reload in a few seconds", http.StatusServiceUnavailable)
			return
		}
		// The trigger sees the address that the browser used, so that the console's own checks of origin hold.
		r.Header.Set("X-Forwarded-Host", r.Host)
		proxy.ServeHTTP(w, r)
	})}
	c.done.Go(func() { _ = c.server.Serve(l) }) // ends when close is called
	return c, nil
}

func (c *console) close() error {
	c.client.CloseIdleConnections()
	err := c.server.Close()
	c.done.Wait()
	return err
}

// await waits until the console answers.
func (c *console) await(ctx context.Context) error {
	return until(ctx, 30*time.Second, 100*time.Millisecond, "the console", func(ctx context.Context) (bool, error) {
		err := c.get(ctx, "/api/overview", &struct{}{})
		return err == nil, err
	})
}

func (c *console) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

func (c *console) post(ctx context.Context, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, body, &struct{}{})
}

func (c *console) do(ctx context.Context, method, path string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := c.client.Do(r)
	if err != nil {
		return &soc.Error{Kind: soc.Unavailable, Op: "ask the console", Resource: path, Err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return &soc.Error{Kind: soc.Unavailable, Op: "ask the console", Resource: path, Err: err}
	}
	if res.StatusCode != http.StatusOK {
		return &soc.Error{Kind: soc.Unavailable, Op: "ask the console", Resource: path, Err: fmt.Errorf("status %d: %.300s", res.StatusCode, b)}
	}
	if err := json.Unmarshal(b, out); err != nil {
		return &soc.Error{Kind: soc.Internal, Op: "read the console's answer", Resource: path, Err: err}
	}
	return nil
}

// events returns the security events.
func (c *console) events(ctx context.Context) ([]soc.Incident, error) {
	var out struct {
		Events []soc.Incident `json:"events"`
	}
	err := c.get(ctx, "/api/events", &out)
	return out.Events, err
}

// event is one security event with all that hangs on it.
type event struct {
	Event    soc.Incident        `json:"event"`
	Timeline []soc.TimelineEntry `json:"timeline"`
	Alerts   []soc.Alert         `json:"alerts"`
	Runs     []soc.Run           `json:"runs"`
}

func (c *console) event(ctx context.Context, id string) (event, error) {
	var out event
	err := c.get(ctx, "/api/events/"+url.PathEscape(id), &out)
	return out, err
}

func (c *console) sources(ctx context.Context) ([]soc.DataSource, error) {
	var out struct {
		Sources []soc.DataSource `json:"sources"`
	}
	err := c.get(ctx, "/api/sources", &out)
	return out.Sources, err
}

func (c *console) approvals(ctx context.Context) ([]soc.Approval, error) {
	var out struct {
		Approvals []soc.Approval `json:"approvals"`
	}
	err := c.get(ctx, "/api/approvals", &out)
	return out.Approvals, err
}

func (c *console) alerts(ctx context.Context) ([]soc.Alert, error) {
	var out struct {
		Alerts []soc.Alert `json:"alerts"`
	}
	err := c.get(ctx, "/api/alerts", &out)
	return out.Alerts, err
}

func (c *console) run(ctx context.Context, id string) (soc.Run, error) {
	var out soc.Run
	err := c.get(ctx, "/api/runs/"+url.PathEscape(id), &out)
	return out, err
}
