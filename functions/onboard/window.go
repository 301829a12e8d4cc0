package main

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/window"
)

// windowResult is the window of a member.
type windowResult struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	window.Window
}

func (h *handler) window(ctx context.Context, r request) (any, error) {
	v := window.Viewer{Store: h.store, Catalog: h.catalog, Template: h.template, Administrator: self(ctx), Management: h.management, Now: h.now}
	w, err := v.Look(ctx, r.Account)
	if err != nil {
		return answer(err)
	}
	return windowResult{Status: org.StatusOK, Window: w}, nil
}
