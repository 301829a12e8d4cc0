package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// maxAnswer is the largest answer that is read. OpenAPI answers are pages of at most some hundred items.
const maxAnswer = 16 << 20

// construct keeps the SDK's constructors apart: they touch lazy maps of the SDK without a lock.
var construct sync.Mutex

// attempt sends a request once, with an SDK client of its own: a client writes to itself during a call.
func (c *Client) attempt(ctx context.Context, r Request) (raw json.RawMessage, failed *soc.Error) {
	cred, err := c.Credentials(ctx)
	if err != nil {
		return nil, &soc.Error{Kind: soc.KindOf(err), Op: "get credentials for " + r.Action, Account: c.account, Resource: r.Resource, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	client, err := c.sdkClient(ctx, cred)
	if err != nil {
		return nil, c.failure(r, soc.Internal, err)
	}
	defer func() { // the SDK asserts types of a hostile error body without a check
		if p := recover(); p != nil {
			raw, failed = nil, c.failure(r, soc.Internal, fmt.Errorf("answer broke the SDK: %T", p))
		}
	}()
	resp, err := client.ProcessCommonRequest(c.sdkRequest(r))
	if err != nil {
		return nil, c.translate(ctx, r, err)
	}
	return resp.GetHttpContentBytes(), nil
}

func (c *Client) sdkClient(ctx context.Context, cred Credentials) (*sdk.Client, error) {
	var key auth.Credential = credentials.NewAccessKeyCredential(cred.AccessKeyID, cred.AccessKeySecret)
	if cred.SecurityToken != "" {
		key = credentials.NewStsTokenCredential(cred.AccessKeyID, cred.AccessKeySecret, cred.SecurityToken)
	}
	cfg := sdk.NewConfig().WithScheme(c.scheme).WithAutoRetry(false).WithTimeout(c.timeout)
	construct.Lock()
	defer construct.Unlock()
	client, err := sdk.NewClientWithOptions(c.region, cfg, key)
	if err != nil {
		return nil, err
	}
	client.SetTransport(&roundTripper{ctx: ctx, base: c.transport})
	return client, nil
}

func (c *Client) sdkRequest(r Request) *requests.CommonRequest {
	q := requests.NewCommonRequest()
	q.Product, q.Version, q.ApiName = r.Product, r.Version, r.Action
	q.Scheme, q.Domain, q.Method = c.scheme, r.Host, requests.POST
	if c.domain != "" {
		q.Domain = c.domain
	}
	if r.Method != "" {
		q.Method = r.Method
	}
	for k, v := range r.Query {
		q.QueryParams[k] = v
	}
	for k, v := range r.Form {
		q.FormParams[k] = v
	}
	q.SetReadTimeout(c.timeout)
	q.SetConnectTimeout(min(c.timeout, 5*time.Second))
	return q
}

// roundTripper gives one call its context and a bound on the answer. Being a type of ours, the SDK cannot modify the
// shared transport below it.
type roundTripper struct {
	ctx  context.Context // of the one call it lives for
	base http.RoundTripper
}

// RoundTrip sends the request under the call's context.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req.WithContext(t.ctx))
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxAnswer}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

var errTooLarge = errors.New("answer is larger than 16 MiB")

// Read reads until the bound, and then fails.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// translate turns an SDK error into ours. Texts that can carry a token, as the URL of a request and the string to sign,
// stay out of it.
func (c *Client) translate(ctx context.Context, r Request, err error) *soc.Error {
	var server *sdkerrors.ServerError
	if errors.As(err, &server) {
		return c.serverError(r, server)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if ctx.Err() != nil {
		err = errors.New("no answer within the time limit")
	}
	e := c.failure(r, soc.Unavailable, err)
	e.Next = "check that the endpoint of " + r.Product + " can be reached from here"
	return e
}
