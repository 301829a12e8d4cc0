package iam

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

func (s *Service) createPolicyVersion(a *account, c *gateway.Call) (any, error) {
	p, err := a.custom(c)
	if err != nil {
		return nil, err
	}
	body, doc, err := s.document(c)
	if err != nil {
		return nil, err
	}
	if len(p.versions) >= s.limits.PolicyVersions {
		if c.Get("RotateStrategy") != "DeleteOldestNonDefaultVersionWhenLimitExceeded" {
			return nil, limitExceeded("Policy.Version", s.limits.PolicyVersions)
		}
		oldest := slices.IndexFunc(p.versions, func(v *version) bool { return v.id != p.defaultID })
		p.versions = slices.Delete(p.versions, oldest, oldest+1)
	}
	p.last++
	v := &version{id: "v" + strconv.Itoa(p.last), text: body, doc: doc, created: c.Now}
	p.versions = append(p.versions, v)
	p.updated = c.Now
	if c.Get("SetAsDefault") == "true" {
		p.defaultID = v.id
	}
	return fields{"PolicyVersion": p.viewVersion(v, true)}, nil
}

var versionID = regexp.MustCompile(`^v[0-9]+$`)

// versionOf finds the policy and version that the parameters mean.
func versionOf(p *policy, c *gateway.Call) (*version, error) {
	id := c.Get("VersionId")
	switch {
	case id == "":
		return nil, gateway.Missing("VersionId")
	case !versionID.MatchString(id):
		return nil, invalid("VersionId.Format", "VersionId must be v and a number.")
	case p.version(id) == nil:
		return nil, notExist("Policy.Version", id)
	}
	return p.version(id), nil
}

func (s *Service) getPolicyVersion(a *account, c *gateway.Call) (any, error) {
	p, err := a.attachable(c)
	if err != nil {
		return nil, err
	}
	v, err := versionOf(p, c)
	if err != nil {
		return nil, err
	}
	return fields{"PolicyVersion": p.viewVersion(v, true)}, nil
}

func (s *Service) listPolicyVersions(a *account, c *gateway.Call) (any, error) {
	p, err := a.attachable(c)
	if err != nil {
		return nil, err
	}
	list := make([]fields, len(p.versions))
	for i, v := range p.versions {
		list[i] = p.viewVersion(v, true)
	}
	return fields{"PolicyVersions": fields{"PolicyVersion": list}}, nil
}

func (s *Service) setDefaultPolicyVersion(a *account, c *gateway.Call) (any, error) {
	p, err := a.custom(c)
	if err != nil {
		return nil, err
	}
	v, err := versionOf(p, c)
	if err != nil {
		return nil, err
	}
	p.defaultID, p.updated = v.id, c.Now
	return nil, nil
}

func (s *Service) deletePolicyVersion(a *account, c *gateway.Call) (any, error) {
	p, err := a.custom(c)
	if err != nil {
		return nil, err
	}
	v, err := versionOf(p, c)
	if err != nil {
		return nil, err
	}
	if v.id == p.defaultID {
		return nil, gateway.Errorf(http.StatusConflict, "DeleteConflict.Policy.Version.Default", "The default version %s cannot be deleted.", v.id)
	}
	p.versions = slices.DeleteFunc(p.versions, func(x *version) bool { return x == v })
	return nil, nil
}
