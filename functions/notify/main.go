// Command notify asks people for approval and writes messages to the timeline of an incident. It calls no cloud API, so
// its role needs nothing beyond the function logs. Messages to webhooks are not built yet.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("notify", build) }

func build(ctx context.Context, cfg config) (func(context.Context, request) (answer, error), error) {
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	h := &handler{approvals: db, runs: db, wait: cfg.Wait, now: time.Now}
	return h.handle, nil
}
