package fc

import (
	"bytes"
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// serveLambda runs the instance on AWS Lambda's runtime API. That platform has no role in Alibaba Cloud, so the keys come
// with the configuration. It does not return unless the context ends: the library ends the process when the API fails.
func serveLambda(ctx context.Context, s *Server, keys Credentials) error {
	go lambda.StartWithOptions(lambdaHandler{s, keys}, lambda.WithContext(context.WithoutCancel(ctx)))
	<-ctx.Done()
	return s.Close()
}

// lambdaHandler is an instance as the library calls it: one request at a time, or as many as the platform sends at once.
type lambdaHandler struct {
	s    *Server
	keys Credentials
}

// Invoke runs one event or page. An error arrives with its kind as errorType.
func (h lambdaHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	c := &Context{FunctionName: lambdacontext.FunctionName, Qualifier: lambdacontext.FunctionVersion, Credentials: h.keys}
	if l, ok := lambdacontext.FromContext(ctx); ok {
		c.RequestID = l.AwsRequestID
		if arn := strings.Split(l.InvokedFunctionArn, ":"); len(arn) > 4 { // arn:aws:lambda:<region>:<account>:function:<name>
			c.Region, c.AccountID = arn[3], arn[4]
		}
	}
	if end, ok := ctx.Deadline(); ok {
		c.Deadline = end
	}
	ctx, cancel := h.s.enter(ctx, c)
	defer cancel()
	// The library takes the payload's buffer back after the answer, and a handler may keep what it was given.
	out, err := h.s.eventOrPage(ctx, c, bytes.Clone(payload), nil)
	if err != nil {
		f := failureOf(err)
		return nil, messages.InvokeResponse_Error{Message: f.ErrorMessage, Type: f.ErrorType}
	}
	return out, nil
}

// FromLambda makes an [EventHandler] of a handler whose result is only good until its next call. What lambda.NewHandler
// makes is such a handler: it returns bytes of a buffer that is back in a pool already (fc.md §2.4). Calls run one at a
// time, and results are copied before the next one begins.
func FromLambda(h lambda.Handler) EventHandler { return &oneAtATime{h: h} }

type oneAtATime struct {
	mu sync.Mutex
	h  lambda.Handler
}

// Invoke waits for the calls before it, also when ctx ends.
func (o *oneAtATime) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out, err := o.h.Invoke(ctx, payload)
	return bytes.Clone(out), err
}
