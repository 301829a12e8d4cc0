package products

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Limits of the scene ip_blacklist.
//
// Assumption: 100 rules in a template is the example of DescribeInstance; 200 addresses in a rule is a guess. Both are
// told by DescribeInstance, so clients can read them.
const (
	maxRules     = 100
	maxAddresses = 200
)

// createRule answers RuleIds, ids with commas between them.
func (s *Service) createRule(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Get("DefenseScene") == "":
		return nil, missing("DefenseScene")
	case c.Get("DefenseScene") != sceneBlacklist || !matches(c.Get("DefenseType"), "template"):
		return nil, invalid("DefenseScene", "The emulator has rules of the scene %s in templates only.", sceneBlacklist)
	case c.Get("Rules") == "":
		return nil, missing("Rules")
	}
	t, err := s.templateOf(c, w)
	if err != nil {
		return nil, err
	}
	if t.scene != sceneBlacklist {
		return nil, invalid("TemplateId", "The template is of the scene %s.", t.scene)
	}
	configs, err := parseRules(c.Get("Rules"))
	if err != nil {
		return nil, err
	}
	have := 0
	for _, r := range w.rules {
		if r.template == t.id {
			have++
		}
	}
	if have+len(configs) > maxRules {
		return nil, invalid("Rules", "A template has at most %d rules.", maxRules)
	}
	ids := make([]string, len(configs))
	for i, config := range configs {
		r := &wafRule{id: s.newID(), template: t.id, config: config, modified: s.clock()}
		w.rules = append(w.rules, r)
		ids[i] = strconv.FormatInt(r.id, 10)
	}
	return object{"RuleIds": strings.Join(ids, ",")}, nil
}

// templateOf is the template that TemplateId names.
//
// Assumption: Defense.Control.DefenseTemplateNotExist has status 400; the code is known, its status is not.
func (s *Service) templateOf(c *gateway.Call, w *waf) (*wafTemplate, error) {
	if c.Get("TemplateId") == "" {
		return nil, missing("TemplateId")
	}
	id, err := c.Int("TemplateId", 0)
	if err != nil {
		return nil, err
	}
	t := w.template(int64(id))
	if t == nil {
		return nil, gateway.Errorf(400, "Defense.Control.DefenseTemplateNotExist", "The template %d does not exist.", id)
	}
	return t, nil
}

// parseRules reads Rules: the JSON text of a list of rules of the scene ip_blacklist.
func parseRules(text string) ([]blacklist, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var list []blacklist
	if err := d.Decode(&list); err != nil || d.More() || len(list) == 0 {
		return nil, invalid("Rules", "Rules is no JSON list of rules with name, remoteAddr, action and status.")
	}
	for _, r := range list {
		switch {
		case r.Name == "" || len(r.Name) > 255:
			return nil, invalid("Rules", "A rule needs a name of at most 255 bytes.")
		case r.Action != "block" && r.Action != "monitor":
			return nil, invalid("Rules", "The action is block or monitor.")
		case r.Status != nil && *r.Status != 0 && *r.Status != 1:
			return nil, invalid("Rules", "The status is 0 or 1.")
		case len(r.RemoteAddr) == 0 || len(r.RemoteAddr) > maxAddresses:
			return nil, invalid("Rules", "A rule has 1 to %d addresses.", maxAddresses)
		}
		for _, ip := range r.RemoteAddr {
			if !validNet(ip) {
				return nil, invalid("Rules", "%q is neither an IP address nor a CIDR block.", ip)
			}
		}
	}
	return list, nil
}

// ruleQuery is the JSON text of the parameter Query of DescribeDefenseRules.
type ruleQuery struct {
	Scene      string `json:"scene"`
	TemplateID int64  `json:"templateId"`
	RuleID     int64  `json:"ruleId"`
	NameLike   string `json:"nameLike"`
}

func (s *Service) describeRules(c *gateway.Call) (any, error) {
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
	var q ruleQuery
	if text := c.Get("Query"); text != "" && json.Unmarshal([]byte(text), &q) != nil {
		return nil, invalid("Query", "Query is no JSON object.")
	}
	var list []*wafRule
	for _, r := range w.rules {
		if matches(q.Scene, sceneBlacklist) && (q.TemplateID == 0 || q.TemplateID == r.template) && (q.RuleID == 0 || q.RuleID == r.id) &&
			strings.Contains(r.config.Name, q.NameLike) {
			list = append(list, r)
		}
	}
	out := []object{}
	for _, r := range cut(list, number, size) {
		config, err := json.Marshal(r.config)
		if err != nil {
			return nil, err
		}
		status := 0
		if r.config.enabled() {
			status = 1
		}
		out = append(out, object{
			"RuleId": r.id, "RuleName": r.config.Name, "TemplateId": r.template, "DefenseScene": sceneBlacklist,
			"DefenseOrigin": "custom", "Status": status, "Config": string(config), "GmtModified": r.modified.UnixMilli(),
		})
	}
	return object{"Rules": out, "TotalCount": len(list)}, nil
}

// deleteRule deletes all rules in RuleIds or none.
//
// Assumption: Defense.Control.DefenseRuleNotExist has status 400; the code is known, its status is not.
func (s *Service) deleteRule(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	if c.Get("RuleIds") == "" {
		return nil, missing("RuleIds")
	}
	t, err := s.templateOf(c, w)
	if err != nil {
		return nil, err
	}
	doomed := map[int64]bool{}
	for text := range strings.SplitSeq(c.Get("RuleIds"), ",") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || !slices.ContainsFunc(w.rules, func(r *wafRule) bool { return r.id == id && r.template == t.id }) {
			return nil, gateway.Errorf(400, "Defense.Control.DefenseRuleNotExist", "The rule %s does not exist in the template.", text)
		}
		doomed[id] = true
	}
	w.rules = slices.DeleteFunc(w.rules, func(r *wafRule) bool { return doomed[r.id] })
	return nil, nil
}
