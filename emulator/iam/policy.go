package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// document is a parsed policy. It is immutable.
type document struct {
	statements []statement
	text       string
	kind       kind
}

// MarshalSnapshot is the text that the document was parsed from.
func (d *document) MarshalSnapshot() ([]byte, error) {
	return append([]byte{byte(d.kind)}, d.text...), nil
}

// UnmarshalSnapshot parses the text again.
func (d *document) UnmarshalSnapshot(b []byte) error {
	if len(b) == 0 {
		return errors.New("a policy without text")
	}
	again, err := parsePolicy(string(b[1:]), kind(b[0]))
	if err != nil {
		return err
	}
	*d = *again
	return nil
}

type statement struct {
	deny       bool
	notAction  bool
	actions    []string // lower-case patterns
	resources  []string // normalised patterns; none in a trust policy
	principals principals
	conditions []condition
}

// principals are those a trust policy names.
type principals struct{ ram, service []string }

// kind tells which grammar a document follows.
type kind int

const (
	identityPolicy kind = iota
	trustPolicy
)

// A syntaxError says what is wrong and where, as a path such as Statement[0].Condition.StringLike.
type syntaxError struct{ where, what string }

func (e *syntaxError) Error() string { return e.where + ": " + e.what }

func malformed(where, format string, args ...any) error {
	return &syntaxError{where, fmt.Sprintf(format, args...)}
}

// parsePolicy checks the grammar of accounts.md §5.5; every error is a [*syntaxError].
func parsePolicy(text string, k kind) (*document, error) {
	top, err := object([]byte(text), "document", "Version", "Statement")
	if err != nil {
		return nil, err
	}
	var version string
	if err := json.Unmarshal(top["Version"], &version); err != nil || version != "1" {
		return nil, malformed("Version", `must be "1"`)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(top["Statement"], &list); err != nil || list == nil {
		return nil, malformed("Statement", "must be an array")
	}
	d := &document{statements: make([]statement, len(list)), text: text, kind: k}
	for i, raw := range list {
		if d.statements[i], err = parseStatement(raw, fmt.Sprintf("Statement[%d]", i), k); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func parseStatement(raw json.RawMessage, where string, k kind) (st statement, err error) {
	allowed := []string{"Effect", "Action", "NotAction", "Resource", "Condition"}
	if k == trustPolicy {
		allowed = []string{"Effect", "Action", "NotAction", "Principal", "Condition"}
	}
	m, err := object(raw, where, allowed...)
	if err != nil {
		return st, err
	}
	var effect string
	if err := json.Unmarshal(m["Effect"], &effect); err != nil || effect != "Allow" && effect != "Deny" {
		return st, malformed(where+".Effect", "must be Allow or Deny")
	}
	st.deny = effect == "Deny"
	if st.actions, st.notAction, err = parseActions(m, where); err != nil {
		return st, err
	}
	if k == trustPolicy {
		st.principals, err = parsePrincipals(m["Principal"], where+".Principal")
	} else {
		st.resources, err = parseResources(m["Resource"], where+".Resource")
	}
	if err != nil {
		return st, err
	}
	if c, ok := m["Condition"]; ok {
		st.conditions, err = parseConditions(c, where+".Condition")
	}
	return st, err
}

var actionPattern = regexp.MustCompile(`^(\*|[A-Za-z0-9_.*?-]+:[A-Za-z0-9_.*?/-]+)$`)

func parseActions(m map[string]json.RawMessage, where string) (actions []string, not bool, err error) {
	name := "Action"
	raw, ok := m[name]
	if other, found := m["NotAction"]; found {
		if ok {
			return nil, false, malformed(where, "Action and NotAction exclude each other")
		}
		name, raw, not = "NotAction", other, true
	}
	where += "." + name
	list, err := oneOrMore(raw, where)
	if err != nil {
		return nil, false, err
	}
	for _, a := range list {
		if !actionPattern.MatchString(a) {
			return nil, false, malformed(where, "%q is not service:Action or *", a)
		}
		actions = append(actions, strings.ToLower(a))
	}
	return actions, not, nil
}

func parseResources(raw json.RawMessage, where string) ([]string, error) {
	list, err := oneOrMore(raw, where)
	if err != nil {
		return nil, err
	}
	for i, r := range list {
		if r != "*" && (!strings.HasPrefix(r, "acs:") || strings.Count(r, ":") < 4) {
			return nil, malformed(where, "%q is not acs:service:region:account:relative-id or *", r)
		}
		list[i] = normaliseARN(r)
	}
	return list, nil
}

var (
	ramPrincipal       = regexp.MustCompile(`^acs:ram:\*?:[0-9]+:(root|(user|role)/[A-Za-z0-9._@-]+)$`)
	servicePrincipal   = regexp.MustCompile(`^([0-9]+@)?[a-z0-9-]+(\.[a-z0-9-]+)*\.aliyuncs\.com$`)
	federatedPrincipal = regexp.MustCompile(`^acs:ram:\*?:[0-9]+:(saml|oidc)-provider/.+$`)
)

// parsePrincipals reads the three families of accounts.md §4.2. Federated ones are checked and then match nobody,
// because no federated identity can come here.
func parsePrincipals(raw json.RawMessage, where string) (p principals, err error) {
	m, err := object(raw, where, "RAM", "Service", "Federated")
	if err != nil {
		return p, err
	}
	if len(m) == 0 {
		return p, malformed(where, "names nobody")
	}
	read := func(family string, shape *regexp.Regexp) []string {
		raw, ok := m[family]
		if !ok || err != nil {
			return nil
		}
		var list []string
		if list, err = oneOrMore(raw, where+"."+family); err != nil {
			return nil
		}
		for i, v := range list {
			if !shape.MatchString(v) {
				err = malformed(where+"."+family, "%q is not a principal of this family", v)
				return nil
			}
			list[i] = normaliseARN(v)
		}
		return list
	}
	p.ram = read("RAM", ramPrincipal)
	p.service = read("Service", servicePrincipal)
	read("Federated", federatedPrincipal)
	return p, err
}

// object decodes a JSON object that may have the given keys only.
func object(raw []byte, where string, keys ...string) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, malformed(where, "must be a JSON object")
	}
	for k := range m {
		if !slices.Contains(keys, k) {
			return nil, malformed(where, "unknown element %q", k)
		}
	}
	return m, nil
}

// oneOrMore decodes a string or a non-empty array of strings.
func oneOrMore(raw json.RawMessage, where string) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil && len(raw) > 0 && raw[0] == '"' {
		return []string{one}, nil
	}
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 || slices.Contains(list, nil) {
		return nil, malformed(where, "must be a string or an array of strings")
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = *s
	}
	return out, nil
}
