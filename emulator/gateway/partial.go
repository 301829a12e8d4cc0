package gateway

import "fmt"

// Partial says of registered operations what of the documented operation is missing. It stands next to Register where the
// operations are, and ends in COVERAGE.md. It panics when an operation is not registered: a wiring error.
func (g *Gateway) Partial(version string, missing map[string]string) {
	for action, what := range missing {
		k := route{version, action}
		if _, ok := g.routes[k]; !ok {
			panic(fmt.Sprintf("gateway: %s %s is said to be partial and is not registered", version, action))
		}
		g.partial[k] = what
	}
}

// Missing tells what of a registered operation is missing, "" when nothing is known to be.
func (g *Gateway) Missing(version, action string) string { return g.partial[route{version, action}] }
