package openapi

import (
	"context"
	"log/slog"
)

// Credentials sign requests. SecurityToken is empty for a long-term key.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// LogValue shows the key id only.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }

// String shows the key id only.
func (c Credentials) String() string { return c.AccessKeyID }

// GoString shows the key id only.
func (c Credentials) GoString() string { return "openapi.Credentials{" + c.AccessKeyID + "}" }

// CredentialsFunc returns the credentials of the next request. It is called for every attempt, possibly by several
// goroutines at once, so it caches and refreshes by itself.
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Static returns credentials that never change.
func Static(c Credentials) CredentialsFunc {
	return func(context.Context) (Credentials, error) { return c, nil }
}
