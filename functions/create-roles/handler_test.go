package main

import (
	"context"
	"errors"
	"testing"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const (
	mgmt   = "1100000000000001"
	admin  = "1100000000000002"
	shop   = "1100000000000003"
	nobody = "1100000000000009"
)

type onlyShop struct{}

func (onlyShop) GetAccount(_ context.Context, uid string) (directory.Account, error) {
	if uid == shop {
		return directory.Account{ID: uid}, nil
	}
	return directory.Account{}, &soc.Error{Kind: soc.NotFound, Op: "GetAccount", Account: uid}
}

// emptyRAM is an account without roles. It takes writes and forgets them, unless err is set.
type emptyRAM struct {
	org.RAM
	roles map[string]bool
	err   error
}

func (e *emptyRAM) Trust(_ context.Context, role string) (string, error) {
	if e.err != nil {
		return "", e.err
	}
	if e.roles[role] {
		return "{}", nil
	}
	return "", &soc.Error{Kind: soc.NotFound, Op: "GetRole", Resource: role}
}

func (e *emptyRAM) Attachments(_ context.Context, role string) ([]org.Attachment, error) {
	return nil, &soc.Error{Kind: soc.NotFound, Op: "ListPoliciesForRole", Resource: role}
}

func (e *emptyRAM) DeletePolicy(_ context.Context, policy string) error {
	return &soc.Error{Kind: soc.NotFound, Op: "DeletePolicy", Resource: policy}
}

func handle(t *testing.T, ram *emptyRAM, r org.RolesRequest) (org.RolesResult, string, error) {
	t.Helper()
	var entered string
	h := &handler{
		template: fenghuo.Template, cfg: config{Administrator: admin, ExternalID: "external-id-of-the-directory"}, members: onlyShop{},
		enter: func(_ context.Context, uid, _ string) org.RAM { entered = uid; return ram },
	}
	got, err := h.handle(fc.NewContext(t.Context(), &fc.Context{AccountID: mgmt, RequestID: "r"}), r)
	return got, entered, err
}

func TestHandle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		r       org.RolesRequest
		status  string
		kind    soc.Kind
		entered string
	}{
		"verify":             {org.RolesRequest{Operation: org.OpVerify, Account: shop}, "ok", "", shop},
		"remove":             {org.RolesRequest{Operation: org.OpRemove, Account: shop}, "ok", "", shop},
		"unknown operation":  {org.RolesRequest{Operation: "grant", Account: shop}, "refused", soc.Invalid, ""},
		"not a uid":          {org.RolesRequest{Operation: org.OpEnsure, Account: "../" + shop}, "refused", soc.Invalid, ""},
		"management account": {org.RolesRequest{Operation: org.OpEnsure, Account: mgmt}, "refused", soc.Invalid, ""},
		"not a member":       {org.RolesRequest{Operation: org.OpEnsure, Account: nobody}, "refused", soc.NotFound, ""},
	} {
		got, entered, err := handle(t, &emptyRAM{}, tt.r)
		if err != nil || got.Status != tt.status || got.Kind != tt.kind || entered != tt.entered || got.Roles == nil {
			t.Errorf("%s: %+v, %v, entered %q; want %s %s, entered %q", name, got, err, entered, tt.status, tt.kind, tt.entered)
		}
		if (got.Status != "ok") != (got.Reason != "" && got.Next != "") {
			t.Errorf("%s: reason %q, next %q: exactly a refusal needs both", name, got.Reason, got.Next)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	verify := org.RolesRequest{Operation: org.OpVerify, Account: shop}
	if _, _, err := handle(t, &emptyRAM{err: &soc.Error{Kind: soc.Throttled, Op: "GetRole"}}, verify); soc.KindOf(err) != soc.Throttled {
		t.Errorf("throttled: %v, want an error that onboard can retry", err)
	}
	got, _, err := handle(t, &emptyRAM{err: &soc.Error{Kind: soc.Denied, Op: "AssumeRole", Err: errors.New("no trust")}}, verify)
	if err != nil || got.Status != "failed" || got.Kind != soc.Denied {
		t.Errorf("denied: %+v, %v; want failed", got, err)
	}
}

// TestUnknownFieldsAreRefused is the promise that nobody can hand this function a policy.
func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	event := fc.Typed(func(context.Context, org.RolesRequest) (org.RolesResult, error) { return org.RolesResult{}, nil })
	_, err := event.Invoke(t.Context(), []byte(`{"operation":"ensure","account":"`+shop+`","policy":"{}"}`))
	if soc.KindOf(err) != soc.Invalid {
		t.Errorf("a policy in the request: %v, want Invalid", err)
	}
}
