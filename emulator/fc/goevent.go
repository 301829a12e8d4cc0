package fc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// webEvent is how a request of an HTTP trigger reaches a built-in runtime (fc.md §3.3).
type webEvent struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	QueryParameters map[string]string `json:"queryParameters"`
	RequestContext  webContext        `json:"requestContext"`
}

type webContext struct {
	AccountID    string  `json:"accountId"`
	DomainName   string  `json:"domainName"`
	DomainPrefix string  `json:"domainPrefix"`
	RequestID    string  `json:"requestId"`
	Time         string  `json:"time"`
	TimeEpoch    string  `json:"timeEpoch"` // milliseconds
	TriggerID    string  `json:"triggerId"`
	HTTP         webHTTP `json:"http"`
}

type webHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// httpEvent makes the event of a request. Several values of one name are joined with a comma.
//
// Assumption: a body that is not UTF-8 text is sent in base64, whatever its content type says.
func httpEvent(c *call, accountID string, now time.Time) []byte {
	e := webEvent{Version: "v1", Body: string(c.body), Headers: map[string]string{}, QueryParameters: map[string]string{}}
	if !utf8.Valid(c.body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(c.body), true
	}
	for name, values := range c.header {
		if !strings.HasPrefix(name, "X-Fc-") && name != "Connection" && name != "Keep-Alive" {
			e.Headers[name] = strings.Join(values, ",")
		}
	}
	path := c.path
	if u, err := url.ParseRequestURI(c.path); err == nil {
		for name, values := range u.Query() {
			e.QueryParameters[name] = strings.Join(values, ",")
		}
		path, e.RawPath = u.Path, u.EscapedPath()
	}
	e.RequestContext = webContext{
		AccountID: accountID, DomainName: c.web.domain, DomainPrefix: c.web.prefix, RequestID: c.requestID,
		Time: now.UTC().Format(time.RFC3339), TimeEpoch: strconv.FormatInt(now.UnixMilli(), 10), TriggerID: c.web.triggerID,
		HTTP: webHTTP{Method: c.method, Path: path, Protocol: c.web.protocol, SourceIP: c.web.source, UserAgent: c.header.Get("User-Agent")},
	}
	doc, _ := json.Marshal(e)
	return doc
}

// httpReply makes the answer of what the program returned.
//
// Assumption: a result without statusCode is a body with status 200; a body in bad base64 or an impossible status is a
// failure of the function.
func httpReply(result []byte) *reply {
	var out struct {
		StatusCode      *int              `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
		Body            string            `json:"body"`
	}
	if json.Unmarshal(result, &out) != nil || out.StatusCode == nil {
		return &reply{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: result}
	}
	r := &reply{status: *out.StatusCode, header: http.Header{}, body: []byte(out.Body)}
	if r.status < 200 || r.status > 599 {
		return badReply(fmt.Sprintf("statusCode %d is not between 200 and 599", r.status))
	}
	for name, value := range out.Headers {
		r.header.Set(name, value)
	}
	if out.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(out.Body)
		if err != nil {
			return badReply("body is not base64: " + err.Error())
		}
		r.body = body
	}
	return r
}

func badReply(text string) *reply {
	return &reply{status: http.StatusOK, header: http.Header{}, failed: true, body: functionError(errUnhandled, "the response of the function is not valid: "+text).body}
}
