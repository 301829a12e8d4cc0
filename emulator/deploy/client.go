package deploy

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"
)

// Access is a credential, as an alias of Serverless Devs holds it.
type Access struct {
	AccountID, AccessKeyID, AccessKeySecret string
	SecurityToken                           string // of temporary keys
}

// APIError is a refusal of an OpenAPI.
type APIError struct {
	Action, Code, Message, RequestID string
	Status                           int
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%s: %s (%d): %s (request %s)", e.Action, e.Code, e.Status, e.Message, e.RequestID)
}

// client calls OpenAPIs at one endpoint with ACS3 signatures.
type client struct {
	endpoint string
	access   Access
	http     *http.Client
	now      func() time.Time
}

// roa calls the REST API of Function Compute and decodes the answer into out, which may be nil.
func (c *client) roa(ctx context.Context, action, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		body = data
	}
	return c.send(ctx, method, "/2023-03-30/"+path, action, "2023-03-30", "application/json", body, out)
}

// rpc calls an RPC API; the parameters travel in the body.
func (c *client) rpc(ctx context.Context, version, action string, params map[string]string, out any) error {
	form := url.Values{}
	for k, v := range params {
		form.Set(k, v)
	}
	return c.send(ctx, http.MethodPost, "/", action, version, "application/x-www-form-urlencoded", []byte(form.Encode()), out)
}

const maxAnswer = 64 << 20

func (c *client) send(ctx context.Context, method, path, action, version, contentType string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.endpoint, "/")+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	req.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		req.Header.Set("Content-Type", contentType)
	}
	sign(req, c.access, action, version, body, c.now(), nonce())
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s: read answer: %w", action, err)
	}
	if resp.StatusCode/100 != 2 {
		return apiError(action, resp.StatusCode, data)
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s: decode answer: %w", action, err)
	}
	return nil
}

func apiError(action string, status int, data []byte) error {
	e := &APIError{Action: action, Status: status}
	var body struct{ Code, Message, RequestID string }
	if json.Unmarshal(data, &body) != nil || body.Code == "" {
		body.Code, body.Message = http.StatusText(status), string(data[:min(len(data), 300)])
	}
	e.Code, e.Message, e.RequestID = body.Code, body.Message, body.RequestID
	return e
}

func nonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

// sign adds the headers and the Authorization of ACS3-HMAC-SHA256 (fc.md §4.5).
func sign(req *http.Request, a Access, action, version string, body []byte, now time.Time, nonce string) {
	sum := sha256.Sum256(body)
	h := req.Header
	h.Set("X-Acs-Action", action)
	h.Set("X-Acs-Version", version)
	h.Set("X-Acs-Date", now.UTC().Format("2006-01-02T15:04:05Z"))
	h.Set("X-Acs-Signature-Nonce", nonce)
	h.Set("X-Acs-Content-Sha256", hex.EncodeToString(sum[:]))
	if a.SecurityToken != "" {
		h.Set("X-Acs-Security-Token", a.SecurityToken)
		h.Set("X-Acs-Accesskey-Id", a.AccessKeyID)
	}
	values := map[string]string{"host": req.URL.Host}
	for name := range h {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-acs-") || lower == "content-type" {
			values[lower] = strings.TrimSpace(h.Get(name))
		}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	var block strings.Builder
	for _, name := range names {
		block.WriteString(name + ":" + values[name] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{
		req.Method, escaped(req.URL.EscapedPath()), canonicalQuery(req.URL.Query()),
		block.String(), signed, h.Get("X-Acs-Content-Sha256"),
	}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(a.AccessKeySecret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(digest[:])))
	h.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+a.AccessKeyID+",SignedHeaders="+signed+",Signature="+hex.EncodeToString(mac.Sum(nil)))
}

func escaped(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(s)
}

// canonicalQuery sorts by name and encodes by RFC 3986.
func canonicalQuery(q url.Values) string {
	return escaped(q.Encode())
}
