package ros

import (
	"context"
	"reflect"
	"strconv"
)

// policyDocument is a policy with the fields of the fc sheet, section 6, and NotAction of the policy grammar; with
// principal it is a trust policy.
func policyDocument(principal bool) prop {
	fields := map[string]prop{
		"Action": oneOrMany(), "NotAction": oneOrMany(), "Resource": oneOrMany(),
		"Effect": required(oneOf("Allow", "Deny")), "Condition": {kind: mapping},
	}
	if principal {
		delete(fields, "Resource")
		delete(fields, "NotAction")
		fields["Principal"] = object(map[string]prop{"Service": oneOrMany(), "RAM": oneOrMany(), "Federated": oneOrMany()})
	}
	return object(map[string]prop{"Version": required(of(text)), "Statement": required(listOf(object(fields)))})
}

func tags() prop {
	return listOf(object(map[string]prop{"Key": required(of(text)), "Value": of(text)}))
}

// ramRole is ALIYUN::RAM::Role. Inline policies become custom policies that are attached to the role. With
// IgnoreExisting an existing role is left alone, now and later. Tags are accepted and have no effect.
var ramRole = &driver{
	props: map[string]prop{
		"RoleName": required(of(text)), "AssumeRolePolicyDocument": required(policyDocument(true)), "Description": of(text),
		"MaxSessionDuration": of(number),
		"Policies": listOf(object(map[string]prop{
			"PolicyName": required(of(text)), "PolicyDocument": required(policyDocument(false)),
			"Description": of(text), "IgnoreExisting": of(boolean),
		})),
		"PolicyAttachments": object(map[string]prop{"System": listOf(of(text)), "Custom": listOf(of(text))}),
		"DeletionForce":     of(boolean), "IgnoreExisting": of(boolean), "Tags": tags(),
	},
	attrs:  []string{"Arn", "RoleId", "RoleName"},
	fixed:  []string{"RoleName"},
	create: createRole, update: updateRole, remove: removeRole,
}

func createRole(ctx context.Context, e env, d *deployed) error {
	trust, err := document(d.props["AssumeRolePolicyDocument"])
	if err != nil {
		return err
	}
	name := str(d.props, "RoleName")
	params := map[string]string{"RoleName": name, "AssumeRolePolicyDocument": trust}
	if v := str(d.props, "Description"); v != "" {
		params["Description"] = v
	}
	if v := integer(d.props, "MaxSessionDuration", 0); v > 0 {
		params["MaxSessionDuration"] = strconv.Itoa(v)
	}
	answer, err := e.ram(ctx, "CreateRole", params)
	if flag(d.props, "IgnoreExisting") && hasCode(err, "EntityAlreadyExists.Role") {
		d.adopted = true
		answer, err = e.ram(ctx, "GetRole", map[string]string{"RoleName": name})
	}
	if err != nil {
		return err
	}
	role := sub(answer, "Role")
	d.physicalID = name
	d.attrs = map[string]any{"Arn": role["Arn"], "RoleId": role["RoleId"], "RoleName": name}
	if d.adopted {
		return nil
	}
	for _, p := range policiesOf(d.props) {
		if err := createInline(ctx, e, name, p); err != nil {
			return err
		}
	}
	for _, a := range attachmentsOf(d.props) {
		if err := attach(ctx, e, a, name); err != nil {
			return err
		}
	}
	return nil
}

// inline is a policy written inside a role.
type inline struct {
	name, description string
	document          any
	ignoreExisting    bool
}

func policiesOf(props map[string]any) []inline {
	var out []inline
	for _, v := range items(props, "Policies") {
		p, _ := v.(map[string]any)
		out = append(out, inline{str(p, "PolicyName"), str(p, "Description"), p["PolicyDocument"], flag(p, "IgnoreExisting")})
	}
	return out
}

// attachment names a policy.
type attachment struct{ kind, name string }

func attachmentsOf(props map[string]any) []attachment {
	var out []attachment
	for _, kind := range []string{"System", "Custom"} {
		for _, name := range texts(sub(props, "PolicyAttachments"), kind) {
			out = append(out, attachment{kind, name})
		}
	}
	return out
}

func createInline(ctx context.Context, e env, role string, p inline) error {
	err := createPolicy(ctx, e, p.name, p.description, p.document)
	if p.ignoreExisting && hasCode(err, "EntityAlreadyExists.Policy") {
		err = nil
	}
	if err != nil {
		return err
	}
	return attach(ctx, e, attachment{"Custom", p.name}, role)
}

func attach(ctx context.Context, e env, a attachment, role string) error {
	_, err := e.ram(ctx, "AttachPolicyToRole", map[string]string{"PolicyType": a.kind, "PolicyName": a.name, "RoleName": role})
	if e.undoing && hasCode(err, "EntityAlreadyExists.Role.Policy") {
		return nil
	}
	return err
}

// detach is content when the policy is not attached or is gone.
func detach(ctx context.Context, e env, a attachment, role string) error {
	_, err := e.ram(ctx, "DetachPolicyFromRole", map[string]string{"PolicyType": a.kind, "PolicyName": a.name, "RoleName": role})
	if hasCode(err, "EntityNotExist.Role.Policy", "EntityNotExist.Policy", "EntityNotExist.Role") {
		return nil
	}
	return err
}

func removeInline(ctx context.Context, e env, role string, p inline) error {
	if err := detach(ctx, e, attachment{"Custom", p.name}, role); err != nil || p.ignoreExisting {
		return err
	}
	return removePolicy(ctx, e, p.name)
}

func updateRole(ctx context.Context, e env, d *deployed, to map[string]any) error {
	return try(
		func() error { return updateRoleItself(ctx, e, d, to) },
		func() error { return updateInline(ctx, e, d.physicalID, policiesOf(d.props), policiesOf(to)) },
		func() error {
			return updateAttachments(ctx, e, d.physicalID, attachmentsOf(d.props), attachmentsOf(to))
		},
	)
}

func updateRoleItself(ctx context.Context, e env, d *deployed, to map[string]any) error {
	params := map[string]string{"RoleName": d.physicalID}
	if !reflect.DeepEqual(d.props["AssumeRolePolicyDocument"], to["AssumeRolePolicyDocument"]) {
		trust, err := document(to["AssumeRolePolicyDocument"])
		if err != nil {
			return err
		}
		params["NewAssumeRolePolicyDocument"] = trust
	}
	if v := str(to, "Description"); v != str(d.props, "Description") {
		params["NewDescription"] = v
	}
	if v := integer(to, "MaxSessionDuration", 3600); v != integer(d.props, "MaxSessionDuration", 3600) {
		params["NewMaxSessionDuration"] = strconv.Itoa(v)
	}
	if len(params) == 1 {
		return nil
	}
	_, err := e.ram(ctx, "UpdateRole", params)
	return err
}

func updateInline(ctx context.Context, e env, role string, from, to []inline) error {
	before := map[string]inline{}
	for _, p := range from {
		before[p.name] = p
	}
	for _, p := range to {
		old, had := before[p.name]
		delete(before, p.name)
		var err error
		switch {
		case !had:
			err = createInline(ctx, e, role, p)
		case !reflect.DeepEqual(old.document, p.document):
			err = changePolicy(ctx, e, p.name, p.document)
		}
		if err != nil {
			return err
		}
	}
	for _, p := range from {
		if _, gone := before[p.name]; gone {
			if err := removeInline(ctx, e, role, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func updateAttachments(ctx context.Context, e env, role string, from, to []attachment) error {
	before := map[attachment]bool{}
	for _, a := range from {
		before[a] = true
	}
	for _, a := range to {
		if !before[a] {
			if err := attach(ctx, e, a, role); err != nil {
				return err
			}
		}
		delete(before, a)
	}
	for _, a := range from {
		if before[a] {
			if err := detach(ctx, e, a, role); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeRole takes its own policies off; DeletionForce takes every policy off.
func removeRole(ctx context.Context, e env, d *deployed) error {
	for _, p := range policiesOf(d.props) {
		if err := removeInline(ctx, e, d.physicalID, p); err != nil {
			return err
		}
	}
	rest := attachmentsOf(d.props)
	if flag(d.props, "DeletionForce") {
		answer, err := e.ram(ctx, "ListPoliciesForRole", map[string]string{"RoleName": d.physicalID})
		if hasCode(err, "EntityNotExist.Role") {
			return nil
		}
		if err != nil {
			return err
		}
		for _, v := range items(sub(answer, "Policies"), "Policy") {
			p, _ := v.(map[string]any)
			rest = append(rest, attachment{str(p, "PolicyType"), str(p, "PolicyName")})
		}
	}
	for _, a := range rest {
		if err := detach(ctx, e, a, d.physicalID); err != nil {
			return err
		}
	}
	_, err := e.ram(ctx, "DeleteRole", map[string]string{"RoleName": d.physicalID})
	if hasCode(err, "EntityNotExist.Role") {
		return nil
	}
	return err
}
