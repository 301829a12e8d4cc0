package iam

import (
	"slices"
	"sync"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// effect is the answer of a set of policies of one type.
type effect int

const (
	implicitDeny effect = iota
	allow
	explicitDeny
)

// question is one request, prepared once and put to all policies.
type question struct {
	action   string // lower-case
	resource string // normalised
	keys     map[string]string
	caller   auth.Caller
}

// evaluate is the basic step: any matching deny wins, then any matching allow, else nothing was said.
func evaluate(docs []*document, q *question) effect {
	out := implicitDeny
	for _, d := range docs {
		for i := range d.statements {
			st := &d.statements[i]
			if st.deny || out == implicitDeny {
				if !st.matches(q) {
					continue
				}
				if st.deny {
					return explicitDeny
				}
				out = allow
			}
		}
	}
	return out
}

func (st *statement) matches(q *question) bool {
	if anyWildcard(st.actions, q.action) == st.notAction {
		return false
	}
	if st.resources != nil && !anyWildcard(st.resources, q.resource) {
		return false
	}
	if st.resources == nil && !st.principals.include(q.caller) {
		return false
	}
	for _, c := range st.conditions {
		if !c.holds(q.keys) {
			return false
		}
	}
	return true
}

func anyWildcard(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wildcard(p, s) })
}

// include reports whether a trust policy names the caller: by its own ARN, or by the root of its account, which
// stands for every user and role in it.
func (p principals) include(c auth.Caller) bool {
	switch c.Type {
	case auth.Service:
		return slices.Contains(p.service, c.Name)
	case auth.User, auth.Role:
		return slices.Contains(p.ram, normaliseARN(subject(c))) || slices.Contains(p.ram, "acs:ram::"+c.AccountID+":root")
	}
	return false
}

// subject is the ARN of the identity itself: for a role session, the role.
func subject(c auth.Caller) string {
	if c.Type == auth.Role {
		return roleARN(c.AccountID, c.Name)
	}
	return c.ARN
}

// documentCache keeps parsed control policies, which arrive as text. It is emptied when it grows.
type documentCache struct {
	mu   sync.Mutex
	docs map[string]*document
}

// parse returns the documents. One that cannot be parsed becomes a document that allows nothing.
func (c *documentCache) parse(texts []string) []*document {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]*document, len(texts))
	for i, text := range texts {
		d, ok := c.docs[text]
		if !ok {
			var err error
			if d, err = parsePolicy(text, identityPolicy); err != nil {
				d = &document{}
			}
			if c.docs == nil || len(c.docs) > 1000 {
				c.docs = map[string]*document{}
			}
			c.docs[text] = d
		}
		out[i] = d
	}
	return out
}
