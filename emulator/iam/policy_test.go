package iam

import (
	"errors"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	statement := func(body string) string { return `{"Version":"1","Statement":[` + body + `]}` }
	tests := []struct {
		name, text string
		kind       kind
		where      string // "" = well formed
	}{
		{name: "empty list", text: statement(``)},
		{name: "one value", text: statement(`{"Effect":"Allow","Action":"log:Get*","Resource":"*"}`)},
		{name: "arrays", text: statement(`{"Effect":"Deny","NotAction":["log:*","ram:List?oles"],"Resource":["acs:log:*:*:project/p","*"]}`)},
		{name: "condition", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8","::1"]},"Bool":{"acs:SecureTransport":"true"}}}`)},
		{name: "trust", kind: trustPolicy, text: statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::1:root","Service":["fc.aliyuncs.com","12@log.aliyuncs.com"],"Federated":["acs:ram::1:saml-provider/x"]}}`)},
		{name: "not JSON", text: `{`, where: "document"},
		{name: "trailing", text: statement(``) + "x", where: "document"},
		{name: "null", text: `null`, where: "document"},
		{name: "version", text: `{"Version":"2","Statement":[]}`, where: "Version"},
		{name: "numeric version", text: `{"Version":1,"Statement":[]}`, where: "Version"},
		{name: "no statement", text: `{"Version":"1"}`, where: "Statement"},
		{name: "object statement", text: `{"Version":"1","Statement":{}}`, where: "Statement"},
		{name: "unknown element", text: `{"Version":"1","Statement":[],"Id":"x"}`, where: "document"},
		{name: "effect", text: statement(`{"Effect":"allow","Action":"*","Resource":"*"}`), where: "Statement[0].Effect"},
		{name: "no action", text: statement(`{"Effect":"Allow","Resource":"*"}`), where: "Statement[0].Action"},
		{name: "both actions", text: statement(`{"Effect":"Allow","Action":"*","NotAction":"a:b","Resource":"*"}`), where: "Statement[0]"},
		{name: "action form", text: statement(`{"Effect":"Allow","Action":"GetLogs","Resource":"*"}`), where: "Statement[0].Action"},
		{name: "empty actions", text: statement(`{"Effect":"Allow","Action":[],"Resource":"*"}`), where: "Statement[0].Action"},
		{name: "null action", text: statement(`{"Effect":"Allow","Action":["a:b",null],"Resource":"*"}`), where: "Statement[0].Action"},
		{name: "no resource", text: statement(`{"Effect":"Allow","Action":"*"}`), where: "Statement[0].Resource"},
		{name: "resource form", text: statement(`{"Effect":"Allow","Action":"*","Resource":"project/p"}`), where: "Statement[0].Resource"},
		{name: "short resource", text: statement(`{"Effect":"Allow","Action":"*","Resource":"acs:log:*:project/p"}`), where: "Statement[0].Resource"},
		{name: "principal in identity policy", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"RAM":"acs:ram::1:root"}}`), where: "Statement[0]"},
		{name: "second statement", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"No"}`), where: "Statement[1].Effect"},
		{name: "operator", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"a":"b"}}}`), where: "Statement[0].Condition"},
		{name: "NotResource", text: statement(`{"Effect":"Allow","Action":"*","NotResource":"*"}`), where: "Statement[0]"},
		{name: "NotPrincipal", kind: trustPolicy, text: statement(`{"Effect":"Allow","Action":"sts:AssumeRole","NotPrincipal":{"RAM":"acs:ram::1:root"}}`), where: "Statement[0]"},
		{name: "operator for any value", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"a":"b"}}}`), where: "Statement[0].Condition"},
		{name: "number", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"a":"x"}}}`), where: "Statement[0].Condition.NumericLessThan.a"},
		{name: "date", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"acs:CurrentTime":"tomorrow"}}}`), where: "Statement[0].Condition.DateLessThan.acs:CurrentTime"},
		{name: "address", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":"10.0.0.0/40"}}}`), where: "Statement[0].Condition.IpAddress.acs:SourceIp"},
		{name: "bool", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"yes"}}}`), where: "Statement[0].Condition.Bool.a"},
		{name: "unquoted value", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":true}}}`), where: "Statement[0].Condition.Bool.a"},
		{name: "empty operator", text: statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{}}}`), where: "Statement[0].Condition.Bool"},
		{name: "trust without principal", kind: trustPolicy, text: statement(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), where: "Statement[0].Principal"},
		{name: "trust with resource", kind: trustPolicy, text: statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*","Principal":{"RAM":"acs:ram::1:root"}}`), where: "Statement[0]"},
		{name: "principal form", kind: trustPolicy, text: statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"*"}}`), where: "Statement[0].Principal.RAM"},
		{name: "service form", kind: trustPolicy, text: statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"evil.example"}}`), where: "Statement[0].Principal.Service"},
		{name: "principal family", kind: trustPolicy, text: statement(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"x"}}`), where: "Statement[0].Principal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := parsePolicy(tt.text, tt.kind)
			where := ""
			if e, ok := errors.AsType[*syntaxError](err); ok {
				where = e.where
			}
			if where != tt.where || (err == nil) != (tt.where == "") {
				t.Errorf("error %v at %q, want at %q", err, where, tt.where)
			}
		})
	}
}

// FuzzParsePolicy: the parser never panics, and what it accepts can be evaluated.
func FuzzParsePolicy(f *testing.F) {
	f.Add(`{"Version":"1","Statement":[{"Effect":"Allow","Action":["log:*"],"Resource":"*","Condition":{"StringLike":{"a":"b*"}}}]}`, false)
	f.Add(`{"Version":"1","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::1:role/x"]}}]}`, true)
	f.Add(`{"Version":"1","Statement":[null]}`, false)
	f.Fuzz(func(t *testing.T, text string, trust bool) {
		k := identityPolicy
		if trust {
			k = trustPolicy
		}
		d, err := parsePolicy(text, k)
		if err != nil {
			if e, ok := errors.AsType[*syntaxError](err); !ok || e.where == "" {
				t.Errorf("error without a place: %v", err)
			}
			return
		}
		q := &question{action: "sts:assumerole", resource: "acs:ram::1:role/x", caller: auth.Caller{Type: auth.User, AccountID: "1"}}
		if e := evaluate([]*document{d, {statements: []statement{{deny: true, actions: []string{"*"}, resources: []string{"*"}}}}}, q); e != explicitDeny {
			t.Errorf("a deny of everything gave %v", e)
		}
	})
}

func TestWildcard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"*", "", true},
		{"?", "", false},
		{"a?c", "a中c", true},
		{"??", "中", false},
		{"*??", "中", false},
		{"*?志", "日志", true},
		{"a*c", "abbc", true},
		{"a*c", "abbd", false},
		{"*b*", "abc", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"**", "x", true},
		{"a*", "ba", false},
		{"*a*b", "aabab", true},
		{"a", "ab", false},
		{"acs:log:*:*:project/p-*/logstore/*", "acs:log:cn-hangzhou:1:project/p-1/logstore/l", true},
		{"role/fenghuo-*", "role/*", false},
	} {
		if got := wildcard(tt.pattern, tt.s); got != tt.want {
			t.Errorf("wildcard(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
	if !wildcard(strings.Repeat("*a", 30), strings.Repeat("a", 5000)) { // must not blow up
		t.Error("repeated stars do not match")
	}
}

func TestARNs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"acs:ram:*:1:role/Soc-Worker": "acs:ram::1:role/soc-worker", "acs:ram::1:role/Soc-Worker": "acs:ram::1:role/soc-worker",
		"acs:ram:*:1:user/Bob": "acs:ram::1:user/Bob", "acs:log:*:1:project/P": "acs:log:*:1:project/P", "*": "*", "acs:ram:": "acs:ram:",
	} {
		if got := normaliseARN(in); got != want {
			t.Errorf("normaliseARN(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"acs:log:cn-hangzhou:12:project/p": "12", "acs:ram::12:root": "12", "acs:ram:*:system:policy/x": "", "*": "", "acs:x:*:*:y": "", "": "",
	} {
		if got := owner(in); got != want {
			t.Errorf("owner(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		operator, values, got string
		want                  bool
	}{
		{"StringEquals", `"a"`, "a", true},
		{"StringEquals", `"a"`, "A", false},
		{"StringEquals", `["b","a"]`, "a", true},
		{"StringNotEquals", `["a","b"]`, "a", false},
		{"StringNotEquals", `["a","b"]`, "c", true},
		{"StringNotEquals", `"a"`, "-", true},
		{"StringEqualsIgnoreCase", `"a"`, "A", true},
		{"StringNotEqualsIgnoreCase", `"a"`, "A", false},
		{"StringLike", `"a*"`, "abc", true},
		{"StringLike", `"a*"`, "-", false},
		{"StringNotLike", `"a*"`, "abc", false},
		{"NumericEquals", `"1"`, "1.0", true},
		{"NumericNotEquals", `"1"`, "2", true},
		{"NumericLessThan", `"2"`, "1", true},
		{"NumericLessThan", `"2"`, "2", false},
		{"NumericLessThanEquals", `"2"`, "2", true},
		{"NumericGreaterThan", `"2"`, "3", true},
		{"NumericGreaterThanEquals", `"2"`, "2", true},
		{"NumericGreaterThan", `"2"`, "x", false},
		{"DateEquals", `"2026-01-02T08:00:00+08:00"`, "2026-01-02T00:00:00Z", true},
		{"DateNotEquals", `"2026-01-02T00:00:00Z"`, "2026-01-02T00:00:00Z", false},
		{"DateLessThan", `"2026-01-02T00:00:00Z"`, "2026-01-01T00:00:00Z", true},
		{"DateLessThanEquals", `"2026-01-02T00:00:00Z"`, "2026-01-02T00:00:00Z", true},
		{"DateGreaterThan", `"2026-01-02T00:00:00Z"`, "2026-01-01T00:00:00Z", false},
		{"DateGreaterThanEquals", `"2026-01-02T00:00:00Z"`, "2026-01-02T00:00:00Z", true},
		{"Bool", `"true"`, "TRUE", true},
		{"Bool", `"false"`, "true", false},
		{"Bool", `"false"`, "-", false},
		{"IpAddress", `"10.0.0.0/8"`, "10.1.2.3", true},
		{"IpAddress", `["192.0.2.1","10.0.0.0/8"]`, "192.0.2.1", true},
		{"IpAddress", `"10.0.0.0/8"`, "::ffff:10.1.2.3", true},
		{"IpAddress", `"10.0.0.0/8"`, "x", false},
		{"NotIpAddress", `"10.0.0.0/8"`, "11.0.0.1", true},
		{"NotIpAddress", `"10.0.0.0/8"`, "10.0.0.1", false},
	} {
		cs, err := parseConditions([]byte(`{"`+tt.operator+`":{"K:Key":`+tt.values+`}}`), "Condition")
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]string{"k:key": tt.got}
		if tt.got == "-" { // the key is missing
			keys = nil
		}
		if got := cs[0].holds(keys); got != tt.want {
			t.Errorf("%s %s with %q = %v", tt.operator, tt.values, tt.got, got)
		}
	}
}
