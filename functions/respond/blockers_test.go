package main

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/cloudfw"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/waf"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

var evil = netip.MustParseAddr("198.51.100.77")

type wafFake struct {
	templates []waf.Template
	rules     []waf.Rule
	hideID    bool // CreateRule does not tell the id
	rival     bool // another task makes the template first
}

func (f *wafFake) Instance(context.Context) (string, error) { return "waf-1", nil }
func (f *wafFake) Templates(context.Context, string, string) ([]waf.Template, error) {
	return f.templates, nil
}

func (f *wafFake) CreateTemplate(_ context.Context, _, name, scene, kind string) (int64, error) {
	f.templates = append(f.templates, waf.Template{ID: 77, Name: name, Scene: scene, Type: kind, Status: 1})
	if f.rival {
		return 0, &soc.Error{Kind: soc.Invalid, Op: "CreateDefenseTemplate", Code: "InvalidParameter.TemplateName"}
	}
	return 77, nil
}

func (f *wafFake) Rules(context.Context, string, int64) ([]waf.Rule, error) { return f.rules, nil }
func (f *wafFake) CreateRule(_ context.Context, _ string, template int64, r waf.Rule) (int64, error) {
	r.ID, r.Template = int64(100+len(f.rules)), template
	f.rules = append(f.rules, r)
	if f.hideID {
		return 0, nil
	}
	return r.ID, nil
}

func (f *wafFake) DeleteRule(_ context.Context, instance string, template, rule int64) error {
	for i, r := range f.rules {
		if instance == "waf-1" && r.Template == template && r.ID == rule {
			f.rules = append(f.rules[:i], f.rules[i+1:]...)
		}
	}
	return nil
}

func TestWAFBlocksOnce(t *testing.T) {
	t.Parallel()
	for _, hide := range []bool{false, true} {
		f := &wafFake{hideID: hide}
		b := blacklist{templates: f, rules: f}
		handle, err := b.Block(t.Context(), evil, "fenghuo-1")
		if err != nil || handle != "waf-1/77/100" {
			t.Fatalf("handle %q, error %v", handle, err)
		}
		if again, err := b.Block(t.Context(), evil, "fenghuo-1"); err != nil || again != handle || len(f.rules) != 1 || len(f.templates) != 1 {
			t.Errorf("blocked twice: %q, %+v, %v", again, f.rules, err)
		}
		want := waf.Rule{ID: 100, Template: 77, Name: "fenghuo-1", Addresses: []string{"198.51.100.77"}, Action: "block", Enabled: true}
		if d := cmp.Diff(want, f.rules[0]); d != "" {
			t.Errorf("rule (-want +got):\n%s", d)
		}
		if err := b.Unblock(t.Context(), handle); err != nil || len(f.rules) != 0 {
			t.Errorf("unblocked: %+v, %v", f.rules, err)
		}
	}
	f := &wafFake{templates: []waf.Template{{ID: 1, Type: waf.CustomTemplate, Status: 1}, {ID: 2, Type: waf.DefaultTemplate, Status: 1}}}
	if handle, err := (blacklist{f, f}).Block(t.Context(), evil, "n"); err != nil || handle != "waf-1/2/100" {
		t.Errorf("the default template was not used: %q, %v", handle, err)
	}
	if err := (blacklist{f, f}).Unblock(t.Context(), "?"); soc.KindOf(err) != soc.Invalid {
		t.Errorf("bad handle: %v", err)
	}
}

// TestWAFTemplateOfAnotherTask: two addresses are blocked in one account at once, and only one task makes the template.
func TestWAFTemplateOfAnotherTask(t *testing.T) {
	t.Parallel()
	f := &wafFake{rival: true}
	if handle, err := (blacklist{f, f}).Block(t.Context(), evil, "n"); err != nil || handle != "waf-1/77/100" || len(f.templates) != 1 {
		t.Errorf("%q, %v, %+v", handle, err, f.templates)
	}
	off := &offTemplates{wafFake{templates: []waf.Template{{ID: 5, Name: ownTemplate, Type: waf.DefaultTemplate}}}}
	if _, err := (blacklist{off, off}).Block(t.Context(), evil, "n"); soc.KindOf(err) != soc.Invalid {
		t.Errorf("a template of ours that is switched off: %v", err)
	}
}

// offTemplates has a template of our name that is off, so that no other can be made.
type offTemplates struct{ wafFake }

func (f *offTemplates) CreateTemplate(context.Context, string, string, string, string) (int64, error) {
	return 0, &soc.Error{Kind: soc.Invalid, Op: "CreateDefenseTemplate", Code: "InvalidParameter.TemplateName"}
}

type firewallFake struct{ policies []cloudfw.Policy }

func (f *firewallFake) Policies(_ context.Context, direction, source string) ([]cloudfw.Policy, error) {
	var out []cloudfw.Policy
	for _, p := range f.policies {
		if p.Direction == direction && p.Source == source {
			out = append(out, p)
		}
	}
	return out, nil
}

func (f *firewallFake) AddPolicy(_ context.Context, p cloudfw.Policy) (string, error) {
	p.ID = fmt.Sprint("acl-", len(f.policies))
	f.policies = append(f.policies, p)
	return p.ID, nil
}

func (f *firewallFake) DeletePolicy(_ context.Context, direction, id string) error {
	for i, p := range f.policies {
		if p.Direction == direction && p.ID == id {
			f.policies = append(f.policies[:i], f.policies[i+1:]...)
			return nil
		}
	}
	return nil
}

func TestFirewallBlocksBothWaysOnce(t *testing.T) {
	t.Parallel()
	f := &firewallFake{}
	b := firewall{f}
	handle, err := b.Block(t.Context(), evil, "fenghuo-1")
	if err != nil || handle != "in:acl-0,out:acl-1" {
		t.Fatalf("handle %q, error %v", handle, err)
	}
	if again, err := b.Block(t.Context(), evil, "fenghuo-1"); err != nil || again != handle || len(f.policies) != 2 {
		t.Errorf("blocked twice: %q, %v", again, err)
	}
	in, out := f.policies[0], f.policies[1]
	if in.Source != "198.51.100.77/32" || in.Action != "drop" || out.Destination != "198.51.100.77/32" || out.Source != "0.0.0.0/0" || out.Direction != "out" {
		t.Errorf("policies %+v", f.policies)
	}
	if err := b.Unblock(t.Context(), handle); err != nil || len(f.policies) != 0 {
		t.Errorf("unblocked: %+v, %v", f.policies, err)
	}
	if _, err := b.Block(t.Context(), netip.MustParseAddr("2001:db8::1"), "n"); soc.KindOf(err) != soc.Unsupported {
		t.Errorf("IPv6: %v", err)
	}
	if err := b.Unblock(t.Context(), ""); soc.KindOf(err) != soc.Invalid {
		t.Errorf("bad handle: %v", err)
	}
}

type keyFake struct{ status string }

func (f *keyFake) ListAccessKeys(_ context.Context, user string) ([]ram.AccessKey, error) {
	return []ram.AccessKey{{ID: "LTAI5tOther000001", Status: "Active"}, {ID: "LTAI5tLeaked00001", Status: f.status}}, nil
}

func (f *keyFake) UpdateAccessKey(_ context.Context, _, _, status string) error {
	f.status = status
	return nil
}

func TestKeys(t *testing.T) {
	t.Parallel()
	f := &keyFake{status: "Active"}
	k := keys{f}
	if err := k.SetKeyStatus(t.Context(), "ci-deploy", "LTAI5tLeaked00001", "Inactive"); err != nil {
		t.Fatal(err)
	}
	if s, err := k.KeyStatus(t.Context(), "ci-deploy", "LTAI5tLeaked00001"); s != "Inactive" || err != nil {
		t.Errorf("status %q, error %v", s, err)
	}
	if _, err := k.KeyStatus(t.Context(), "ci-deploy", "LTAI5tNobodys0001"); soc.KindOf(err) != soc.NotFound {
		t.Errorf("key of nobody: %v", err)
	}
}
