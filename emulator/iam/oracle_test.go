package iam

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// The oracle: policies as plain data, and the rules of accounts.md §5.5–5.6 written down in the most obvious way. It
// shares no code with the evaluation under test.

type rule struct {
	Effect    string
	Action    []string                       `json:",omitempty"`
	NotAction []string                       `json:",omitempty"`
	Resource  []string                       `json:",omitempty"`
	Principal map[string][]string            `json:",omitempty"`
	Condition map[string]map[string][]string `json:",omitempty"`
}

type rules []rule

func (r rules) text() string {
	if r == nil {
		r = rules{}
	}
	b, err := json.Marshal(map[string]any{"Version": "1", "Statement": r})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// like translates a pattern to a regular expression.
func like(pattern, s string, fold bool) bool {
	q := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	if fold {
		q = "(?i)" + q
	}
	return regexp.MustCompile(`^(?s:` + q + `)$`).MatchString(s)
}

func some(list []string, f func(string) bool) bool {
	for _, x := range list {
		if f(x) {
			return true
		}
	}
	return false
}

// compare is -1, 0 or 1; ok is false when a value has not the type.
func compare(family, got, want string) (n int, ok bool) {
	switch family {
	case "Numeric":
		a, err1 := strconv.ParseFloat(got, 64)
		b, err2 := strconv.ParseFloat(want, 64)
		switch {
		case err1 != nil || err2 != nil:
			return 0, false
		case a < b:
			return -1, true
		case a > b:
			return 1, true
		}
		return 0, true
	default:
		a, err1 := time.Parse(time.RFC3339, got)
		b, err2 := time.Parse(time.RFC3339, want)
		return a.Compare(b), err1 == nil && err2 == nil
	}
}

// met is one operator on one value, without negation.
func met(operator, got, want string) bool {
	switch operator {
	case "StringEquals", "StringNotEquals":
		return got == want
	case "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase":
		return strings.EqualFold(got, want)
	case "StringLike", "StringNotLike":
		return like(want, got, false)
	case "Bool":
		return strings.EqualFold(got, want)
	case "IpAddress", "NotIpAddress":
		p, err := netip.ParsePrefix(want)
		if err != nil {
			return got == want
		}
		a, err := netip.ParseAddr(got)
		return err == nil && p.Contains(a)
	}
	family := "Date"
	if strings.HasPrefix(operator, "Numeric") {
		family = "Numeric"
	}
	n, ok := compare(family, got, want)
	if !ok {
		return false
	}
	switch strings.TrimPrefix(operator, family) {
	case "Equals", "NotEquals":
		return n == 0
	case "LessThan":
		return n < 0
	case "LessThanEquals":
		return n <= 0
	case "GreaterThan":
		return n > 0
	}
	return n >= 0
}

type ask struct {
	action, resource, principal string
	keys                        map[string]string
}

func (r rule) applies(q ask) bool {
	same := func(p string) bool { return like(p, q.action, true) }
	if r.NotAction != nil && some(r.NotAction, same) || r.NotAction == nil && !some(r.Action, same) {
		return false
	}
	if r.Principal != nil {
		if !some(r.Principal["RAM"], func(p string) bool { return p == q.principal || p == "acs:ram::"+security+":root" }) {
			return false
		}
	} else if !some(r.Resource, func(p string) bool { return like(p, q.resource, false) }) {
		return false
	}
	for operator, keys := range r.Condition {
		negated := strings.Contains(operator, "Not")
		for key, wants := range keys {
			got, there := q.keys[key]
			hit := there && some(wants, func(want string) bool { return met(operator, got, want) })
			if hit == negated {
				return false
			}
		}
	}
	return true
}

// say is the basic step over all rules of one policy type.
func say(q ask, policies ...rules) string {
	answer := "ImplicitDeny"
	for _, p := range policies {
		for _, r := range p {
			if r.applies(q) && r.Effect == "Deny" {
				return "ExplicitDeny"
			}
			if r.applies(q) {
				answer = "Allow"
			}
		}
	}
	return answer
}

// Values that generated conditions compare, by family. Keys are those that the request of the test may carry.
var conditionValues = map[string][]string{
	"String":  {"prod", "Prod", "pr*", "test", "?rod"},
	"Numeric": {"1", "2", "2.0", "10"},
	"Date":    {"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T08:00:00+08:00"},
	"Bool":    {"true", "false"},
	"Ip":      {"10.0.0.0/8", "10.1.2.3", "192.168.0.0/16"},
}

func familyOf(operator string) string {
	for _, f := range []string{"String", "Numeric", "Date", "Bool"} {
		if strings.HasPrefix(operator, f) {
			return f
		}
	}
	return "Ip"
}

func genRule(actions, resources []string, principals []string) *rapid.Generator[rule] {
	return rapid.Custom(func(t *rapid.T) rule {
		r := rule{Effect: rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
		list := rapid.SliceOfNDistinct(rapid.SampledFrom(actions), 1, 3, rapid.ID[string]).Draw(t, "actions")
		if rapid.IntRange(0, 4).Draw(t, "not") == 0 {
			r.NotAction = list
		} else {
			r.Action = list
		}
		if principals != nil {
			r.Principal = map[string][]string{"RAM": rapid.SliceOfNDistinct(rapid.SampledFrom(principals), 1, 2, rapid.ID[string]).Draw(t, "principals")}
		} else {
			r.Resource = rapid.SliceOfNDistinct(rapid.SampledFrom(resources), 1, 2, rapid.ID[string]).Draw(t, "resources")
		}
		for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "conditions") {
			operator := rapid.SampledFrom(sortedKeys(operators)).Draw(t, "operator")
			family := familyOf(operator)
			values := rapid.SliceOfNDistinct(rapid.SampledFrom(conditionValues[family]), 1, 2, rapid.ID[string]).Draw(t, "values")
			if r.Condition == nil {
				r.Condition = map[string]map[string][]string{}
			}
			r.Condition[operator] = map[string][]string{"test:" + family: values}
		}
		return r
	})
}

func genKeys(t *rapid.T) map[string]string {
	out := map[string]string{}
	for family, values := range map[string][]string{
		"String": {"prod", "PROD", "test"}, "Numeric": {"1", "2", "x"}, "Date": {"2026-01-02T00:00:00Z", "2025-12-31T00:00:00Z"},
		"Bool": {"true", "false"}, "Ip": {"10.1.2.3", "192.168.1.1", "2001:db8::1"},
	} {
		if rapid.Bool().Draw(t, "has "+family) {
			out["test:"+family] = rapid.SampledFrom(values).Draw(t, family)
		}
	}
	return out
}

// TestOracle: control policies by level, then the session policy, then what is attached. Random policies, random
// requests; the verdict and the type of policy that gave it must be those of the oracle.
func TestOracle(t *testing.T) {
	t.Parallel()
	actions := []string{"*", "log:*", "log:Get*", "log:GetLogStore", "LOG:getlogstore", "ecs:Stop?nstance", "ecs:*"}
	resources := []string{"*", "acs:log:*:" + shop + ":project/p/*", "acs:log:*:*:project/?/logstore/l", "acs:log:*:" + shop + ":project/P/*"}
	rapid.Check(t, func(rt *rapid.T) {
		some := func(name string, most int) rules {
			return rapid.SliceOfN(genRule(actions, resources, nil), 0, most).Draw(rt, name)
		}
		levels, texts := genLevels(rt, genRule(actions, resources, nil))
		w := newWorld(t, func(o *Options) {
			o.ControlPolicies = func(_, owner string) [][]string {
				if owner != shop {
					return nil
				}
				return texts
			}
		})
		one, two := some("first", 3), some("second", 3)
		must := func(action string, params ...string) { w.must(shop, action, params...) }
		w.role(shop, "worker", "fc.aliyuncs.com", "", "")
		for name, p := range map[string]rules{"one": one, "two": two} {
			must("CreatePolicy", "PolicyName", name, "PolicyDocument", p.text())
			must("AttachPolicyToRole", "PolicyType", "Custom", "PolicyName", name, "RoleName", "worker")
		}
		caller := w.service(shop, "worker")
		session := rules(nil)
		if rapid.Bool().Draw(rt, "session") {
			session = some("narrowed", 3)
			d, err := parsePolicy(session.text(), identityPolicy)
			if err != nil {
				rt.Fatal(err)
			}
			w.keys[caller.AccessKeyID].session.policy = d
			if session == nil {
				session = rules{}
			}
		}
		q := ask{
			action:   rapid.SampledFrom([]string{"log:GetLogStore", "log:PostLogStoreLogs", "ecs:StopInstance"}).Draw(rt, "action"),
			resource: rapid.SampledFrom([]string{"acs:log:cn-hangzhou:" + shop + ":project/p/logstore/l", "acs:log:cn-hangzhou:" + shop + ":project/q/logstore/m"}).Draw(rt, "resource"),
			keys:     genKeys(rt),
		}
		wantType, want := byIdentity, ""
		for _, level := range levels {
			if e := say(q, level...); want == "" && e != "Allow" {
				wantType, want = byControl, e
			}
		}
		if e := say(q, session); want == "" && session != nil && e != "Allow" {
			wantType, want = bySession, e
		}
		if want == "" {
			want = say(q, one, two)
		}
		d := w.Authorize(t.Context(), auth.Request{Caller: caller, Action: q.action, Resource: q.resource, Context: q.keys})
		got, gotType := "Allow", wantType
		if !d.Allowed {
			got, gotType = d.Detail.NoPermissionType, d.Detail.PolicyType
		}
		if got != want || gotType != wantType {
			rt.Fatalf("%+v\ncontrol %v\nsession %v\nattached %s %s\ngot %s by %s, want %s by %s", q, levels, session.text(), one.text(), two.text(), got, gotType, want, wantType)
		}
	})
}

// genLevels are the control policies of up to two levels; some have the system policy beside the random ones. texts are
// them as the directory tells them.
func genLevels(t *rapid.T, one *rapid.Generator[rule]) (levels [][]rules, texts [][]string) {
	for range rapid.IntRange(0, 2).Draw(t, "levels") {
		level := []rules{rapid.SliceOfN(one, 0, 2).Draw(t, "control")}
		if rapid.IntRange(0, 3).Draw(t, "full") > 0 {
			level = append(level, rules{{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}}})
		}
		var of []string
		for _, p := range level {
			of = append(of, p.text())
		}
		levels, texts = append(levels, level), append(texts, of)
	}
	return levels, texts
}

// TestOracleAssume: sts:AssumeRole needs the control policies of the account of the role, the session policy and the
// policies of the caller, and the trust policy of the role.
func TestOracleAssume(t *testing.T) {
	t.Parallel()
	target := roleARN(shop, "target")
	actions, resources := []string{"sts:AssumeRole", "sts:*", "log:*", "*"}, []string{"*", "acs:ram::" + shop + ":role/*", "acs:ram:*:*:role/target", roleARN(shop, "other")}
	rapid.Check(t, func(rt *rapid.T) {
		levels, texts := genLevels(rt, genRule(actions, resources, nil))
		w := newWorld(t, func(o *Options) {
			o.ControlPolicies = func(caller, owner string) [][]string {
				if caller != security || owner != shop {
					return nil
				}
				return texts
			}
		})
		w.role(security, "worker", "fc.aliyuncs.com", "", "")
		w.role(security, "other", "fc.aliyuncs.com", "", "")
		identity := rules(rapid.SliceOfN(genRule(actions, resources, nil), 0, 3).Draw(rt, "identity"))
		trust := rules(rapid.SliceOfN(genRule(actions, nil, []string{roleARN(security, "worker"), roleARN(security, "other"), "acs:ram::" + security + ":root"}), 1, 3).Draw(rt, "trust"))
		w.must(security, "CreatePolicy", "PolicyName", "p", "PolicyDocument", identity.text())
		w.must(security, "AttachPolicyToRole", "PolicyType", "Custom", "PolicyName", "p", "RoleName", "worker")
		w.must(shop, "CreateRole", "RoleName", "target", "AssumeRolePolicyDocument", trust.text())
		q := ask{action: "sts:AssumeRole", resource: "acs:ram:*:" + shop + ":role/target", principal: roleARN(security, "worker"), keys: genKeys(rt)}
		caller := w.service(security, "worker")
		var session rules
		if rapid.Bool().Draw(rt, "session") {
			session = append(rules{}, rapid.SliceOfN(genRule(actions, resources, nil), 0, 3).Draw(rt, "narrowed")...)
			d, err := parsePolicy(session.text(), identityPolicy)
			if err != nil {
				rt.Fatal(err)
			}
			w.keys[caller.AccessKeyID].session.policy = d
		}
		// ARNs of RAM have two spellings; the oracle tries both.
		side := func(p ...rules) string {
			other := q
			other.resource = target
			a, b := say(q, p...), say(other, p...)
			switch {
			case a == "ExplicitDeny" || b == "ExplicitDeny":
				return "ExplicitDeny"
			case a == "Allow" || b == "Allow":
				return "Allow"
			}
			return "ImplicitDeny"
		}
		type stage struct{ by, says string }
		var stages []stage
		for _, level := range levels {
			stages = append(stages, stage{byControl, side(level...)})
		}
		if session != nil {
			stages = append(stages, stage{bySession, side(session)})
		}
		stages = append(stages, stage{byIdentity, side(identity)}, stage{byTrust, side(trust)})
		i := 0
		for i < len(stages)-1 && stages[i].says == "Allow" {
			i++
		}
		wantType, want := stages[i].by, stages[i].says
		d := w.Authorize(t.Context(), auth.Request{Caller: caller, Action: q.action, Resource: target, Context: q.keys})
		got, gotType := "Allow", wantType
		if !d.Allowed {
			got, gotType = d.Detail.NoPermissionType, d.Detail.PolicyType
		}
		if got != want || gotType != wantType {
			rt.Fatalf("%+v\ncontrol %v\nsession %v\nidentity %s\ntrust %s\ngot %s by %s, want %s by %s", q, texts, session, identity.text(), trust.text(), got, gotType, want, wantType)
		}
	})
}

// TestOracleConditions compares every operator with the oracle on values close to each other.
func TestOracleConditions(t *testing.T) {
	t.Parallel()
	requests := map[string][]string{
		"String": {"prod", "PROD", "Prod", "test", "xrod", ""}, "Numeric": {"1", "2", "2.0", "3", "10", "x", ""},
		"Date": {"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", "2026-01-03T00:00:00Z", "2026"},
		"Bool": {"true", "TRUE", "false", "maybe"}, "Ip": {"10.1.2.3", "10.1.2.4", "192.168.7.7", "11.0.0.1", "2001:db8::1", "nowhere"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		for _, operator := range sortedKeys(operators) {
			family := familyOf(operator)
			wants := rapid.SliceOfNDistinct(rapid.SampledFrom(conditionValues[family]), 1, 2, rapid.ID[string]).Draw(rt, "wants")
			r := rule{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}, Condition: map[string]map[string][]string{operator: {"test:k": wants}}}
			d, err := parsePolicy(rules{r}.text(), identityPolicy)
			if err != nil {
				rt.Fatal(err)
			}
			q := ask{action: "a:b", resource: "*", keys: map[string]string{}}
			if rapid.IntRange(0, 5).Draw(rt, "there") > 0 {
				q.keys["test:k"] = rapid.SampledFrom(requests[family]).Draw(rt, "got")
			}
			got := evaluate([]*document{d}, &question{action: q.action, resource: q.resource, keys: q.keys}) == allow
			if want := r.applies(q); got != want {
				rt.Fatalf("%s of %q and %q is %v, want %v", operator, q.keys["test:k"], wants, got, want)
			}
		}
	})
}
