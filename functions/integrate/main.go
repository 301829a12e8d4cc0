// Command integrate plans, applies, rolls back and switches off integration policies. It works on the store only; discover
// finds the Logstores afterwards.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/rules"
	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("integrate", build) }

func build(ctx context.Context, cfg config) (func(context.Context, request) (result, error), error) {
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	services, err := rulesByService(rules.FS)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	h := &handler{store: db, facts: integration.Facts{Catalog: c, Rules: services}, now: time.Now}
	return h.handle, nil
}
