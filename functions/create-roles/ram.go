package main

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// memberRAM gives package org the RAM of a member as it wants it.
type memberRAM struct{ c *ram.Client }

func (m memberRAM) Trust(ctx context.Context, role string) (string, error) {
	r, err := m.c.GetRole(ctx, role)
	return r.TrustPolicy, err
}

func (m memberRAM) CreateRole(ctx context.Context, role, description, trust string) error {
	_, err := m.c.CreateRole(ctx, role, trust, description, 0)
	return err
}

func (m memberRAM) SetTrust(ctx context.Context, role, document string) error {
	_, err := m.c.UpdateRole(ctx, role, ram.RoleUpdate{TrustPolicy: document})
	return err
}

func (m memberRAM) DeleteRole(ctx context.Context, role string) error {
	return m.c.DeleteRole(ctx, role)
}

func (m memberRAM) CreateServiceRole(ctx context.Context, service string) error {
	_, err := m.c.CreateServiceLinkedRole(ctx, service)
	return err
}

func (m memberRAM) DeleteServiceRole(ctx context.Context, role string) (string, error) {
	task, err := m.c.DeleteServiceLinkedRole(ctx, role)
	if err != nil {
		return "", err
	}
	status, _, err := m.c.ServiceLinkedRoleDeletion(ctx, task)
	switch {
	case err != nil:
		return "", err
	case status == "SUCCEEDED":
		return org.RoleRemoved, nil
	case status == "FAILED":
		return org.RoleKept, nil
	}
	return soc.RoleRemoving, nil
}

func (m memberRAM) PolicyDocument(ctx context.Context, policy string) (string, error) {
	p, err := m.c.GetPolicy(ctx, ram.Custom, policy)
	return p.Document, err
}

func (m memberRAM) CreatePolicy(ctx context.Context, policy, document string) error {
	_, err := m.c.CreatePolicy(ctx, policy, document, "Fenghuo")
	return err
}

func (m memberRAM) SetPolicy(ctx context.Context, policy, document string) error {
	_, err := m.c.SetPolicy(ctx, policy, document)
	return err
}

// DeletePolicy deletes the versions that are not the default one first: RAM refuses to delete a policy that has them.
func (m memberRAM) DeletePolicy(ctx context.Context, policy string) error {
	versions, err := m.c.ListPolicyVersions(ctx, ram.Custom, policy)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if v.Default {
			continue
		}
		if err := m.c.DeletePolicyVersion(ctx, policy, v.ID); err != nil {
			return err
		}
	}
	return m.c.DeletePolicy(ctx, policy)
}

func (m memberRAM) Attachments(ctx context.Context, role string) ([]org.Attachment, error) {
	all, err := m.c.ListPoliciesForRole(ctx, role)
	var out []org.Attachment
	for _, p := range all {
		out = append(out, org.Attachment{Name: p.Name, Type: p.Type})
	}
	return out, err
}

func (m memberRAM) Attach(ctx context.Context, role string, a org.Attachment) error {
	return m.c.AttachPolicyToRole(ctx, a.Type, a.Name, role)
}

func (m memberRAM) Detach(ctx context.Context, role string, a org.Attachment) error {
	return m.c.DetachPolicyFromRole(ctx, a.Type, a.Name, role)
}
