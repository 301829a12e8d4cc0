package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestChangesAreAudited switches policies on, sets the auto-add rule, goes back to a snapshot and leaves, each step twice
// as a flow that repeats it does. Each leaves one entry, and what was refused leaves none.
func TestChangesAreAudited(t *testing.T) {
	t.Parallel()
	h, db := newHandler(t)
	const waf = "alibaba_cloud_waf_flow"
	step := func(request, payload string) {
		t.Helper()
		for range 2 {
			ctx := fc.NewContext(t.Context(), &fc.Context{Region: "cn-hangzhou", RequestID: request})
			out, err := fc.Typed(h.handle).Invoke(ctx, []byte(payload))
			var r result
			if err != nil || json.Unmarshal(out, &r) != nil || r.Status != "ok" {
				t.Fatalf("%s: %s, %v", payload, out, err)
			}
		}
	}
	input := func(auto string) string {
		return `"policies":["` + waf + `"],"accounts":["` + shop + `"],"auto_add":` + auto
	}
	apply := func(run, auto string) {
		t.Helper()
		p := call(t, h, `{"operation":"plan",`+input(auto)+`}`)
		call(t, h, `{"operation":"apply","run_id":"`+run+`","hash":"another",`+input(auto)+`}`) // refused
		step("req-"+run, `{"operation":"apply","run_id":"`+run+`","hash":"`+p.Hash+`","by":"alice",`+input(auto)+`}`)
	}
	apply("on", "false")
	apply("rule", "true")
	step("req-back", `{"operation":"rollback","run_id":"back","snapshot":"rule"}`)
	if err := db.SaveScopeRun(t.Context(), soc.ScopeRun{ID: "leave", Operation: "leave", By: "bob", Accounts: []string{shop}}); err != nil {
		t.Fatal(err)
	}
	step("req-leave", `{"operation":"disable","run_id":"leave"}`)

	list, err := db.SearchAudit(t.Context(), store.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := db.VerifyAudit(t.Context()); err != nil || n != 4 {
		t.Errorf("the chain has %d entries, %v", n, err)
	}
	state := func(on, auto string) string { return `{"` + waf + `":{"enabled":` + on + `,"auto_add":` + auto + `}}` }
	var got [][]string
	for _, e := range list {
		if e.Account != shop || !e.At.Equal(h.now()) || e.Detail == "" {
			t.Errorf("entry %+v", e)
		}
		got = append(got, []string{e.Action, e.Actor, e.Origin, e.Before, e.After})
	}
	want := [][]string{
		{"policies.disable", "bob, as stated to integrate", "leave request req-leave", state("true", "false"), state("false", "false")},
		{"policies.rollback", "integrate", "back request req-back", state("true", "true"), state("true", "false")},
		{"policies.apply", "alice, as stated to integrate", "rule request req-rule", state("true", "false"), state("true", "true")},
		{"policies.apply", "alice, as stated to integrate", "on request req-on", state("false", "false"), state("true", "false")},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("trail, newest first (-want +got):\n%s", d)
	}
	if !strings.Contains(list[1].Detail, "before run rule") {
		t.Errorf("the rollback does not say to which run: %s", list[1].Detail)
	}
}
