package directory

import (
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// controlOperations are those of the Control Policy feature. Only the management account has them.
func (s *Service) controlOperations() map[string]func(t *tree, c *gateway.Call) (any, error) {
	return map[string]func(t *tree, c *gateway.Call) (any, error){
		"EnableControlPolicy":                   s.handleEnableControl,
		"DisableControlPolicy":                  s.handleDisableControl,
		"GetControlPolicyEnablementStatus":      s.handleControlStatus,
		"CreateControlPolicy":                   s.handleCreateControl,
		"UpdateControlPolicy":                   s.handleUpdateControl,
		"DeleteControlPolicy":                   s.handleDeleteControl,
		"GetControlPolicy":                      s.handleGetControl,
		"ListControlPolicies":                   s.handleListControls,
		"AttachControlPolicy":                   s.handleAttachControl,
		"DetachControlPolicy":                   s.handleDetachControl,
		"ListControlPolicyAttachmentsForTarget": s.handleListAttachments,
		"ListTargetAttachmentsForControlPolicy": s.handleListTargets,
	}
}

// inOwned runs an operation under the lock on the directory that the caller manages.
func (s *Service) inOwned(do func(t *tree, c *gateway.Call) (any, error)) handler {
	return func(c *gateway.Call) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t, err := s.owned(c.Caller.AccountID)
		if err != nil {
			return nil, err
		}
		return do(t, c)
	}
}

// enablement is the status that GetControlPolicyEnablementStatus and GetResourceDirectory show.
func (c *control) enablement() string {
	if c.enabled {
		return "Enabled"
	}
	return "Disabled"
}

// handleEnableControl answers PendingEnable, as the sample of the documents does.
//
// Assumption: the change is done before the next request; how long it takes is not documented.
func (s *Service) handleEnableControl(t *tree, _ *gateway.Call) (any, error) {
	if t.control.enabled {
		return object{"EnablementStatus": t.control.enablement()}, nil
	}
	s.switchControl(t, true)
	return object{"EnablementStatus": "PendingEnable"}, nil
}

func (s *Service) handleDisableControl(t *tree, _ *gateway.Call) (any, error) {
	if !t.control.enabled {
		return object{"EnablementStatus": t.control.enablement()}, nil
	}
	s.switchControl(t, false)
	return object{"EnablementStatus": "PendingDisable"}, nil
}

func (s *Service) handleControlStatus(t *tree, _ *gateway.Call) (any, error) {
	return object{"EnablementStatus": t.control.enablement()}, nil
}

func (s *Service) handleCreateControl(t *tree, c *gateway.Call) (any, error) {
	p, err := s.createControlPolicy(t, c.Get("PolicyName"), c.Get("Description"), c.Get("EffectScope"), c.Get("PolicyDocument"))
	if err != nil {
		return nil, err
	}
	return t.control.answer(p), nil
}

func (s *Service) handleUpdateControl(t *tree, c *gateway.Call) (any, error) {
	p, err := t.control.custom(c.Get("PolicyId"))
	if err != nil {
		return nil, err
	}
	name, description, text := p.name, p.description, p.text
	for parameter, field := range map[string]*string{"NewPolicyName": &name, "NewDescription": &description, "NewPolicyDocument": &text} {
		if v := c.Get(parameter); v != "" {
			*field = v
		}
	}
	if err := s.checkControlPolicy(t, name, description, text, p); err != nil {
		return nil, err
	}
	p.name, p.description, p.text, p.updated = name, description, text, s.o.Clock()
	s.rebind(t)
	return t.control.answer(p), nil
}

func (s *Service) handleDeleteControl(t *tree, c *gateway.Call) (any, error) {
	p, err := t.control.custom(c.Get("PolicyId"))
	if err != nil {
		return nil, err
	}
	if len(t.control.targets(p)) > 0 {
		return nil, conflict(controlPolicyAttached, "The control policy %s is attached.", p.id)
	}
	delete(t.control.policies, p.id)
	return nil, nil
}

func (s *Service) handleGetControl(t *tree, c *gateway.Call) (any, error) {
	id := c.Get("PolicyId")
	if id == "" {
		return nil, missing("PolicyId")
	}
	p := t.control.find(id)
	if p == nil {
		return nil, noControlPolicy(id)
	}
	return t.control.answer(p), nil
}

func (s *Service) handleListControls(t *tree, c *gateway.Call) (any, error) {
	p, err := readPage(c)
	if err != nil {
		return nil, err
	}
	kind := c.Get("PolicyType")
	if kind != "" && kind != "System" && kind != "Custom" {
		return nil, invalid("PolicyType", "The type is System or Custom.")
	}
	return paged(p, "ControlPolicies", "ControlPolicy", t.control.list(kind), t.control.view), nil
}

func (s *Service) handleAttachControl(t *tree, c *gateway.Call) (any, error) {
	return nil, s.attach(t, c.Get("PolicyId"), c.Get("TargetId"))
}

func (s *Service) handleDetachControl(t *tree, c *gateway.Call) (any, error) {
	return nil, s.detach(t, c.Get("PolicyId"), c.Get("TargetId"))
}

func (s *Service) handleListAttachments(t *tree, c *gateway.Call) (any, error) {
	target := c.Get("TargetId")
	switch {
	case target == "":
		return nil, missing("TargetId")
	case !t.hasFolder(target) && t.members[target] == nil:
		return nil, noTarget(target)
	}
	list := []object{}
	for _, b := range t.control.attached[target] {
		v := b.policy.head()
		v["AttachDate"] = seconds(b.at)
		list = append(list, v)
	}
	return object{"ControlPolicyAttachments": object{"ControlPolicyAttachment": list}}, nil
}

func (s *Service) handleListTargets(t *tree, c *gateway.Call) (any, error) {
	page, err := readPage(c)
	if err != nil {
		return nil, err
	}
	id := c.Get("PolicyId")
	p := t.control.find(id)
	switch {
	case id == "":
		return nil, missing("PolicyId")
	case p == nil:
		return nil, noControlPolicy(id)
	}
	return paged(page, "TargetAttachments", "TargetAttachment", t.control.targets(p), func(b targetBinding) object {
		name, kind := t.named(b.target)
		return object{"TargetId": b.target, "TargetName": name, "TargetType": kind, "AttachDate": seconds(b.at)}
	}), nil
}

// named is the name and the type of a target of control policies.
func (t *tree) named(target string) (name, kind string) {
	switch {
	case target == t.rootID:
		return "root", "Root"
	case t.folders[target] != nil:
		return t.folders[target].name, "Folder"
	}
	return t.members[target].displayName, "Account"
}

// answer is a policy with its document.
func (c *control) answer(p *controlPolicy) object {
	v := c.view(p)
	v["PolicyDocument"] = p.text
	return object{"ControlPolicy": v}
}

// view is a policy in a list. The count is text, as the SDK has it.
func (c *control) view(p *controlPolicy) object {
	v := p.head()
	v["AttachmentCount"] = itoa(len(c.targets(p)))
	if !p.system {
		v["CreateDate"], v["UpdateDate"] = seconds(p.created), seconds(p.updated)
	}
	return v
}

func (p *controlPolicy) head() object {
	kind := "Custom"
	if p.system {
		kind = "System"
	}
	return object{"PolicyId": p.id, "PolicyName": p.name, "PolicyType": kind, "EffectScope": "RAM", "Description": p.description}
}

// seconds is a time of control policies, for example 2021-03-18T09:24:19Z.
func seconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
