package directory

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// controlPolicy bounds what RAM users and roles of members may do. It grants nothing.
type controlPolicy struct {
	id, name, description, text string
	system                      bool
	created, updated            time.Time
}

// binding is a control policy on a folder, on the root folder or on a member.
type binding struct {
	policy *controlPolicy
	at     time.Time
}

// control is the Control Policy feature of one directory. Attachments exist only while it is on.
type control struct {
	enabled  bool
	policies map[string]*controlPolicy // custom ones, by id
	attached map[string][]binding      // by target, in the order of attachment
}

// fullAccess is the only system policy. It is attached to every folder and member while the feature is on.
var fullAccess = &controlPolicy{
	id: "cp-FullAliyunAccess", name: "FullAliyunAccess", system: true,
	text: `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
}

var controlPolicyName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

// switchControl turns the feature on or off. Off detaches everything and keeps the policies.
func (s *Service) switchControl(t *tree, on bool) {
	if t.control.enabled == on {
		return
	}
	t.control.enabled = on
	t.control.attached = map[string][]binding{}
	if on {
		t.control.cover(t.rootID, s.o.Clock())
		for id := range t.folders {
			t.control.cover(id, s.o.Clock())
		}
		for id := range t.members {
			t.control.cover(id, s.o.Clock())
		}
	}
	s.rebind(t)
}

// cover gives a new folder or member the system policy while the feature is on.
func (c *control) cover(target string, now time.Time) {
	if c.enabled {
		c.attached[target] = []binding{{fullAccess, now}}
	}
}

func (c *control) find(id string) *controlPolicy {
	if id == fullAccess.id {
		return fullAccess
	}
	return c.policies[id]
}

// list is the system policy and the custom ones by age.
func (c *control) list(kind string) []*controlPolicy {
	var out []*controlPolicy
	for _, p := range c.policies {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *controlPolicy) int { return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id)) })
	switch kind {
	case "System":
		return []*controlPolicy{fullAccess}
	case "Custom":
		return out
	}
	return append([]*controlPolicy{fullAccess}, out...)
}

// targets are what a policy is attached to, with the time, oldest first.
func (c *control) targets(p *controlPolicy) (out []targetBinding) {
	for target, list := range c.attached {
		if i := indexOf(list, p); i >= 0 {
			out = append(out, targetBinding{target, list[i].at})
		}
	}
	slices.SortFunc(out, func(a, b targetBinding) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.target, b.target)) })
	return out
}

type targetBinding struct {
	target string
	at     time.Time
}

func indexOf(list []binding, p *controlPolicy) int {
	return slices.IndexFunc(list, func(b binding) bool { return b.policy == p })
}

func (s *Service) createControlPolicy(t *tree, name, description, scope, text string) (*controlPolicy, error) {
	switch {
	case name == "":
		return nil, missing("PolicyName")
	case scope == "":
		return nil, missing("EffectScope")
	case scope != "RAM":
		return nil, invalid("EffectScope", "The effective scope is RAM.")
	case text == "":
		return nil, missing("PolicyDocument")
	}
	if err := s.checkControlPolicy(t, name, description, text, nil); err != nil {
		return nil, err
	}
	if len(t.control.policies) >= s.o.Limits.ControlPolicies {
		return nil, conflict(controlPolicyLimit, "The number of control policies exceeds the limit.")
	}
	now := s.o.Clock()
	p := &controlPolicy{id: s.newID("cp", t.master), name: name, description: description, text: text, created: now, updated: now}
	t.control.policies[p.id] = p
	return p, nil
}

// checkControlPolicy checks what a policy would become; self is the policy that may keep its name.
func (s *Service) checkControlPolicy(t *tree, name, description, text string, self *controlPolicy) error {
	switch {
	case len(name) > 128 || !controlPolicyName.MatchString(name):
		return invalid("PolicyName", "A name starts with a letter and has at most 128 letters, digits and hyphens.")
	case utf8.RuneCountInString(description) > 1024:
		return invalid("Description", "A description has at most 1,024 characters.")
	case utf8.RuneCountInString(text) > controlPolicyLength:
		return invalid("PolicyDocument", "A policy document has at most %d characters.", controlPolicyLength)
	}
	if err := s.o.CheckPolicy(text); err != nil {
		return invalid("PolicyDocument", "The policy document is malformed: %v.", err)
	}
	if name == fullAccess.name {
		return conflict(controlPolicyExists, "The control policy %s already exists.", name)
	}
	for _, p := range t.control.policies {
		if p != self && p.name == name {
			return conflict(controlPolicyExists, "The control policy %s already exists.", name)
		}
	}
	return nil
}

// controlPolicyLength is the greatest number of characters of a document; accounts sheet, section 2.8.
const controlPolicyLength = 4096

// custom is a policy that may be changed.
func (c *control) custom(id string) (*controlPolicy, error) {
	switch p := c.find(id); {
	case id == "":
		return nil, missing("PolicyId")
	case p == nil:
		return nil, noControlPolicy(id)
	case p.system:
		return nil, conflict(controlPolicySystem, "The system control policy cannot be changed.")
	default:
		return p, nil
	}
}

// attach binds a policy to a target. The target's members feel it at once.
func (s *Service) attach(t *tree, policyID, target string) error {
	p, list, err := t.controlTarget(policyID, target)
	switch {
	case err != nil:
		return err
	case indexOf(list, p) >= 0:
		return conflict(controlAttached, "The control policy %s is attached to %s already.", policyID, target)
	case len(list) >= controlPoliciesPerTarget:
		return conflict(controlAttachmentLimit, "The number of control policies of %s exceeds the limit.", target)
	}
	t.control.attached[target] = append(list, binding{p, s.o.Clock()})
	s.rebind(t)
	return nil
}

// controlPoliciesPerTarget is how many policies a folder or member may have; accounts sheet, section 2.8.
const controlPoliciesPerTarget = 10

func (s *Service) detach(t *tree, policyID, target string) error {
	p, list, err := t.controlTarget(policyID, target)
	if err != nil {
		return err
	}
	i := indexOf(list, p)
	switch {
	case i < 0:
		return notAttached(policyID, target)
	case len(list) == 1:
		return lastControlPolicy()
	}
	t.control.attached[target] = slices.Delete(slices.Clone(list), i, i+1)
	s.rebind(t)
	return nil
}

// controlTarget finds the policy and what its target has. The feature must be on.
func (t *tree) controlTarget(policyID, target string) (*controlPolicy, []binding, error) {
	p := t.control.find(policyID)
	switch {
	case policyID == "":
		return nil, nil, missing("PolicyId")
	case target == "":
		return nil, nil, missing("TargetId")
	case p == nil:
		return nil, nil, noControlPolicy(policyID)
	case !t.hasFolder(target) && t.members[target] == nil:
		return nil, nil, noTarget(target)
	case !t.control.enabled:
		return nil, nil, controlIsOff()
	}
	return p, t.control.attached[target], nil
}

// levels are the documents that bind a member: its own, then those of its folder, and so on up to the root folder.
// Every level must allow by itself. It is nil while the feature is off.
func (t *tree) levels(account string) [][]string {
	m := t.members[account]
	if m == nil || !t.control.enabled {
		return nil
	}
	path := strings.Split(t.path(m.folder), "/")[1:]
	slices.Reverse(path)
	var out [][]string
	for _, target := range append([]string{account}, path...) {
		var texts []string
		for _, b := range t.control.attached[target] {
			texts = append(texts, b.policy.text)
		}
		out = append(out, texts)
	}
	return out
}

// rebind publishes the levels of every member.
func (s *Service) rebind(t *tree) {
	for id, m := range t.members {
		s.places.put(id, t, m.folder)
	}
}
