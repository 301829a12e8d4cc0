package ros

import (
	"context"
	"reflect"
)

// ramPolicy is ALIYUN::RAM::ManagedPolicy: a custom policy, attached to roles, users and groups.
var ramPolicy = &driver{
	props: map[string]prop{
		"PolicyName": required(of(text)), "PolicyDocument": policyDocument(false), "PolicyDocumentUnchecked": {kind: mapping},
		"Description": of(text), "Roles": listOf(of(text)), "Users": listOf(of(text)), "Groups": listOf(of(text)),
		"IgnoreExisting": of(boolean),
	},
	attrs:  []string{"PolicyName"},
	fixed:  []string{"PolicyName", "Description"},
	create: createManaged, update: updateManaged, remove: removeManaged,
}

// holders are the kinds of identities a managed policy can be attached to.
var holders = []struct{ property, attach, detach, parameter string }{
	{"Roles", "AttachPolicyToRole", "DetachPolicyFromRole", "RoleName"},
	{"Users", "AttachPolicyToUser", "DetachPolicyFromUser", "UserName"},
	{"Groups", "AttachPolicyToGroup", "DetachPolicyFromGroup", "GroupName"},
}

func managedDocument(props map[string]any) (any, error) {
	checked, unchecked := props["PolicyDocument"], props["PolicyDocumentUnchecked"]
	if (checked == nil) == (unchecked == nil) {
		return nil, templateError(codeValidation, "PolicyDocument", 0, "exactly one of PolicyDocument and PolicyDocumentUnchecked is needed")
	}
	if checked != nil {
		return checked, nil
	}
	return unchecked, nil
}

func createManaged(ctx context.Context, e env, d *deployed) error {
	doc, err := managedDocument(d.props)
	if err != nil {
		return err
	}
	name := str(d.props, "PolicyName")
	err = createPolicy(ctx, e, name, str(d.props, "Description"), doc)
	if flag(d.props, "IgnoreExisting") && hasCode(err, "EntityAlreadyExists.Policy") {
		d.adopted, err = true, nil
	}
	if err != nil {
		return err
	}
	d.physicalID, d.attrs = name, map[string]any{"PolicyName": name}
	if d.adopted {
		return nil
	}
	return moveHolders(ctx, e, name, nil, d.props)
}

func updateManaged(ctx context.Context, e env, d *deployed, to map[string]any) error {
	before, err := managedDocument(d.props)
	if err != nil {
		return err
	}
	after, err := managedDocument(to)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(before, after) {
		if err := changePolicy(ctx, e, d.physicalID, after); err != nil {
			return err
		}
	}
	return moveHolders(ctx, e, d.physicalID, d.props, to)
}

func removeManaged(ctx context.Context, e env, d *deployed) error {
	if err := moveHolders(ctx, e, d.physicalID, d.props, nil); err != nil {
		return err
	}
	return removePolicy(ctx, e, d.physicalID)
}

// moveHolders attaches the policy to whom the new properties name and detaches it from the others.
func moveHolders(ctx context.Context, e env, policy string, from, to map[string]any) error {
	for _, h := range holders {
		before := map[string]bool{}
		for _, name := range texts(from, h.property) {
			before[name] = true
		}
		for _, name := range texts(to, h.property) {
			if !before[name] {
				if _, err := e.ram(ctx, h.attach, map[string]string{"PolicyType": "Custom", "PolicyName": policy, h.parameter: name}); err != nil {
					return err
				}
			}
			delete(before, name)
		}
		for name := range before {
			_, err := e.ram(ctx, h.detach, map[string]string{"PolicyType": "Custom", "PolicyName": policy, h.parameter: name})
			if err != nil && !hasCode(err, "EntityNotExist.Role.Policy", "EntityNotExist.User.Policy", "EntityNotExist.Role", "EntityNotExist.User", "EntityNotExist.Policy") {
				return err
			}
		}
	}
	return nil
}

func createPolicy(ctx context.Context, e env, name, description string, doc any) error {
	body, err := document(doc)
	if err != nil {
		return err
	}
	params := map[string]string{"PolicyName": name, "PolicyDocument": body}
	if description != "" {
		params["Description"] = description
	}
	_, err = e.ram(ctx, "CreatePolicy", params)
	if e.undoing && hasCode(err, "EntityAlreadyExists.Policy") {
		return changePolicy(ctx, e, name, doc)
	}
	return err
}

// changePolicy adds a version and makes it the default one; the oldest version goes when there are too many.
func changePolicy(ctx context.Context, e env, name string, doc any) error {
	body, err := document(doc)
	if err != nil {
		return err
	}
	_, err = e.ram(ctx, "CreatePolicyVersion", map[string]string{
		"PolicyName": name, "PolicyDocument": body, "SetAsDefault": "true",
		"RotateStrategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded",
	})
	return err
}

// removePolicy deletes the versions that are not the default one, then the policy. A policy that is gone is no error.
func removePolicy(ctx context.Context, e env, name string) error {
	answer, err := e.ram(ctx, "ListPolicyVersions", map[string]string{"PolicyName": name, "PolicyType": "Custom"})
	if hasCode(err, "EntityNotExist.Policy") {
		return nil
	}
	if err != nil {
		return err
	}
	for _, v := range items(sub(answer, "PolicyVersions"), "PolicyVersion") {
		version, _ := v.(map[string]any)
		if flag(version, "IsDefaultVersion") {
			continue
		}
		if _, err := e.ram(ctx, "DeletePolicyVersion", map[string]string{"PolicyName": name, "VersionId": str(version, "VersionId")}); err != nil {
			return err
		}
	}
	_, err = e.ram(ctx, "DeletePolicy", map[string]string{"PolicyName": name})
	if hasCode(err, "EntityNotExist.Policy") {
		return nil
	}
	return err
}

// ramAttachment is ALIYUN::RAM::AttachPolicyToRole.
var ramAttachment = &driver{
	props: map[string]prop{"PolicyName": required(of(text)), "PolicyType": required(oneOf("System", "Custom")), "RoleName": required(of(text))},
	fixed: []string{"PolicyName", "PolicyType", "RoleName"},
	create: func(ctx context.Context, e env, d *deployed) error {
		if err := attach(ctx, e, attachmentOf(d), str(d.props, "RoleName")); err != nil {
			return err
		}
		d.physicalID = str(d.props, "RoleName") + "/" + str(d.props, "PolicyName")
		return nil
	},
	remove: func(ctx context.Context, e env, d *deployed) error {
		return detach(ctx, e, attachmentOf(d), str(d.props, "RoleName"))
	},
}

func attachmentOf(d *deployed) attachment {
	return attachment{str(d.props, "PolicyType"), str(d.props, "PolicyName")}
}
