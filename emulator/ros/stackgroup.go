package ros

import (
	"cmp"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// stackGroup makes one template into stacks in many accounts and regions. Its fields change under Service.mu; template,
// parameters and roles not while an operation runs.
type stackGroup struct {
	id, name, account, region, description string
	created, updated                       time.Time
	serviceManaged                         bool
	auto, retain                           bool   // automatic deployment; stacks stay when an account leaves
	adminRole, execRole                    string // of a self-managed group
	body                                   string
	params                                 []parameterValue
	folders                                []folderTarget
	instances                              []*instance
	operations                             []*groupOperation // newest last
	running                                *groupOperation   // nil when idle
	waiting                                []*groupOperation // automatic deployments that are queued
}

// folderTarget is a folder that a service-managed group was deployed to.
type folderTarget struct {
	folder    string
	regions   []string
	overrides []parameterValue
}

// Defaults and limits of stack groups; accounts sheet, section 4.3, and fc sheet, section 6.
const (
	defaultAdminRole  = "AliyunROSStackGroupAdministrationRole"
	defaultExecRole   = "AliyunROSStackGroupExecutionRole"
	maxGroups         = 100
	maxGroupInstances = 2000
)

var stackGroupName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$`)

func (s *Service) handleCreateGroup(_ context.Context, c *gateway.Call) (any, error) {
	g := &stackGroup{name: c.Get("StackGroupName"), account: c.Caller.AccountID, region: c.Get("RegionId"), created: s.o.Clock()}
	switch {
	case g.name == "":
		return nil, missing("StackGroupName")
	case !stackGroupName.MatchString(g.name):
		return nil, invalid("StackGroupName", "the name starts with a letter or digit and has at most 255 letters, digits, - and _")
	case g.region == "":
		return nil, missing("RegionId")
	}
	if err := s.setGroup(g, c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of := 0
	for _, other := range s.groups {
		if other.account != g.account {
			continue
		}
		if of++; other.name == g.name && other.region == g.region {
			return nil, groupExists(g.name)
		}
	}
	if of >= maxGroups {
		return nil, groupQuota("stack groups", maxGroups)
	}
	g.id = s.newID(g.account, "group/"+g.name)
	s.groups = append(s.groups, g)
	return view{"StackGroupId": g.id}, nil
}

// setGroup reads what CreateStackGroup and UpdateStackGroup share: what is given replaces what the group has.
func (s *Service) setGroup(g *stackGroup, c *gateway.Call) error {
	body, err := templateBody(c)
	if err != nil {
		return err
	}
	g.body = cmp.Or(body, g.body)
	if g.body == "" {
		return missing("TemplateBody")
	}
	t, err := ParseTemplate(g.body)
	if err != nil {
		return asAPI(err)
	}
	given := readPairs(c, "Parameters")
	if err := t.declares(given); err != nil {
		return asAPI(err)
	}
	g.params = merge(g.params, given)
	g.description = cmp.Or(c.Get("Description"), g.description)
	return s.setModel(g, c)
}

// setModel reads how the group gets into accounts.
func (s *Service) setModel(g *stackGroup, c *gateway.Call) error {
	switch c.Get("PermissionModel") {
	case "SERVICE_MANAGED":
		g.serviceManaged = true
	case "SELF_MANAGED":
		g.serviceManaged = false
	case "":
	default:
		return invalid("PermissionModel", "the model is SELF_MANAGED or SERVICE_MANAGED")
	}
	if !g.serviceManaged {
		g.adminRole = cmp.Or(c.Get("AdministrationRoleName"), g.adminRole, defaultAdminRole)
		g.execRole = cmp.Or(c.Get("ExecutionRoleName"), g.execRole, defaultExecRole)
		return nil
	}
	if _, err := s.directoryOf(g.account); err != nil {
		return err
	}
	text := c.Get("AutoDeployment")
	if text == "" && g.id != "" {
		return nil
	}
	var auto struct{ Enabled, RetainStacksOnAccountRemoval *bool }
	switch err := json.Unmarshal([]byte(text), &auto); {
	case text == "":
		return missing("AutoDeployment")
	case err != nil || auto.Enabled == nil:
		return invalid("AutoDeployment", "Enabled is needed")
	}
	g.auto, g.retain = *auto.Enabled, auto.RetainStacksOnAccountRemoval != nil && *auto.RetainStacksOnAccountRemoval
	return nil
}

// declares refuses parameters that the template does not have.
func (t *Template) declares(given []parameterValue) error {
	for _, p := range given {
		if !slices.ContainsFunc(t.parameters, func(d parameter) bool { return d.name == p.key }) {
			return templateError(codeUnknownParam, "Parameters."+p.key, 0, "the parameter is not defined in the template")
		}
	}
	return nil
}

// merge lays overrides over parameters.
func merge(params, overrides []parameterValue) []parameterValue {
	out := slices.DeleteFunc(slices.Clone(params), func(p parameterValue) bool { return hasKey(overrides, p.key) })
	return append(out, overrides...)
}

// group finds the group of a call. The caller holds the lock.
func (s *Service) group(c *gateway.Call) (*stackGroup, error) {
	name := c.Get("StackGroupName")
	if name == "" {
		return nil, missing("StackGroupName")
	}
	for _, g := range s.groups {
		if g.name == name && g.account == c.Caller.AccountID && g.region == c.Get("RegionId") {
			return g, nil
		}
	}
	return nil, groupNotFound(name)
}

func (s *Service) handleGetGroup(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	v := g.view()
	v["TemplateBody"], v["Parameters"] = g.body, g.echo()
	if g.serviceManaged {
		folders := []string{}
		for _, f := range g.folders {
			folders = append(folders, f.folder)
		}
		v["RdFolderIds"] = folders
	} else {
		v["AdministrationRoleName"], v["ExecutionRoleName"] = g.adminRole, g.execRole
	}
	return view{"StackGroup": v}, nil
}

// echo shows the parameters without those that the template hides.
func (g *stackGroup) echo() []view {
	t, err := ParseTemplate(g.body)
	out := []view{}
	for _, p := range g.params {
		hidden := err != nil || slices.ContainsFunc(t.parameters, func(d parameter) bool { return d.name == p.key && d.noEcho })
		if hidden {
			p.value = "******"
		}
		out = append(out, view{"ParameterKey": p.key, "ParameterValue": p.value})
	}
	return out
}

func (g *stackGroup) view() view {
	v := view{
		"StackGroupId": g.id, "StackGroupName": g.name, "Description": g.description, "Status": "ACTIVE",
		"PermissionModel": g.model(), "CreateTime": iso(g.created),
	}
	if !g.updated.IsZero() {
		v["UpdateTime"] = iso(g.updated)
	}
	if g.serviceManaged {
		v["AutoDeployment"] = view{"Enabled": g.auto, "RetainStacksOnAccountRemoval": g.retain}
	}
	return v
}

func (g *stackGroup) model() string {
	if g.serviceManaged {
		return "SERVICE_MANAGED"
	}
	return "SELF_MANAGED"
}

func (s *Service) handleListGroups(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*stackGroup
	for _, g := range slices.Backward(s.groups) {
		if g.account == c.Caller.AccountID && g.region == c.Get("RegionId") && (c.Get("Status") == "" || c.Get("Status") == "ACTIVE") {
			list = append(list, g)
		}
	}
	return onePage(c, "StackGroups", list, (*stackGroup).view)
}

// handleDeleteGroup takes a group away that has no instances.
func (s *Service) handleDeleteGroup(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(c)
	switch {
	case err != nil:
		return nil, err
	case g.running != nil:
		return nil, operationInProgress(g.name)
	case len(g.instances) > 0:
		return nil, groupNotEmpty(g.name)
	}
	s.groups = slices.DeleteFunc(s.groups, func(x *stackGroup) bool { return x == g })
	return nil, nil
}

// onePage answers PageNumber and PageSize (1 to 50, default 10) of a list.
func onePage[T any](c *gateway.Call, name string, all []T, one func(T) view) (any, error) {
	number, err := c.Int("PageNumber", 1)
	if err != nil {
		return nil, err
	}
	size, err := c.Int("PageSize", 10)
	if err != nil {
		return nil, err
	}
	if number < 1 || number > 1_000_000 || size < 1 || size > 50 {
		return nil, invalid("PageSize", "the page number starts from 1 and the page size is 1 to 50")
	}
	out := []view{}
	for _, x := range all[min((number-1)*size, len(all)):min(number*size, len(all))] {
		out = append(out, one(x))
	}
	return view{name: out, "TotalCount": len(all), "PageNumber": number, "PageSize": size}, nil
}

// RoleUsage tells which groups of an account need the service-linked role of a service, as region → group ids.
func (s *Service) RoleUsage(accountID, serviceName string) map[string][]string {
	if serviceName != adminService {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]string{}
	for _, g := range s.groups {
		if g.account == accountID && g.serviceManaged {
			out[g.region] = append(out[g.region], g.id)
		}
	}
	return out
}
