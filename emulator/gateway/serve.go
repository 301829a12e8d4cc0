package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// maxBody bounds a request; the largest real parameter is a ROS template of 512 KiB, form-encoded.
const maxBody = 4 << 20

// ServeHTTP answers one RPC style call on path "/".
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &Call{RequestID: NewRequestID(), Now: g.clock()}
	body, e := g.serve(r, c)
	if e != nil {
		WriteError(w, c.RequestID, r.Host, e)
		return
	}
	writeJSON(w, http.StatusOK, c.RequestID, body)
}

// Do runs an operation for a caller without a signature, as a cloud service that acts for its user does: permissions,
// faults and the log apply. Params become the parameters; numbers in the answer are [json.Number].
func (g *Gateway) Do(ctx context.Context, caller auth.Caller, version, action string, params map[string]string) (map[string]any, *Error) {
	c := &Call{
		RequestID: NewRequestID(), Now: g.clock(), Version: version, Action: action,
		Region: params["RegionId"], Caller: caller, Params: url.Values{}, internal: true,
	}
	c.Caller.Secure = true // services speak TLS among themselves
	for k, v := range params {
		c.Params.Set(k, v)
	}
	body, e := g.run(ctx, c)
	if e != nil {
		return nil, e
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return nil, asError(err)
	}
	return out, nil
}

func (g *Gateway) serve(r *http.Request, c *Call) ([]byte, *Error) {
	e := g.parse(r, c)
	if e != nil {
		g.record(c, e)
		return nil, e
	}
	return g.run(r.Context(), c)
}

// parse reads and verifies the request into c.
func (g *Gateway) parse(r *http.Request, c *Call) (e *Error) {
	if r.URL.Path != "/" && r.URL.Path != "" {
		return Errorf(http.StatusNotFound, "InvalidApi.NotFound", "Specified api is not found. No RPC API has path %s.", r.URL.Path)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return Errorf(http.StatusBadRequest, "UnsupportedHTTPMethod", "This http method %s is not supported.", r.Method)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return Errorf(http.StatusBadRequest, "InvalidParameter", "The body cannot be read or is longer than %d bytes.", maxBody)
	}
	if c.Params, e = mergeParams(r, body); e != nil {
		return e
	}
	c.Version, c.Action, c.Region = c.Params.Get("Version"), c.Params.Get("Action"), c.Params.Get("RegionId")
	if strings.HasPrefix(r.Header.Get("Authorization"), acs3) {
		c.Version, c.Action = r.Header.Get("x-acs-version"), r.Header.Get("x-acs-action")
		c.Caller, e = g.Authenticate(r, body)
	} else {
		c.Caller, e = g.authenticateV1(r, c.Params)
	}
	return e
}

// mergeParams joins query and form into one value a name. The form wins, as in the Go signer, and the last value wins
// within each. Empty values are kept: they are signed.
//
// Assumption: the cloud takes the same value of a name that query and form give differently; what it does is unknown.
func mergeParams(r *http.Request, body []byte) (url.Values, *Error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	form := url.Values{}
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && t == "application/x-www-form-urlencoded" {
		form, err = url.ParseQuery(string(body))
	}
	if err != nil {
		return nil, Errorf(http.StatusBadRequest, "InvalidParameter", "The parameters are not well formed: %v.", err)
	}
	maps.Copy(query, form)
	for name, values := range query {
		query[name] = values[len(values)-1:]
	}
	return query, nil
}

// run routes the call, asks for permission, runs the handler and encodes the answer.
func (g *Gateway) run(ctx context.Context, c *Call) (body []byte, e *Error) {
	defer func() { g.record(c, e) }()
	switch {
	case c.Action == "":
		return nil, Missing("Action")
	case c.Version == "":
		return nil, Missing("Version")
	}
	var op Operation
	if c.Product, op, e = g.lookup(c.Version, c.Action); e != nil {
		return nil, e
	}
	if c.internal && g.inside != nil {
		ctx = g.inside(ctx, faults.Target{Service: c.Product, Operation: c.Action, Caller: c.Caller})
	}
	if a, struck := faults.Refusal(ctx); struck {
		return nil, &Error{Status: a.Status, Code: a.Code, Message: a.Message}
	}
	if e = g.throttle(c, op.PerSecond); e != nil {
		return nil, e
	}
	if e = g.Require(ctx, c.Caller, op.Denied, op.permissions(c)...); e != nil {
		return nil, e
	}
	result, err := op.Handle(ctx, c)
	if err != nil {
		return nil, asError(err)
	}
	if body, err = withRequestID(result, c.RequestID); err != nil {
		return nil, asError(err)
	}
	return body, nil
}

// withRequestID encodes the answer and puts RequestId in front of its fields.
func withRequestID(result any, requestID string) ([]byte, error) {
	head := `{"RequestId":"` + requestID + `"`
	if result == nil {
		return []byte(head + "}"), nil
	}
	b, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	switch {
	case string(b) == "{}" || string(b) == "null":
		return []byte(head + "}"), nil
	case b[0] != '{':
		return nil, fmt.Errorf("encode answer: %T is not an object", result)
	}
	return append([]byte(head+","), b[1:]...), nil
}

func (g *Gateway) record(c *Call, e *Error) {
	entry := Entry{
		Time: c.Now, Product: c.Product, Version: c.Version, Action: c.Action, CallerARN: c.Caller.ARN,
		AccountID: c.Caller.AccountID, Region: c.Region, Status: http.StatusOK, RequestID: c.RequestID,
	}
	if e != nil {
		entry.Status, entry.Code = e.Status, e.Code
	}
	g.log(entry)
}
