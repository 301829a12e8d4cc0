package iam

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// The values of PolicyType in a denial (accounts.md §1.7).
const (
	byControl  = "ControlPolicy"
	bySession  = "SessionPolicy"
	byIdentity = "AccountLevelIdentityBasedPolicy"
	byTrust    = "AssumeRolePolicy"
)

// verdict is the outcome of one question and the policy type that decided it.
type verdict struct {
	effect     effect
	policyType string
	// noRole: the question is sts:AssumeRole, the caller's own side allows it, and there is no such role.
	noRole bool
}

// Authorize answers by the rules of accounts.md §5.6 and records the question. A resource belongs to the account in
// its ARN; one without an account belongs to the caller's. sts:AssumeRole on a role needs the caller's policies and
// the role's trust policy.
func (s *Service) Authorize(_ context.Context, req auth.Request) auth.Decision {
	return s.answer(req, s.judge(req))
}

// answer records a verdict and words it.
func (s *Service) answer(req auth.Request, v verdict) auth.Decision {
	d := auth.Decision{Allowed: v.effect == allow}
	if !d.Allowed {
		d.Detail = denial(req, v)
	}
	s.recorder.add(Recorded{
		Time: s.clock(), Caller: subject(req.Caller), Action: req.Action, Resource: req.Resource,
		Allowed: d.Allowed, Detail: d.Detail,
	})
	return d
}

// judge puts the request to control policies, then to those of the caller and of the role. Control policies bind users
// and roles only: neither the owner of an account nor a cloud service (accounts.md §2.8).
//
// Assumption: control policies bind service-linked roles as they bind other roles; their effect on those is unknown.
func (s *Service) judge(req auth.Request) verdict {
	now := s.clock()
	ownerID := owner(req.Resource)
	if ownerID == "" {
		ownerID = req.Caller.AccountID
	}
	q := &question{
		action: strings.ToLower(req.Action), resource: normaliseARN(req.Resource),
		keys: s.conditionKeys(req, now), caller: req.Caller,
	}
	if req.Caller.Type == auth.User || req.Caller.Type == auth.Role {
		for _, level := range s.controlPolicies(req.Caller.AccountID, ownerID) {
			if e := evaluate(s.control.parse(level), q); e != allow {
				return verdict{effect: e, policyType: byControl}
			}
		}
	}
	s.settle(now)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q.action == "sts:assumerole" {
		return s.judgeAssume(req, q)
	}
	v := s.judgeIdentity(q)
	if v.effect == allow && ownerID != req.Caller.AccountID {
		v.effect = implicitDeny // only roles and resource policies cross accounts
	}
	return v
}

// judgeIdentity asks the session policy and then the policies attached to the caller.
func (s *Service) judgeIdentity(q *question) verdict {
	if q.caller.Type == auth.Root {
		return verdict{effect: allow, policyType: byIdentity}
	}
	docs, session := s.callerPolicies(q.caller)
	if session != nil {
		if e := evaluate([]*document{session}, q); e != allow {
			return verdict{effect: e, policyType: bySession}
		}
	}
	return verdict{effect: evaluate(docs, q), policyType: byIdentity}
}

// judgeAssume asks both sides. Root may never assume a role; a cloud service needs the trust only.
func (s *Service) judgeAssume(req auth.Request, q *question) verdict {
	switch req.Caller.Type {
	case auth.Root:
		return verdict{effect: implicitDeny, policyType: byIdentity}
	case auth.User, auth.Role:
		if v := s.judgeIdentity(q); v.effect != allow {
			return v
		}
	}
	accountID, name, ok := parseRoleARN(req.Resource)
	r := s.accounts[accountID].role(name)
	if !ok || r == nil {
		return verdict{effect: implicitDeny, policyType: byTrust, noRole: true}
	}
	return verdict{effect: evaluate([]*document{r.trust}, q), policyType: byTrust}
}

// callerPolicies finds what is attached to the caller now, and the session policy of its session. A caller that was
// deleted has nothing.
func (s *Service) callerPolicies(c auth.Caller) (attached []*document, session *document) {
	a := s.accounts[c.AccountID]
	if a == nil {
		return nil, nil
	}
	switch c.Type {
	case auth.User:
		if u := a.users[c.Name]; u != nil && (c.PrincipalID == "" || c.PrincipalID == u.id) {
			return a.userDocuments(u), nil
		}
	case auth.Role:
		if k := s.keys[c.AccessKeyID]; k != nil && k.session != nil {
			session = k.session.policy
		}
		id, _, _ := strings.Cut(c.PrincipalID, ":")
		if r := a.role(c.Name); r != nil && (id == "" || id == r.id) {
			return r.attached.documents(), session
		}
	}
	return nil, session
}

// conditionKeys are those of the request plus those that follow from caller and clock.
//
// Assumption: a key pair carries no MFA, so acs:MFAPresent is false; acs:PrincipalARN of a session is its role; the
// keys of the resource directory count in trust policies too (unknown, accounts.md §4.2).
func (s *Service) conditionKeys(req auth.Request, now time.Time) map[string]string {
	keys := map[string]string{
		"acs:currenttime":     timestamp(now),
		"acs:mfapresent":      "false",
		"acs:securetransport": strconv.FormatBool(req.Caller.Secure || req.Caller.SourceIP == ""), // what services do inside is
		principalKey:          normaliseARN(subject(req.Caller)),
	}
	if req.Caller.SourceIP != "" {
		keys["acs:sourceip"] = req.Caller.SourceIP
	}
	if id, path := s.principalRD(req.Caller.AccountID); id != "" {
		keys["acs:principalrdid"], keys["acs:principalrdpath"] = id, path
	}
	for k, v := range req.Context {
		keys[strings.ToLower(k)] = v
	}
	return keys
}

// denial words a verdict as AccessDeniedDetail.
//
// Assumption: root and services, for which no principal type is documented, appear under their caller type.
func denial(req auth.Request, v verdict) *auth.Denial {
	d := &auth.Denial{
		PolicyType: v.policyType, AuthAction: req.Action, AuthPrincipalType: string(req.Caller.Type),
		AuthPrincipalOwnerID: req.Caller.AccountID, AuthPrincipalDisplayName: req.Caller.PrincipalID,
		NoPermissionType: "ImplicitDeny", Resource: req.Resource,
	}
	if v.effect == explicitDeny {
		d.NoPermissionType = "ExplicitDeny"
	}
	switch req.Caller.Type {
	case auth.User:
		d.AuthPrincipalType = "SubUser"
	case auth.Role:
		d.AuthPrincipalDisplayName = req.Caller.Name + ":" + req.Caller.Session
	}
	d.EncodedDiagnosticMessage = encode(d)
	return d
}
