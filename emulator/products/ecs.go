package products

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Limits of ECS that its API reference names.
const (
	maxRulesOfGroup     = 200
	maxGroupsOfInstance = 5
)

// SecurityGroup is a group of an account, with the rules in the order in which they were made.
type SecurityGroup struct {
	ID, Name, VPC string
	Rules         []GroupRule
	Created       time.Time
}

// GroupRule is one inbound rule. Exactly one of CIDR, CIDR6, Group and PrefixList names the source.
type GroupRule struct {
	ID                             string
	Protocol                       string // TCP, UDP, ICMP, ICMPv6, GRE, ALL
	Ports                          string // 22/22; -1/-1 = all
	CIDR, CIDR6, Group, PrefixList string
	Policy                         string // Accept, Drop
	Priority                       int    // 1 to 100; the smaller wins
	NicType                        string // intranet, internet
	Description                    string
	Created                        time.Time
}

// same tells whether two rules say the same, whatever their ids and descriptions.
func (r GroupRule) same(o GroupRule) bool {
	r.ID, r.Description, r.Created = o.ID, o.Description, o.Created
	return r == o
}

// Instance is an ECS instance.
type Instance struct {
	ID, VPC string
	Status  string // Running, Stopped
	Groups  []string
}

// compute is what an account has of ECS.
type compute struct {
	groups    []*SecurityGroup
	instances []*Instance
}

// SeedSecurityGroup gives an account a security group without rules.
func (s *Service) SeedSecurityGroup(account, id, name, vpc string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.compute(account)
	e.groups = append(e.groups, &SecurityGroup{ID: id, Name: name, VPC: vpc, Created: s.clock()})
}

// SeedInstance gives an account a running instance in groups that exist.
func (s *Service) SeedInstance(account, id, vpc string, groups ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.compute(account)
	e.instances = append(e.instances, &Instance{ID: id, VPC: vpc, Status: "Running", Groups: groups})
}

// SecurityGroups returns copies of the groups of an account, in the order in which they were made.
func (s *Service) SecurityGroups(account string) []SecurityGroup {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.compute(account).groups, func(g *SecurityGroup) { g.Rules = slices.Clone(g.Rules) })
}

// Instances returns copies of the instances of an account, in the order in which they were made.
func (s *Service) Instances(account string) []Instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copies(s.compute(account).instances, func(i *Instance) { i.Groups = slices.Clone(i.Groups) })
}

// copies returns what a list points to; own replaces what a copy still shares.
func copies[T any](list []*T, own func(*T)) []T {
	var out []T
	for _, x := range list {
		c := *x
		own(&c)
		out = append(out, c)
	}
	return out
}

// compute needs s.mu and makes the account on first use.
func (s *Service) compute(account string) *compute {
	e := s.computes[account]
	if e == nil {
		e = &compute{}
		s.computes[account] = e
	}
	return e
}

// ecsOperations ask for ecs:<action> on the resources that a call names.
//
// Assumption: LeaveSecurityGroup asks as JoinSecurityGroup does; its permissions are not disclosed. What a call does to
// an instance is done when it is answered.
func (s *Service) ecsOperations() map[string]gateway.Operation {
	ops := map[string]gateway.Operation{}
	for action, o := range map[string]struct {
		h     handler
		kinds []string
	}{
		"CreateSecurityGroup":            {s.once(s.createGroup), []string{"new"}},
		"AuthorizeSecurityGroup":         {s.once(s.authorizeGroup), []string{"securitygroup"}},
		"RevokeSecurityGroup":            {s.once(s.revokeGroup), []string{"securitygroup"}},
		"DescribeSecurityGroups":         {s.describeGroups, []string{"new"}},
		"DescribeInstances":              {s.describeInstances, []string{"instances"}},
		"StartInstance":                  {s.startInstance, []string{"instance"}},
		"DescribeSecurityGroupAttribute": {s.describeGroup, []string{"securitygroup"}},
		"JoinSecurityGroup":              {s.joinGroup, []string{"instance", "securitygroup"}},
		"LeaveSecurityGroup":             {s.leaveGroup, []string{"instance", "securitygroup"}},
		"StopInstance":                   {s.stopInstance, []string{"instance"}},
	} {
		ops[action] = gateway.Operation{
			Denied: deniedCode(),
			Permissions: func(c *gateway.Call) []gateway.Permission {
				var out []gateway.Permission
				for _, kind := range o.kinds {
					resource := map[string]string{"new": "securitygroup/*", "instances": "instance/*", "securitygroup": "securitygroup/" + c.Get("SecurityGroupId"), "instance": "instance/" + c.Get("InstanceId")}[kind]
					out = append(out, gateway.Permission{Action: "ecs:" + action, Resource: "acs:ecs:" + c.Region + ":" + c.Caller.AccountID + ":" + resource})
				}
				return out
			},
			Handle: func(_ context.Context, c *gateway.Call) (any, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				return o.h(c)
			},
		}
	}
	return ops
}

func (s *Service) group(c *gateway.Call) (*SecurityGroup, error) {
	id := c.Get("SecurityGroupId")
	if id == "" {
		return nil, missing("SecurityGroupId")
	}
	for _, g := range s.compute(c.Caller.AccountID).groups {
		if g.ID == id {
			return g, nil
		}
	}
	return nil, gateway.Errorf(404, "InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.")
}

func (s *Service) ecsInstance(c *gateway.Call) (*Instance, error) {
	if c.Get("NetworkInterfaceId") != "" {
		return nil, invalid("NetworkInterfaceId", "The emulator has no network interfaces; name an instance.")
	}
	id := c.Get("InstanceId")
	if id == "" {
		return nil, missing("InstanceId")
	}
	for _, i := range s.compute(c.Caller.AccountID).instances {
		if i.ID == id {
			return i, nil
		}
	}
	return nil, gateway.Errorf(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
}

func (s *Service) createGroup(c *gateway.Call) (any, error) {
	if c.Region == "" {
		return nil, missing("RegionId")
	}
	e := s.compute(c.Caller.AccountID)
	g := &SecurityGroup{ID: fmt.Sprintf("sg-bp1%014d", s.newID()), Name: c.Get("SecurityGroupName"), VPC: c.Get("VpcId"), Created: s.clock()}
	e.groups = append(e.groups, g)
	return object{"SecurityGroupId": g.ID}, nil
}

// authorizeGroup adds rules. One that is there already is left alone and a group has at most 200, as the reference says.
//
// Assumption: the 201st is 403 AuthorizationLimitExceed; another product of the same calls has the code with status 400.
func (s *Service) authorizeGroup(c *gateway.Call) (any, error) {
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	rules, err := groupRules(c)
	if err != nil {
		return nil, err
	}
	var fresh []GroupRule
	for _, r := range rules {
		if !slices.ContainsFunc(slices.Concat(g.Rules, fresh), r.same) {
			r.ID, r.Created = fmt.Sprintf("sgr-bp1%013d", s.newID()), s.clock()
			fresh = append(fresh, r)
		}
	}
	if len(g.Rules)+len(fresh) > maxRulesOfGroup {
		return nil, gateway.Errorf(403, "AuthorizationLimitExceed", "The limit of authorization records in the security group reaches.")
	}
	g.Rules = append(g.Rules, fresh...)
	return nil, nil
}

// revokeGroup takes rules away, by what they say or by id. One that is not there is no error, unless it is named by id.
//
// Assumption: then the code is 404 InvalidSecurityGroupRuleId.NotFound.
func (s *Service) revokeGroup(c *gateway.Call) (any, error) {
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	if ids := repeated(c, "SecurityGroupRuleId"); len(ids) > 0 {
		for _, id := range ids {
			if !slices.ContainsFunc(g.Rules, func(r GroupRule) bool { return r.ID == id }) {
				return nil, gateway.Errorf(404, "InvalidSecurityGroupRuleId.NotFound", "The specified SecurityGroupRuleId %s does not exist.", id)
			}
		}
		g.Rules = slices.DeleteFunc(g.Rules, func(r GroupRule) bool { return slices.Contains(ids, r.ID) })
		return nil, nil
	}
	rules, err := groupRules(c)
	if err != nil {
		return nil, err
	}
	g.Rules = slices.DeleteFunc(g.Rules, func(r GroupRule) bool { return slices.ContainsFunc(rules, r.same) })
	return nil, nil
}

func (s *Service) describeGroup(c *gateway.Call) (any, error) {
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, r := range g.Rules {
		if !matches(c.Get("NicType"), r.NicType) || c.Get("Direction") == "egress" {
			continue
		}
		list = append(list, object{
			"SecurityGroupRuleId": r.ID, "Direction": "ingress", "IpProtocol": r.Protocol, "PortRange": r.Ports,
			"SourceCidrIp": r.CIDR, "Ipv6SourceCidrIp": r.CIDR6, "SourceGroupId": r.Group, "SourcePrefixListId": r.PrefixList, "Policy": r.Policy,
			"Priority": strconv.Itoa(r.Priority), "NicType": r.NicType, "Description": r.Description, "CreateTime": r.Created.UTC().Format(time.RFC3339),
		})
	}
	return object{
		"SecurityGroupId": g.ID, "SecurityGroupName": g.Name, "VpcId": g.VPC, "RegionId": c.Region, "Description": "",
		"InnerAccessPolicy": "Accept", "Permissions": object{"Permission": list},
	}, nil
}

// joinGroup puts an instance into a group. Its codes and statuses are those of the reference.
func (s *Service) joinGroup(c *gateway.Call) (any, error) {
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	i, err := s.ecsInstance(c)
	if err != nil {
		return nil, err
	}
	switch {
	case i.VPC != g.VPC:
		return nil, gateway.Errorf(400, "InvalidInstanceId.Mismatch", "Specified instance and security group are not in the same VPC.")
	case slices.Contains(i.Groups, g.ID):
		return nil, gateway.Errorf(403, "InvalidInstanceId.AlreadyExists", "The specified instance already exists in the specified security group.")
	case len(i.Groups) >= maxGroupsOfInstance:
		return nil, gateway.Errorf(400, "InstanceSecurityGroupLimitExceeded", "Exceeding the allowed amount of security groups that an instance can be in.")
	}
	i.Groups = append(i.Groups, g.ID)
	return nil, nil
}

// leaveGroup takes an instance out of a group. InstanceLastSecurityGroup has status 403 in the reference.
//
// Assumption: InvalidSecurityGroupAssociation.NotFound, the code since July 2024, has status 404.
func (s *Service) leaveGroup(c *gateway.Call) (any, error) {
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	i, err := s.ecsInstance(c)
	if err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(i.Groups, g.ID):
		return nil, gateway.Errorf(404, "InvalidSecurityGroupAssociation.NotFound", "The specified instance is not in the specified security group.")
	case len(i.Groups) == 1:
		return nil, gateway.Errorf(403, "InstanceLastSecurityGroup", "The specified security group is the last security group for the instance.")
	}
	i.Groups = slices.DeleteFunc(i.Groups, func(id string) bool { return id == g.ID })
	return nil, nil
}

func (s *Service) stopInstance(c *gateway.Call) (any, error) {
	i, err := s.ecsInstance(c)
	if err != nil {
		return nil, err
	}
	if i.Status != "Running" {
		return nil, wrongStatus()
	}
	if c.Get("DryRun") != "true" {
		i.Status = "Stopped"
	}
	return nil, nil
}
