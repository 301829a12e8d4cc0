package products

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// idsOf reads a list of ids that travels as the text of a JSON array; nil when the parameter is absent.
func idsOf(c *gateway.Call, name string) ([]string, error) {
	text := c.Get(name)
	if text == "" {
		return nil, nil
	}
	var ids []string
	if json.Unmarshal([]byte(text), &ids) != nil || len(ids) > 100 {
		return nil, invalid(name, "%s is a JSON array of at most 100 ids.", name)
	}
	return ids, nil
}

// unread refuses parameters whose effect the emulator does not have: an answer that ignores a filter would be wrong.
func unread(c *gateway.Call, names ...string) error {
	for _, name := range names {
		if c.Get(name) != "" {
			return invalid(name, "The emulator does not know %s here; use PageNumber and PageSize.", name)
		}
	}
	return nil
}

// describeGroups lists the security groups of the account.
func (s *Service) describeGroups(c *gateway.Call) (any, error) {
	if err := unread(c, "NextToken", "MaxResults", "Tag.1.Key", "FuzzyQuery", "DryRun"); err != nil {
		return nil, err
	}
	ids, err := idsOf(c, "SecurityGroupIds")
	if err != nil {
		return nil, err
	}
	number, size, err := page(c, "PageNumber", "PageSize")
	if err != nil {
		return nil, err
	}
	e := s.compute(c.Caller.AccountID)
	list := []object{}
	for _, g := range e.groups {
		if ids != nil && !slices.Contains(ids, g.ID) || !matches(c.Get("SecurityGroupId"), g.ID) || !matches(c.Get("VpcId"), g.VPC) || !matches(c.Get("SecurityGroupName"), g.Name) {
			continue
		}
		inside := 0
		for _, i := range e.instances {
			if slices.Contains(i.Groups, g.ID) {
				inside++
			}
		}
		list = append(list, object{
			"SecurityGroupId": g.ID, "SecurityGroupName": g.Name, "Description": "", "SecurityGroupType": "normal", "VpcId": g.VPC,
			"CreationTime": g.Created.UTC().Format(time.RFC3339), "EcsCount": inside, "RuleCount": len(g.Rules),
		})
	}
	return object{
		"RegionId": c.Region, "TotalCount": len(list), "PageNumber": number, "PageSize": size,
		"SecurityGroups": object{"SecurityGroup": cut(list, number, size)},
	}, nil
}

// describeInstances lists the instances of the account.
func (s *Service) describeInstances(c *gateway.Call) (any, error) {
	if err := unread(c, "NextToken", "MaxResults", "Tag.1.Key", "DryRun"); err != nil {
		return nil, err
	}
	ids, err := idsOf(c, "InstanceIds")
	if err != nil {
		return nil, err
	}
	number, size, err := page(c, "PageNumber", "PageSize")
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, i := range s.compute(c.Caller.AccountID).instances {
		group := c.Get("SecurityGroupId")
		if ids != nil && !slices.Contains(ids, i.ID) || !matches(c.Get("Status"), i.Status) || !matches(c.Get("VpcId"), i.VPC) || group != "" && !slices.Contains(i.Groups, group) {
			continue
		}
		list = append(list, object{
			"InstanceId": i.ID, "Status": i.Status, "RegionId": c.Region, "VpcAttributes": object{"VpcId": i.VPC},
			"SecurityGroupIds": object{"SecurityGroupId": i.Groups},
		})
	}
	return object{"TotalCount": len(list), "PageNumber": number, "PageSize": size, "Instances": object{"Instance": cut(list, number, size)}}, nil
}

// startInstance undoes StopInstance.
func (s *Service) startInstance(c *gateway.Call) (any, error) {
	i, err := s.ecsInstance(c)
	if err != nil {
		return nil, err
	}
	if i.Status != "Stopped" {
		return nil, wrongStatus()
	}
	if c.Get("DryRun") != "true" {
		i.Status = "Running"
	}
	return nil, nil
}

// wrongStatus is documented with status 403 for the calls on instances.
func wrongStatus() error {
	return gateway.Errorf(403, "IncorrectInstanceStatus", "The current status of the resource does not support this operation.")
}
