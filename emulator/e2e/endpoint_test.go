package e2e

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestUnreachableEndpoint shows what an operator reads when SOC_ENDPOINT or SOC_SLS_ENDPOINT names a place where nothing
// answers: what was done, where, why, and what to do, in one line that holds no secret.
func TestUnreachableEndpoint(t *testing.T) {
	t.Parallel()
	address := closedPort(t)
	for name, tt := range map[string]struct {
		call  func(context.Context) error
		parts []string
	}{
		"OpenAPI": {func(ctx context.Context) error {
			_, err := directory.New(openapi.New(openapi.Config{
				Endpoint: "http://" + address, Account: accountA,
				Credentials: openapi.Static(openapi.Credentials{AccessKeyID: "id", AccessKeySecret: "a-secret", SecurityToken: "a-token"}),
			})).Get(ctx)
			return err
		}, []string{"GetResourceDirectory", "account " + accountA, "connection refused", address}},
		"Log Service": {func(ctx context.Context) error {
			c := sls.New(sls.Config{
				Endpoint: "http://" + address, Region: "cn-hangzhou", Account: accountC,
				Credentials: func(context.Context) (sls.Credentials, error) {
					return sls.Credentials{AccessKeyID: "id", AccessKeySecret: "a-secret", SecurityToken: "a-token"}, nil
				},
			})
			_, err := c.Project("p").ListShards(ctx, "l")
			return err
		}, []string{"list shards", "account " + accountC, "project/p/logstore/l", "connection refused", address}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // it is tried again for as long
			defer cancel()
			err := tt.call(ctx)
			var e *soc.Error
			if !errors.As(err, &e) || e.Kind != soc.Unavailable {
				t.Fatalf("kind %s: %v", soc.KindOf(err), err)
			}
			for _, part := range tt.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if next := soc.NextOf(err); !strings.Contains(next, "reached") {
				t.Errorf("next: %q", next)
			}
			if text := err.Error() + soc.NextOf(err); strings.Contains(text, "a-secret") || strings.Contains(text, "a-token") || strings.Contains(text, "\n") {
				t.Errorf("%q holds a secret or more than one line", text)
			}
		})
	}
}
