package iam

import (
	"encoding/base64"
	"encoding/json"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// diagnostic is what an EncodedDiagnosticMessage of this emulator holds. The cloud's is opaque, and so is this one to
// clients: it is only good for DecodeDiagnosticMessage in the account of the identity that was denied.
type diagnostic struct {
	Action, Resource, Policy, Principal, Name, Owner string
	Explicit                                         bool
}

// encode makes the message of a denial. It holds no condition values, which may be secrets.
func encode(d *auth.Denial) string {
	b, err := json.Marshal(diagnostic{
		Action: d.AuthAction, Resource: d.Resource, Policy: d.PolicyType, Principal: d.AuthPrincipalType,
		Name: d.AuthPrincipalDisplayName, Owner: d.AuthPrincipalOwnerID, Explicit: d.NoPermissionType == "ExplicitDeny",
	})
	if err != nil {
		panic(err) // text and a boolean: cannot happen
	}
	return base64.StdEncoding.EncodeToString(b)
}

// decodeDiagnostic answers who was denied what by which type of policy. The matched policies and conditions are not
// recorded, so those lists are empty.
//
// Assumption: a message that was not issued to this account is 400 InvalidParameter.EncodedDiagnosticMessage.
func (s *Service) decodeDiagnostic(a *account, c *gateway.Call) (any, error) {
	text := c.Get("EncodedDiagnosticMessage")
	if text == "" {
		return nil, gateway.Missing("EncodedDiagnosticMessage")
	}
	var d diagnostic
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &d) != nil || d.Owner != a.id {
		return nil, invalid("EncodedDiagnosticMessage", "The message was not issued to this account.")
	}
	return fields{"DecodedDiagnosticMessage": fields{
		"AuthAction": d.Action, "AuthResource": d.Resource, "NoPermissionPolicyType": d.Policy, "ExplicitDeny": d.Explicit,
		"AuthPrincipal":  fields{"AuthPrincipalType": d.Principal, "AuthPrincipalDisplayName": d.Name, "AuthPrincipalOwnerId": d.Owner},
		"AuthConditions": []fields{}, "MatchedPolicies": []fields{},
	}}, nil
}
