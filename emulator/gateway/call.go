package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Call is one verified request on its way to a handler.
type Call struct {
	Product, Version, Action, RequestID string
	Region                              string // RegionId of the request; "" when the client sent none
	Caller                              auth.Caller
	Params                              url.Values // query and form merged, one value a name, common parameters included
	Now                                 time.Time  // the gateway's clock when the request arrived

	internal bool // made by another service, see Gateway.Do
}

// Get returns a parameter, "" when absent. Names are case-sensitive: ask for the documented name.
func (c *Call) Get(name string) string { return c.Params.Get(name) }

// Int returns a whole number, def when the parameter is absent or empty. Anything else is a 400
// InvalidParameter.<name> as [*Error].
func (c *Call) Int(name string, def int) (int, error) {
	s := c.Params.Get(name)
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, Errorf(http.StatusBadRequest, "InvalidParameter."+name, "The parameter %s must be a whole number.", name)
	}
	return n, nil
}

// Permission is one action on one resource that a caller needs. Context holds condition keys that follow from the
// request, such as ram:ServiceName.
type Permission struct {
	Action, Resource string
	Context          map[string]string
}

// Operation is one action of a product.
type Operation struct {
	// Permissions lists what the caller needs; every one must be allowed before Handle runs. Nil, or a nil result,
	// means that none is needed.
	Permissions func(c *Call) []Permission
	// PerSecond is how many calls of one account are taken in a second; 0 or less = no flow control.
	PerSecond int
	// Denied is the error code of a denial, "NoPermission" when empty. The status is always 403.
	Denied string
	// Handle runs the operation. The answer is a struct or map that encodes to a JSON object; nil answers RequestId
	// alone. An error that is an [*Error] is answered as it is, every other one as 500 InternalError.
	Handle func(ctx context.Context, c *Call) (any, error)
}
