package products

import (
	"slices"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// sceneBlacklist is the only protection scene with rules here.
const sceneBlacklist = "ip_blacklist"

// waf is the WAF 3.0 instance of an account.
type waf struct {
	id        string
	templates []*wafTemplate
	rules     []*wafRule
}

type wafTemplate struct {
	id                                               int64
	name, scene, kind, origin, description, subScene string
	status                                           int
	modified                                         time.Time
}

type wafRule struct {
	id, template int64
	config       blacklist
	modified     time.Time
}

// blacklist is one element of Rules of CreateDefenseRule in the scene ip_blacklist.
type blacklist struct {
	Name       string   `json:"name"`
	RemoteAddr []string `json:"remoteAddr"`
	Action     string   `json:"action"`
	Status     *int     `json:"status,omitempty"`
}

func (b blacklist) enabled() bool { return b.Status == nil || *b.Status == 1 }

// SeedWAF gives an account a WAF 3.0 instance, for example waf_v3prepaid_public_cn-4xl0000001.
func (s *Service) SeedWAF(account, instanceID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wafs[account] = &waf{id: instanceID}
}

func (w *waf) blocks(out []Block) []Block {
	for _, r := range w.rules {
		if r.config.Action != "block" || !r.config.enabled() || !w.active(r.template) {
			continue
		}
		for _, ip := range r.config.RemoteAddr {
			out = append(out, Block{"waf", strconv.FormatInt(r.id, 10), ip, r.config.Name})
		}
	}
	return out
}

// active tells whether the rules of a template do anything: it is switched on and is the default of the account.
//
// Assumption: a template of the type user_default protects every protected object, and one of the type user_custom
// nothing until objects are bound to it with ModifyTemplateResources, which the emulator does not have.
func (w *waf) active(template int64) bool {
	t := w.template(template)
	return t != nil && t.status == 1 && t.kind == "user_default"
}

func (w *waf) template(id int64) *wafTemplate {
	for _, t := range w.templates {
		if t.id == id {
			return t
		}
	}
	return nil
}

// describeInstance answers an account without WAF with no instance.
//
// Assumption: InstanceId, Status and the rest are absent then; the reference does not show such an answer.
func (s *Service) describeInstance(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.wafs[c.Caller.AccountID]
	if w == nil {
		return object{}, nil
	}
	return object{
		"InstanceId": w.id, "Status": 1, "RegionId": c.Get("RegionId"),
		"Details": object{"IpBlacklist": true, "IpBlacklistIpInRuleMaxCount": maxAddresses, "IpBlacklistRuleInTemplateMaxCount": maxRules},
	}, nil
}

// instance is the instance that InstanceId names, which has to be the caller's. The caller holds the lock.
//
// Assumption: code and status for a missing or foreign instance are not documented; 400 InvalidParameter.InstanceId.
func (s *Service) instance(c *gateway.Call) (*waf, error) {
	id := c.Get("InstanceId")
	if id == "" {
		return nil, missing("InstanceId")
	}
	w := s.wafs[c.Caller.AccountID]
	if w == nil || w.id != id {
		return nil, invalid("InstanceId", "The account has no WAF instance %s.", id)
	}
	return w, nil
}

var scenes = []string{"waf_group", "antiscan", sceneBlacklist, "custom_acl", "whitelist", "region_block", "custom_response", "cc", "tamperproof", "dlp"}

func (s *Service) createTemplate(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	for _, p := range []string{"TemplateName", "TemplateType", "TemplateStatus", "TemplateOrigin", "DefenseScene"} {
		if c.Get(p) == "" {
			return nil, missing(p)
		}
	}
	status, err := c.Int("TemplateStatus", 0)
	if err != nil {
		return nil, err
	}
	t := &wafTemplate{
		name: c.Get("TemplateName"), scene: c.Get("DefenseScene"), kind: c.Get("TemplateType"), subScene: c.Get("DefenseSubScene"),
		origin: c.Get("TemplateOrigin"), description: c.Get("Description"), status: status, modified: s.clock(),
	}
	switch {
	case status != 0 && status != 1:
		return nil, invalid("TemplateStatus", "The status is 0 or 1.")
	case t.kind != "user_default" && t.kind != "user_custom":
		return nil, invalid("TemplateType", "The type is user_default or user_custom.")
	case t.origin != "custom":
		return nil, invalid("TemplateOrigin", "The origin is custom.")
	case !slices.Contains(scenes, t.scene):
		return nil, invalid("DefenseScene", "The scene %s is unknown.", t.scene)
	case slices.ContainsFunc(w.templates, func(o *wafTemplate) bool { return o.scene == t.scene && o.name == t.name }):
		return nil, invalid("TemplateName", "The scene has a template of this name.")
	}
	t.id = s.newID()
	w.templates = append(w.templates, t)
	return object{"TemplateId": t.id}, nil
}

func (s *Service) describeTemplates(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	number, size, err := page(c, "PageNumber", "PageSize")
	if err != nil {
		return nil, err
	}
	var list []*wafTemplate
	for _, t := range w.templates {
		if matches(c.Get("DefenseScene"), t.scene) && matches(c.Get("TemplateType"), t.kind) && matches(c.Get("TemplateName"), t.name) &&
			matches(c.Get("TemplateId"), strconv.FormatInt(t.id, 10)) {
			list = append(list, t)
		}
	}
	out := []object{}
	for _, t := range cut(list, number, size) {
		out = append(out, object{
			"TemplateId": t.id, "TemplateName": t.name, "DefenseScene": t.scene, "DefenseSubScene": t.subScene, "TemplateType": t.kind,
			"TemplateOrigin": t.origin, "TemplateStatus": t.status, "Description": t.description, "GmtModified": t.modified.UnixMilli(),
		})
	}
	return object{"Templates": out, "TotalCount": len(list)}, nil
}

func matches(filter, value string) bool { return filter == "" || filter == value }
