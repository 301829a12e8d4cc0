package main

import (
	"context"
	"errors"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// resourceDirectory gives package org the directory as it wants it.
type resourceDirectory struct{ c *directory.Client }

func (d resourceDirectory) ResourceDirectory(ctx context.Context) (org.DirectoryInfo, error) {
	r, err := d.c.Get(ctx)
	return org.DirectoryInfo{ID: r.ID, ManagementAccount: r.ManagementAccount, Enterprise: enterprise(r.Enterprise)}, err
}

func (d resourceDirectory) Member(ctx context.Context, uid string) (org.MemberInfo, error) {
	a, err := d.c.GetAccount(ctx, uid)
	return org.MemberInfo{UID: a.ID, Name: a.Name, Status: a.Status, Closing: a.Closing(), Enterprise: enterprise(a.Enterprise)}, err
}

// enterprise is the enterprise of a real-name verification that the directory shows; "" when it shows none, or hides it
// behind asterisks: two hidden names cannot be compared.
//
// Assumption: the text is the name of the enterprise, with space around it at most (a documented example ends with a line
// break). Accounts of one enterprise may have it in different forms, see package org.
func enterprise(verification string) string {
	name := strings.TrimSpace(verification)
	if strings.Contains(name, "*") {
		return ""
	}
	return name
}

func (d resourceDirectory) TrustedServices(ctx context.Context) ([]string, error) {
	all, err := d.c.ListTrustedServiceStatus(ctx)
	var out []string
	for _, s := range all {
		out = append(out, s.Service)
	}
	return out, err
}

func (d resourceDirectory) Administrators(ctx context.Context, principal string) ([]string, error) {
	all, err := d.c.ListDelegatedAdministrators(ctx, principal)
	var out []string
	for _, a := range all {
		out = append(out, a.Account)
	}
	return out, err
}

func (d resourceDirectory) ServicesOf(ctx context.Context, uid string) ([]string, error) {
	all, err := d.c.ListDelegatedServicesForAccount(ctx, uid)
	var out []string
	for _, s := range all {
		if s.Status != "DISABLED" {
			out = append(out, s.Service)
		}
	}
	return out, err
}

// EnableTrustedAccess calls the service itself: the directory has no operation for it (accounts.md §2.5).
func (d resourceDirectory) EnableTrustedAccess(ctx context.Context, principal string) error {
	switch p := org.Principals(); principal {
	case p[0]:
		return d.c.EnableSecurityCenter(ctx)
	case p[1]:
		return d.c.EnableThreatAnalysis(ctx)
	}
	return &soc.Error{Kind: soc.Unsupported, Op: "enable trusted access", Resource: principal, Err: errors.New("unknown service")}
}

func (d resourceDirectory) Note(ctx context.Context, uid string, n org.DelegationNote) error {
	var tags []directory.Tag
	for _, t := range n.Tags() {
		tags = append(tags, directory.Tag(t))
	}
	return d.c.TagMember(ctx, uid, tags...)
}

func (d resourceDirectory) Register(ctx context.Context, uid, principal string) error {
	return d.c.RegisterDelegatedAdministrator(ctx, uid, principal)
}

func (d resourceDirectory) Deregister(ctx context.Context, uid, principal string) error {
	return d.c.DeregisterDelegatedAdministrator(ctx, uid, principal)
}
