package cloudflow

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// tokenHeader carries the callback token of an HTTP task.
const tokenHeader = "X-FnF-Http-Callback-Task-Token" //nolint:gosec // the name of a header

var httpMethods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}

// request does what an HTTP:Request task says. Its output is Header, Code and Body, which is text.
//
// Assumption: a connection that fails is HTTP.RequestFailed; an answer beyond 64 KiB is cut, so that the state's limit
// tells of it; a header with several values shows the first.
func (x *execution) request(ctx context.Context, f *frame, params map[string]any) (any, *flowError) {
	req, err := x.httpRequest(ctx, f, params)
	if err != nil {
		return nil, failf("InvalidArgument", "%s: %v", f.st.Name, err)
	}
	if x.service.http == nil {
		return nil, failf("ActionNotSupported", "%s: this emulator makes no HTTP requests", f.st.Name)
	}
	res, err := x.service.http.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, failf(errAborted, "the execution ended")
	case err != nil:
		return nil, failf("HTTP.RequestFailed", "%s: %v", f.st.Name, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxData+1))
	if err != nil {
		return nil, failf("HTTP.RequestFailed", "%s: read the answer: %v", f.st.Name, err)
	}
	if code := x.service.assume.HTTPError(res.StatusCode); code != "" {
		return nil, failf(code, "%s: status %d", f.st.Name, res.StatusCode)
	}
	header := map[string]any{}
	for name, values := range res.Header {
		header[name] = values[0]
	}
	return map[string]any{"Header": header, "Code": float64(res.StatusCode), "Body": string(body)}, nil
}

func wholeURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("url %q is not a whole URL", text)
	}
	return u, nil
}

func (x *execution) httpRequest(ctx context.Context, f *frame, params map[string]any) (*http.Request, error) {
	target, _ := params["url"].(string)
	u, err := wholeURL(target)
	if err != nil {
		return nil, err
	}
	method, _ := params["method"].(string)
	if method = strings.ToUpper(method); !slices.Contains(httpMethods, method) {
		return nil, fmt.Errorf("method is %q; it is %s", params["method"], strings.Join(httpMethods, ", "))
	}
	var body []byte
	switch v := params["body"].(type) {
	case nil:
	case string:
		body = []byte(v)
	case map[string]any, []any:
		if body, err = encode(v); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("body is %s, and it must be an object, an array or text", typeName(v))
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	headers, ok := params["headers"].(map[string]any)
	if !ok && params["headers"] != nil {
		return nil, fmt.Errorf("headers is %s, and it must be an object", typeName(params["headers"]))
	}
	for name, v := range headers {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("header %s is %s, and it must be text", name, typeName(v))
		}
		req.Header.Set(name, text)
	}
	if f.token != "" {
		req.Header.Set(tokenHeader, f.token)
	}
	return req, nil
}
