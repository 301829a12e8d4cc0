// Package gateway is the RPC gateway in front of the emulated OpenAPIs: it verifies signatures, routes by version and
// action, asks for permission and writes answers and errors in the shape the official clients expect.
//
// Start with [New] and [Gateway.Register]. Services of the ROA style, such as Function Compute, keep their own routes
// and use [Gateway.Authenticate] and [Gateway.Require] only. The gateway holds no product state; do not put any here.
// It answers JSON always, also when a client asks for XML.
package gateway

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// Options are what a gateway needs. Credentials and Authorizer are required; a nil Clock is the wall clock.
type Options struct {
	Credentials auth.Credentials
	Authorizer  auth.Authorizer
	Clock       func() time.Time
	// Wall judges the time that a request was signed at, because clients sign by the wall clock; nil = Clock. All else
	// follows Clock.
	Wall func() time.Time
	Log  func(Entry) // called once per call, from the goroutine of the call; nil = no log
	// Inside gives the context of a call that [Gateway.Do] makes, with the fault that strikes it; nil: none does. Faults of
	// calls from outside come in the context of the request; see [faults.Refusal].
	Inside func(ctx context.Context, t faults.Target) context.Context
}

// Entry describes one finished call. Fields that were not known when the call failed are empty.
type Entry struct {
	Time      time.Time
	Product   string
	Version   string
	Action    string
	CallerARN string
	AccountID string // of the caller
	Region    string
	Status    int
	Code      string // error code; "" on success
	RequestID string
}

// Gateway serves RPC style OpenAPIs. Register everything before serving; all other methods are safe for concurrent use.
type Gateway struct {
	credentials auth.Credentials
	authorizer  auth.Authorizer
	clock, wall func() time.Time
	log         func(Entry)
	inside      func(context.Context, faults.Target) context.Context
	nonces      *nonces
	flow        flow

	products map[string]string // version date → product
	routes   map[route]Operation
	partial  map[route]string
}

type route struct{ version, action string }

// New returns a gateway without operations.
func New(o Options) *Gateway {
	g := &Gateway{
		credentials: o.Credentials,
		authorizer:  o.Authorizer,
		clock:       o.Clock,
		log:         o.Log,
		inside:      o.Inside,
		nonces:      newNonces(maxNonces),
		products:    map[string]string{},
		routes:      map[route]Operation{},
		partial:     map[route]string{},
	}
	if g.clock == nil {
		g.clock = time.Now
	}
	g.wall = o.Wall
	if g.log == nil {
		g.log = func(Entry) {}
	}
	return g
}

// Register adds operations of one product version. Several calls may add to the same product and version. It panics
// when a version date already belongs to another product or an operation is there already: a wiring error.
func (g *Gateway) Register(product, version string, ops map[string]Operation) {
	if p, ok := g.products[version]; ok && p != product {
		panic(fmt.Sprintf("gateway: version %s belongs to %s, not to %s", version, p, product))
	}
	g.products[version] = product
	for action, op := range ops {
		k := route{version, action}
		if _, ok := g.routes[k]; ok {
			panic(fmt.Sprintf("gateway: %s %s %s registered twice", product, version, action))
		}
		if op.Handle == nil {
			panic(fmt.Sprintf("gateway: %s %s %s has no handler", product, version, action))
		}
		g.routes[k] = op
	}
}

// Actions lists every operation as "Product Version Action", sorted.
func (g *Gateway) Actions() []string {
	out := make([]string, 0, len(g.routes))
	for k := range g.routes {
		out = append(out, g.products[k.version]+" "+k.version+" "+k.action)
	}
	slices.Sort(out)
	return out
}

func (g *Gateway) lookup(version, action string) (product string, op Operation, e *Error) {
	product, ok := g.products[version]
	if !ok {
		return "", op, Errorf(http.StatusNotFound, "InvalidProduct.NotFound",
			"Specified product is not found. No product has version %s (action %s).", version, action)
	}
	op, ok = g.routes[route{version, action}]
	if !ok {
		return product, op, Errorf(http.StatusNotFound, "InvalidApi.NotFound",
			"Specified api is not found. Product: %s, Version: %s, Action: %s.", product, version, action)
	}
	return product, op, nil
}
