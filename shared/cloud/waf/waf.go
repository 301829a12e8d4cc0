// Package waf blocks addresses with Web Application Firewall 3.0 (waf-openapi 2021-10-01).
//
// Start at [New] with an openapi client that calls in the account that owns the WAF instance: ask for [Client.Instance],
// choose or make a template of the IP blacklist, and add rules to it. A rule of a template of type "user_custom" only works
// on the protected objects that the template is bound to; the one of type "user_default" works on all others.
package waf

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// IPBlacklist is the defense scene of rules that list source addresses.
const IPBlacklist = "ip_blacklist"

// Types of templates.
const (
	DefaultTemplate = "user_default" // works on every object that no custom template covers
	CustomTemplate  = "user_custom"  // works on the objects that it is bound to
)

// region is where WAF keeps all instances of the Chinese mainland, whatever region its objects are in; the other one is
// ap-southeast-1.
const region = "cn-hangzhou"

// Client calls WAF in the account that its openapi client calls as. It is safe for concurrent use.
type Client struct{ api *openapi.Client }

// New returns a client for instances of the Chinese mainland.
func New(api *openapi.Client) *Client { return &Client{api.In(region)} }

func (c *Client) request(action, resource string, query map[string]string) openapi.Request {
	return openapi.Request{
		Product: "waf-openapi", Version: "2021-10-01", Action: action, Host: "wafopenapi." + region + ".aliyuncs.com",
		Resource: resource, Query: query,
	}
}

// Instance returns the id of the account's WAF instance. Kinds: NotFound when it has none.
func (c *Client) Instance(ctx context.Context) (string, error) {
	var out struct{ InstanceId string }
	if err := c.api.Do(ctx, c.request("DescribeInstance", "", nil), &out); err != nil {
		return "", err
	}
	if out.InstanceId == "" {
		return "", &soc.Error{
			Kind: soc.NotFound, Op: "DescribeInstance", Account: c.api.Account(), Err: errors.New("account has no WAF 3.0 instance"),
			Next: "leave WAF out of the playbook for this account, or buy an instance",
		}
	}
	return out.InstanceId, nil
}

// Template is a set of rules of one scene.
type Template struct {
	ID     int64  `json:"TemplateId"`
	Name   string `json:"TemplateName"`
	Scene  string `json:"DefenseScene"`
	Type   string `json:"TemplateType"`
	Status int    `json:"TemplateStatus"` // 1 = on
}

// pageSize is asked for in lists.
//
// Assumption: the service takes pages of 50; what was found of its reference names a default of 10 and no maximum.
const pageSize = 50

// Templates returns the templates of a scene.
func (c *Client) Templates(ctx context.Context, instance, scene string) ([]Template, error) {
	var all []Template
	for page := 1; ; page++ {
		var out struct {
			Templates  []Template
			TotalCount int
		}
		err := c.api.Do(ctx, c.request("DescribeDefenseTemplates", instance, map[string]string{
			"InstanceId": instance, "DefenseScene": scene,
			"PageNumber": strconv.Itoa(page), "PageSize": strconv.Itoa(pageSize),
		}), &out)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Templates...)
		if len(out.Templates) == 0 || len(all) >= out.TotalCount {
			return all, nil
		}
	}
}

// CreateTemplate makes a template that is switched on, and returns its id. It is not idempotent.
func (c *Client) CreateTemplate(ctx context.Context, instance, name, scene, templateType string) (int64, error) {
	var out struct{ TemplateId int64 }
	r := c.request("CreateDefenseTemplate", instance, map[string]string{
		"InstanceId": instance, "TemplateName": name, "DefenseScene": scene,
		"TemplateType": templateType, "TemplateOrigin": "custom", "TemplateStatus": "1",
	})
	r.Once = true
	err := c.api.Do(ctx, r, &out)
	return out.TemplateId, err
}

// Rule is a rule of the IP blacklist.
type Rule struct {
	ID        int64
	Template  int64
	Scene     string
	Name      string
	Addresses []string // IPs and CIDRs
	Action    string   // block, monitor
	Enabled   bool
}

// ruleConfig is how a rule of the IP blacklist is written inside the API's JSON text.
type ruleConfig struct {
	Name       string   `json:"name,omitempty"`
	RemoteAddr []string `json:"remoteAddr"`
	Action     string   `json:"action"`
	Status     int      `json:"status"`
}

// CreateRule adds a rule to a template of the IP blacklist and returns its id. It is not idempotent: look for an equal rule
// with [Client.Rules] first. The id is 0 when the service does not tell it.
func (c *Client) CreateRule(ctx context.Context, instance string, template int64, rule Rule) (int64, error) {
	status := 0
	if rule.Enabled {
		status = 1
	}
	text, err := json.Marshal([]ruleConfig{{Name: rule.Name, RemoteAddr: rule.Addresses, Action: rule.Action, Status: status}})
	if err != nil {
		return 0, &soc.Error{Kind: soc.Invalid, Op: "CreateDefenseRule", Account: c.api.Account(), Err: err}
	}
	r := c.request("CreateDefenseRule", instance, map[string]string{
		"InstanceId": instance, "TemplateId": strconv.FormatInt(template, 10),
		"DefenseScene": IPBlacklist, "Rules": string(text),
	})
	r.Once = true
	var out struct{ RuleIds json.RawMessage }
	if err := c.api.Do(ctx, r, &out); err != nil {
		return 0, err
	}
	return firstID(out.RuleIds), nil
}

// firstID reads the ids of new rules: text with commas, a number, or a list of either.
func firstID(raw json.RawMessage) int64 {
	text, _, _ := strings.Cut(strings.Trim(string(raw), `[]" `), ",")
	id, err := strconv.ParseInt(strings.Trim(text, `" `), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// Rules returns the rules of a template. Rules of other scenes have no addresses.
func (c *Client) Rules(ctx context.Context, instance string, template int64) ([]Rule, error) {
	var all []Rule
	for page, seen := 1, 0; ; page++ {
		var out struct {
			Rules []struct {
				RuleId, TemplateId             int64
				RuleName, DefenseScene, Config string
				Status                         int
			}
			TotalCount int
		}
		err := c.api.Do(ctx, c.request("DescribeDefenseRules", instance, map[string]string{
			"InstanceId": instance,
			"PageNumber": strconv.Itoa(page), "PageSize": strconv.Itoa(pageSize),
		}), &out)
		if err != nil {
			return nil, err
		}
		for _, r := range out.Rules {
			if r.TemplateId == template {
				cfg := parseConfig(r.Config)
				all = append(all, Rule{
					ID: r.RuleId, Template: r.TemplateId, Scene: r.DefenseScene, Name: r.RuleName,
					Addresses: cfg.RemoteAddr, Action: cfg.Action, Enabled: r.Status == 1,
				})
			}
		}
		if seen += len(out.Rules); len(out.Rules) == 0 || seen >= out.TotalCount {
			return all, nil
		}
	}
}

// parseConfig reads a rule's JSON text: one object, or a list of one. What it cannot read has no addresses.
func parseConfig(text string) ruleConfig {
	var one ruleConfig
	if json.Unmarshal([]byte(text), &one) == nil {
		return one
	}
	var list []ruleConfig
	if json.Unmarshal([]byte(text), &list) == nil && len(list) > 0 {
		return list[0]
	}
	return ruleConfig{}
}

// DeleteRule deletes a rule of a template. When it is gone already, that is success.
func (c *Client) DeleteRule(ctx context.Context, instance string, template, rule int64) error {
	err := c.api.Do(ctx, c.request("DeleteDefenseRule", instance, map[string]string{
		"InstanceId": instance,
		"TemplateId": strconv.FormatInt(template, 10), "RuleIds": strconv.FormatInt(rule, 10),
	}), nil)
	if openapi.Code(err) == "Defense.Control.DefenseRuleNotExist" {
		return nil
	}
	return err
}
