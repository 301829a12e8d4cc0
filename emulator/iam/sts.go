package iam

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

var (
	sessionName = regexp.MustCompile(`^[A-Za-z0-9.@_-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[A-Za-z0-9=,.@:/_-]+$`)
)

// assumeRole is accounts.md §4.4. The role's absence shows only to callers whose own side allows the call.
//
// Assumption: permissions are judged before the other parameters are checked (accounts.md §1.8 suggests it), and a role
// that does not exist is 404 only after the caller's own side allows the call (unknown, accounts.md §4.4). A session may
// assume the next role for as long as that role allows; a shorter limit was not found.
func (s *Service) assumeRole(_ context.Context, c *gateway.Call) (any, error) {
	arn := c.Get("RoleArn")
	if arn == "" {
		return nil, gateway.Missing("RoleArn")
	}
	accountID, name, ok := parseRoleARN(arn)
	if !ok {
		return nil, invalid("RoleArn", "The parameter RoleArn is wrongly formed.")
	}
	if e := s.mayAssume(c, arn); e != nil {
		return nil, e
	}
	in, err := assumeInput(c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.accounts[accountID].role(name)
	if r == nil {
		return nil, notExist("Role", arn)
	}
	if in.seconds < 900 || in.seconds > r.maxSession {
		return nil, invalid("DurationSeconds", "The Min/Max value of DurationSeconds is 15min/1hr.")
	}
	k := s.openSession(r, in.session, time.Duration(in.seconds)*time.Second, in.policy)
	return fields{
		"Credentials": fields{
			"AccessKeyId": k.id, "AccessKeySecret": k.secret, "SecurityToken": k.session.token, "Expiration": timestamp(k.session.expires),
		},
		"AssumedRoleUser": fields{"Arn": k.caller().ARN, "AssumedRoleId": k.caller().PrincipalID},
	}, nil
}

// mayAssume asks caller and trust policy and words the denial.
func (s *Service) mayAssume(c *gateway.Call, arn string) error {
	if c.Caller.Type == auth.Root {
		return gateway.Errorf(http.StatusForbidden, "NoPermission", "Roles may not be assumed by root accounts.")
	}
	keys := map[string]string{}
	if id := c.Get("ExternalId"); id != "" {
		keys["sts:ExternalId"] = id
	}
	req := auth.Request{Caller: c.Caller, Action: "sts:AssumeRole", Resource: arn, Context: keys}
	v := s.judge(req)
	if v.noRole {
		return notExist("Role", arn)
	}
	d := s.answer(req, v)
	if d.Allowed {
		return nil
	}
	message := "You are not authorized to perform this operation."
	if v.policyType == byTrust {
		message = "You are not authorized to perform this operation: the trust policy of the role does not allow it."
	}
	e := gateway.Errorf(http.StatusForbidden, "NoPermission", "%s Action: sts:AssumeRole, Resource: %s, Caller: %s.", message, arn, c.Caller.ARN)
	e.Detail = d.Detail
	return e
}

type assumption struct {
	session string
	seconds int
	policy  *document
}

// assumeInput checks the parameters that do not depend on the role.
func assumeInput(c *gateway.Call) (in assumption, err error) {
	in.session = c.Get("RoleSessionName")
	if in.session == "" {
		return in, gateway.Missing("RoleSessionName")
	}
	if !sessionName.MatchString(in.session) {
		return in, invalid("RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
	}
	if in.seconds, err = c.Int("DurationSeconds", 3600); err != nil {
		return in, err
	}
	if id := c.Get("ExternalId"); id != "" && (len(id) < 2 || len(id) > 1224 || !externalID.MatchString(id)) {
		return in, invalid("ExternalId", "The parameter ExternalId is wrongly formed.")
	}
	for _, name := range []string{"SerialNumber", "TokenCode"} {
		if c.Get(name) != "" { // nobody has an MFA device here
			return in, invalid(name, "The parameter %s is wrongly formed.", name)
		}
	}
	if text := c.Get("Policy"); text != "" {
		if utf8.RuneCountInString(text) > 2048 {
			return in, invalid("PolicySize", "The length of Policy must be 1 to 2048 characters.")
		}
		if in.policy, err = parsePolicy(text, identityPolicy); err != nil {
			return in, invalid("PolicyGrammar", "The parameter Policy has not passed grammar check: %v.", err)
		}
	}
	return in, nil
}

func (s *Service) getCallerIdentity(_ context.Context, c *gateway.Call) (any, error) {
	out := fields{
		"IdentityType": string(c.Caller.Type), "AccountId": c.Caller.AccountID,
		"PrincipalId": c.Caller.PrincipalID, "Arn": c.Caller.ARN,
	}
	switch c.Caller.Type {
	case auth.User:
		out["UserId"] = c.Caller.PrincipalID
	case auth.Role:
		out["RoleId"], _, _ = strings.Cut(c.Caller.PrincipalID, ":")
	}
	return out, nil
}

// AssumeServiceRole opens a session for a cloud service. The trust policy must name the service principal; the
// duration is the service's own and may exceed the role's maximum, as the 36 hours of FC do. Errors are
// [*gateway.Error]: 404 EntityNotExist.Role, 403 NoPermission.
func (s *Service) AssumeServiceRole(_ context.Context, arn, servicePrincipal, session string, ttl time.Duration) (auth.Caller, auth.Keys, error) {
	accountID, _, ok := parseRoleARN(arn)
	if !ok {
		return auth.Caller{}, auth.Keys{}, invalid("RoleArn", "The parameter RoleArn is wrongly formed.")
	}
	caller := auth.Caller{Type: auth.Service, AccountID: accountID, Name: servicePrincipal, PrincipalID: servicePrincipal, ARN: servicePrincipal}
	return s.open(caller, arn, session, ttl)
}

// AssumeRole opens a session of a role for the holder of caller, as sts:AssumeRole does, for services that act through
// roles: both sides must allow, but flow control and the role's longest session do not count. Errors are
// [*gateway.Error]: 404 EntityNotExist.Role, 403 NoPermission.
func (s *Service) AssumeRole(_ context.Context, caller auth.Caller, arn, session string, ttl time.Duration) (auth.Caller, auth.Keys, error) {
	if _, _, ok := parseRoleARN(arn); !ok {
		return auth.Caller{}, auth.Keys{}, invalid("RoleArn", "The parameter RoleArn is wrongly formed.")
	}
	return s.open(caller, arn, session, ttl)
}

// open checks both sides of an assumption and issues the keys. arn is well formed.
func (s *Service) open(caller auth.Caller, arn, session string, ttl time.Duration) (auth.Caller, auth.Keys, error) {
	if e := s.mayAssume(&gateway.Call{Caller: caller}, arn); e != nil {
		return auth.Caller{}, auth.Keys{}, e
	}
	accountID, name, _ := parseRoleARN(arn)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.accounts[accountID].role(name)
	if r == nil {
		return auth.Caller{}, auth.Keys{}, notExist("Role", arn)
	}
	k := s.openSession(r, session, ttl, nil)
	return k.caller(), auth.Keys{
		AccessKeyID: k.id, AccessKeySecret: k.secret, SecurityToken: k.session.token, Expires: k.session.expires,
	}, nil
}
