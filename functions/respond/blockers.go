package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/cloudfw"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/waf"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// wafTemplates and wafRules are what is needed of WAF; *waf.Client has both.
type wafTemplates interface {
	Instance(ctx context.Context) (string, error)
	Templates(ctx context.Context, instance, scene string) ([]waf.Template, error)
	CreateTemplate(ctx context.Context, instance, name, scene, templateType string) (int64, error)
}

type wafRules interface {
	Rules(ctx context.Context, instance string, template int64) ([]waf.Rule, error)
	CreateRule(ctx context.Context, instance string, template int64, rule waf.Rule) (int64, error)
	DeleteRule(ctx context.Context, instance string, template, rule int64) error
}

// blacklist blocks addresses by rules of WAF's IP blacklist, in the template that covers every protected object.
type blacklist struct {
	templates wafTemplates
	rules     wafRules
}

// ownTemplate is the name of the template that we make where there is no default one.
const ownTemplate = "fenghuo"

// Block implements response.Blocker.
func (b blacklist) Block(ctx context.Context, ip netip.Addr, name string) (string, error) {
	instance, err := b.templates.Instance(ctx)
	if err != nil {
		return "", err
	}
	template, err := b.template(ctx, instance)
	if err != nil {
		return "", err
	}
	id, err := b.find(ctx, instance, template, name)
	if err == nil && id == 0 {
		rule := waf.Rule{Name: name, Addresses: []string{ip.String()}, Action: "block", Enabled: true}
		if id, err = b.rules.CreateRule(ctx, instance, template, rule); err == nil && id == 0 {
			id, err = b.find(ctx, instance, template, name)
		}
	}
	if err != nil {
		return "", err
	}
	if id == 0 {
		return "", &soc.Error{Kind: soc.Unavailable, Op: "block in WAF", Resource: ip.String(), Err: errors.New("the new rule is not listed yet")}
	}
	return fmt.Sprintf("%s/%d/%d", instance, template, id), nil
}

// template returns the default template of the IP blacklist, made when there is none. Tasks of one account run at the same
// time: one whose template is refused looks whether another has made it.
func (b blacklist) template(ctx context.Context, instance string) (int64, error) {
	id, err := b.inUse(ctx, instance)
	if err != nil || id != 0 {
		return id, err
	}
	made, refused := b.templates.CreateTemplate(ctx, instance, ownTemplate, waf.IPBlacklist, waf.DefaultTemplate)
	if refused == nil {
		return made, nil
	}
	if id, err = b.inUse(ctx, instance); err == nil && id != 0 {
		return id, nil
	}
	return 0, refused
}

// inUse returns the default template that is switched on, 0 when there is none.
func (b blacklist) inUse(ctx context.Context, instance string) (int64, error) {
	list, err := b.templates.Templates(ctx, instance, waf.IPBlacklist)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(list, func(t waf.Template) bool { return t.Type == waf.DefaultTemplate && t.Status == 1 })
	if i < 0 {
		return 0, nil
	}
	return list[i].ID, nil
}

func (b blacklist) find(ctx context.Context, instance string, template int64, name string) (int64, error) {
	list, err := b.rules.Rules(ctx, instance, template)
	if err != nil {
		return 0, err
	}
	for _, r := range list {
		if r.Name == name {
			return r.ID, nil
		}
	}
	return 0, nil
}

// Unblock implements response.Blocker.
func (b blacklist) Unblock(ctx context.Context, handle string) error {
	instance, rest, _ := strings.Cut(handle, "/")
	var template, rule int64
	if _, err := fmt.Sscanf(rest, "%d/%d", &template, &rule); err != nil {
		return badHandle(handle)
	}
	return b.rules.DeleteRule(ctx, instance, template, rule)
}

func badHandle(handle string) error {
	return &soc.Error{
		Kind: soc.Invalid, Op: "unblock", Resource: handle, Err: errors.New("the task does not say what it made"),
		Next: "remove the rule in the product's console",
	}
}

// firewallAPI is what is needed of Cloud Firewall; *cloudfw.Client has it.
type firewallAPI interface {
	Policies(ctx context.Context, direction, source string) ([]cloudfw.Policy, error)
	AddPolicy(ctx context.Context, p cloudfw.Policy) (string, error)
	DeletePolicy(ctx context.Context, direction, id string) error
}

// firewall blocks addresses at the internet border, both ways: what attacks from there, and what calls home to there.
type firewall struct{ api firewallAPI }

// Block implements response.Blocker.
func (f firewall) Block(ctx context.Context, ip netip.Addr, name string) (string, error) {
	if !ip.Is4() {
		return "", &soc.Error{Kind: soc.Unsupported, Op: "block in Cloud Firewall", Resource: ip.String(), Err: errors.New("only IPv4 addresses can be blocked here")}
	}
	in := cloudfw.BlockInbound(ip.String()+"/32", name)
	out := in
	out.Direction, out.Source, out.Destination = cloudfw.Out, in.Destination, in.Source
	var handle []string
	for _, p := range []cloudfw.Policy{in, out} {
		id, err := f.ensure(ctx, p)
		if err != nil {
			return "", err
		}
		handle = append(handle, p.Direction+":"+id)
	}
	return strings.Join(handle, ","), nil
}

func (f firewall) ensure(ctx context.Context, p cloudfw.Policy) (string, error) {
	list, err := f.api.Policies(ctx, p.Direction, p.Source)
	if err != nil {
		return "", err
	}
	for _, old := range list {
		if old.Description == p.Description {
			return old.ID, nil
		}
	}
	return f.api.AddPolicy(ctx, p)
}

// Unblock implements response.Blocker.
func (f firewall) Unblock(ctx context.Context, handle string) error {
	for part := range strings.SplitSeq(handle, ",") {
		direction, id, ok := strings.Cut(part, ":")
		if !ok || id == "" {
			return badHandle(handle)
		}
		if err := f.api.DeletePolicy(ctx, direction, id); err != nil {
			return err
		}
	}
	return nil
}
