package fc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

var errTooLarge = errors.New("the response of the function exceeds 32 MB")

// emptyHeaders are headers that a custom runtime is sent without a value (fc.md §1.3): the client's address, and those of
// tracing and of the service's own.
var emptyHeaders = []string{
	"x-fc-client-ip", "x-fc-tracing-opentracing-span-context", "x-fc-tracing-opentracing-span-baggages", "x-fc-tracing-jaeger-endpoint",
	"x-fc-eagleeye-traceid", "x-fc-eagleeye-rpcid", "x-fc-eagleeye-userdata", "x-fc-api-server-ip",
}

// customDriver talks to the HTTP server of a custom runtime over connections that are kept alive (fc.md §1.1).
type customDriver struct {
	in     *instance
	region string
	client *http.Transport
}

func newCustomDriver(in *instance, region string) *customDriver {
	return &customDriver{in: in, region: region, client: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: in.rev.spec.InstanceConcurrency}}
}

func (d *customDriver) close() { d.client.CloseIdleConnections() }

func (d *customDriver) send(ctx context.Context, c *call, keys auth.Keys) (*reply, error) {
	resp, err := d.client.RoundTrip(d.request(c, keys).WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSync+1))
	if err == nil && len(body) > maxSync {
		err = errTooLarge
	}
	return &reply{status: resp.StatusCode, header: resp.Header, body: body}, err
}

// request builds what the process receives, with the headers of fc.md §1.3.
func (d *customDriver) request(c *call, keys auth.Keys) *http.Request {
	in := d.in
	req, err := http.NewRequest(c.method, "http://"+in.address()+c.path, bytes.NewReader(c.body))
	if err != nil { // a method or path that net/http cannot send; the server that took it has checked both
		req, _ = http.NewRequest(http.MethodPost, "http://"+in.address()+"/", bytes.NewReader(c.body))
	}
	req.Host = c.host
	req.GetBody = nil // a request must reach the program at most once
	for name, values := range c.header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-fc-") || lower == "connection" || lower == "keep-alive" {
			continue
		}
		req.Header[name] = values
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header["User-Agent"] = []string{""} // none, and not that of this client
	}
	for name, value := range in.metadata(c, keys, d.region) {
		req.Header.Set(name, value)
	}
	req.Header.Set("x-fc-control-path", c.control)
	req.Header.Set("x-fc-base-path", req.URL.Path)
	for _, name := range emptyHeaders {
		req.Header.Set(name, "")
	}
	if c.taskID != "" {
		req.Header.Set("x-fc-async-task-id", c.taskID)
	}
	return req
}

// metadata are the headers about a request that both runtime protocols have (fc.md §1.3, §2.1).
func (in *instance) metadata(c *call, keys auth.Keys, region string) map[string]string {
	spec := &in.rev.spec
	m := map[string]string{
		"x-fc-request-id": c.requestID, "x-fc-access-key-id": keys.AccessKeyID, "x-fc-access-key-secret": keys.AccessKeySecret,
		"x-fc-security-token": keys.SecurityToken, "x-fc-function-name": in.fn.name, "x-fc-function-handler": spec.Handler,
		"x-fc-function-memory": strconv.Itoa(spec.MemorySize), "x-fc-function-timeout": strconv.Itoa(spec.Timeout),
		"x-fc-region": region, "x-fc-account-id": in.fn.account, "x-fc-qualifier": orDefault(c.qualifier, latest),
		"x-fc-version-id": in.rev.version, "x-fc-service-name": "", "x-fc-retry-count": strconv.Itoa(c.retries),
		"x-fc-service-logproject": "", "x-fc-service-logstore": "",
	}
	if l := spec.LogConfig; l != nil {
		m["x-fc-service-logproject"], m["x-fc-service-logstore"] = l.Project, l.Logstore
	}
	return m
}
