package cloudflow

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Register puts the service on the gateway as product fnf, version 2019-03-15.
//
// Assumption: permissions are asked for on the flow that a call names, and on flow/* for ReportTaskSucceeded and
// ReportTaskFailed; documented is fnf:CreateFlow on flow/*, the other actions are listed on *.
func (s *Service) Register(g *gateway.Gateway) {
	on := func(action, resource string, h func(context.Context, *gateway.Call) (any, error)) gateway.Operation {
		return gateway.Operation{
			Denied: "AccessDenied",
			Permissions: func(c *gateway.Call) []gateway.Permission {
				arn := "*"
				switch resource {
				case "any":
					arn = s.flowARN(c.Caller.AccountID, "*")
				case "flow":
					arn = s.flowARN(c.Caller.AccountID, c.Get("FlowName")+c.Get("Name"))
				}
				return []gateway.Permission{{Action: "fnf:" + action, Resource: arn}}
			},
			Handle: h,
		}
	}
	ops := map[string]gateway.Operation{}
	for action, o := range map[string]struct {
		resource string
		h        func(context.Context, *gateway.Call) (any, error)
	}{
		"CreateFlow":          {"any", s.createFlow},
		"UpdateFlow":          {"flow", s.updateFlow},
		"DescribeFlow":        {"flow", s.describeFlow},
		"ListFlows":           {"any", s.listFlows},
		"DeleteFlow":          {"flow", s.deleteFlow},
		"PublishFlowVersion":  {"start", s.publishVersion},
		"ListFlowVersions":    {"start", s.listVersions},
		"DeleteFlowVersion":   {"start", s.deleteVersion},
		"CreateFlowAlias":     {"start", s.createAlias},
		"UpdateFlowAlias":     {"start", s.updateAlias},
		"DescribeFlowAlias":   {"start", s.describeAlias},
		"DeleteFlowAlias":     {"start", s.deleteAlias},
		"ListFlowAliases":     {"start", s.listAliases},
		"CreateSchedule":      {"start", s.createSchedule},
		"UpdateSchedule":      {"start", s.updateSchedule},
		"DescribeSchedule":    {"start", s.describeSchedule},
		"DeleteSchedule":      {"start", s.deleteSchedule},
		"ListSchedules":       {"start", s.listSchedules},
		"DescribeMapRun":      {"start", noMapRuns},
		"UpdateMapRun":        {"start", noMapRuns},
		"DescribeRegions":     {"any", s.describeRegions},
		"StartExecution":      {"start", s.startExecution},
		"StartSyncExecution":  {"start", s.startSyncExecution},
		"StopExecution":       {"start", s.stopExecution},
		"DescribeExecution":   {"start", s.describeExecution},
		"ListExecutions":      {"start", s.listExecutions},
		"GetExecutionHistory": {"start", s.executionHistory},
		"ReportTaskSucceeded": {"task", s.reportSucceeded},
		"ReportTaskFailed":    {"task", s.reportFailed},
	} {
		op := on(action, o.resource, o.h)
		if o.resource == "start" { // these carry FlowName; Name would be another thing
			op.Permissions = func(c *gateway.Call) []gateway.Permission {
				return []gateway.Permission{{Action: "fnf:" + action, Resource: s.flowARN(c.Caller.AccountID, c.Get("FlowName"))}}
			}
		}
		if o.resource == "task" {
			op.Permissions = func(c *gateway.Call) []gateway.Permission {
				return []gateway.Permission{{Action: "fnf:" + action, Resource: s.flowARN(c.Caller.AccountID, "*")}}
			}
		}
		if action == "CreateFlow" || action == "UpdateFlow" {
			op.Permissions = withRole(op.Permissions)
		}
		op.Handle = bounded(op.Handle)
		ops[action] = op
	}
	g.Register("fnf", "2019-03-15", ops)
	g.Partial("2019-03-15", map[string]string{
		"CreateFlow": "the old language (FDL), distributed Map, and tasks of services that are not here (Message Service, EventBridge and others) are refused by name",
		"UpdateFlow": "as CreateFlow", "DescribeMapRun": "always refused: there is no distributed Map", "UpdateMapRun": "always refused, as DescribeMapRun",
	})
}

// withRole asks for the permission to hand a role to the service too, when a call names one.
func withRole(permissions func(*gateway.Call) []gateway.Permission) func(*gateway.Call) []gateway.Permission {
	return func(c *gateway.Call) []gateway.Permission {
		all := permissions(c)
		if role := c.Get("RoleArn"); role != "" {
			all = append(all, gateway.Permission{Action: "ram:PassRole", Resource: role, Context: map[string]string{"acs:Service": "fnf.aliyuncs.com"}})
		}
		return all
	}
}

// maxRequest is how large a request may be (documented limit, 1,024 KiB).
const maxRequest = 1 << 20

// bounded refuses requests that are too large.
func bounded(h func(context.Context, *gateway.Call) (any, error)) func(context.Context, *gateway.Call) (any, error) {
	return func(ctx context.Context, c *gateway.Call) (any, error) {
		n := 0
		for name, values := range c.Params {
			for _, v := range values {
				n += len(name) + len(v)
			}
		}
		if n > maxRequest {
			return nil, gateway.Errorf(400, "EntityTooLarge", "the request has %d bytes; 1024 KiB are allowed", n)
		}
		return h(ctx, c)
	}
}

// maxFlows is how many flows an account may have (documented limit).
const maxFlows = 10_000

// count needs s.mu. It is how many flows an account has.
func (s *Service) count(account string) int {
	n := 0
	for _, f := range s.flows {
		if f.account == account {
			n++
		}
	}
	return n
}

// tooManyFlows is the answer to one flow more than an account may have. Assumption: the code and status; the table of
// codes is known up to the letter P only.
func tooManyFlows() *gateway.Error {
	return gateway.Errorf(400, "QuotaExceeded", "the account has %d flows: no more are allowed", maxFlows)
}

func required(c *gateway.Call, names ...string) error {
	for _, n := range names {
		if c.Get(n) == "" {
			return gateway.Errorf(400, "MissingRequiredParams", "the parameter %s is required", n)
		}
	}
	return nil
}

type flowView struct {
	ID               string `json:"Id"`
	Name             string
	Type             string
	Definition       string
	Description      string
	RoleArn          string
	ExecutionMode    string
	CreatedTime      string
	LastModifiedTime string
	Environment      *environment `json:",omitempty"`
	ResourceGroupID  string       `json:"ResourceGroupId,omitempty"`
}

func (f *flow) view() flowView {
	e, _ := parseEnvironment(f.environment) // it was checked when it came in
	return flowView{f.id, f.name, f.typ, f.text, f.description, f.roleARN, f.mode, stamp(f.created), stamp(f.modified), e, f.resourceGroup}
}

func (s *Service) createFlow(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "Name", "Definition", "Description", "Type"); err != nil {
		return nil, err
	}
	name := c.Get("Name")
	if !nameRule.MatchString(name) {
		return nil, invalid("flow name %q: a letter or _ first, then letters, digits, _ and -, at most 128", name)
	}
	if c.Get("Type") != "FDL" {
		return nil, invalid("Type must be FDL")
	}
	if v := c.Get("ExternalStorageLocation"); v != "" {
		return nil, invalid("ExternalStorageLocation %q is not offered by the emulator: inputs and outputs are kept with the execution", v)
	}
	mode := c.Get("ExecutionMode")
	if mode == "" {
		mode = "Standard"
	}
	if mode != "Standard" && mode != "Express" {
		return nil, invalid("ExecutionMode must be Standard or Express")
	}
	if _, gerr := parseEnvironment(c.Get("Environment")); gerr != nil {
		return nil, gerr
	}
	d, gerr := s.compile(name, c.Get("Definition"), mode)
	if gerr != nil {
		return nil, gerr
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := c.Caller.AccountID + "/" + name
	if s.flows[key] != nil {
		return nil, gateway.Errorf(409, "FlowAlreadyExists", "Flow '%s' already exists", name)
	}
	if s.count(c.Caller.AccountID) >= maxFlows {
		return nil, tooManyFlows()
	}
	now := s.clock()
	f := &flow{
		account: c.Caller.AccountID, id: uuid.NewString(), name: name, typ: "FDL", text: c.Get("Definition"),
		description: c.Get("Description"), roleARN: c.Get("RoleArn"), mode: mode, def: d, created: now, modified: now,
		environment: c.Get("Environment"), resourceGroup: c.Get("ResourceGroupId"),
		executions: map[string]*execution{}, aliases: map[string]*alias{}, schedules: map[string]*schedule{},
	}
	s.flows[key] = f
	return f.view(), nil
}

func (s *Service) updateFlow(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "Name"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, gerr := s.flow(c.Caller.AccountID, c.Get("Name"))
	if gerr != nil {
		return nil, gerr
	}
	if typ := c.Get("Type"); typ != "" && typ != "FDL" {
		return nil, invalid("Type must be FDL")
	}
	if text := c.Get("Definition"); text != "" {
		d, gerr := s.compile(f.name, text, f.mode)
		if gerr != nil {
			return nil, gerr
		}
		f.def, f.text = d, text
	}
	if v := c.Get("Description"); v != "" {
		f.description = v
	}
	if v := c.Get("RoleArn"); v != "" {
		f.roleARN = v
	}
	if v := c.Get("Environment"); v != "" {
		if _, gerr := parseEnvironment(v); gerr != nil {
			return nil, gerr
		}
		f.environment = v
	}
	f.modified = s.clock()
	return f.view(), nil
}

func (s *Service) describeFlow(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "Name"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, gerr := s.flow(c.Caller.AccountID, c.Get("Name"))
	if gerr != nil {
		return nil, gerr
	}
	v := f.view()
	if n := c.Get("FlowVersion"); n != "" {
		body, gerr := s.body(f, n)
		if gerr != nil {
			return nil, gerr
		}
		v.Definition, v.Description, v.RoleArn = body.text, body.description, body.roleARN
	}
	return v, nil
}

func (s *Service) listFlows(_ context.Context, c *gateway.Call) (any, error) {
	limit, err := limitOf(c, 60, 1000)
	if err != nil {
		return nil, err
	}
	var match []flowView
	names, group := s.Flows(c.Caller.AccountID), c.Get("ResourceGroupId")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range names {
		if f := s.flows[c.Caller.AccountID+"/"+n]; f != nil && (group == "" || group == f.resourceGroup) {
			match = append(match, f.view())
		}
	}
	views, next := page(match, c.Get("NextToken"), limit)
	return listAnswer("Flows", views, next), nil
}

// deleteFlow deletes a flow. Its executions stop after their current state; their history can no longer be read, and the
// name is free at once.
func (s *Service) deleteFlow(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "Name"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, gerr := s.flow(c.Caller.AccountID, c.Get("Name"))
	if gerr != nil {
		return nil, gerr
	}
	delete(s.flows, f.account+"/"+f.name)
	for _, x := range f.executions {
		x.deleted.Store(true)
	}
	return nil, nil
}

func limitOf(c *gateway.Call, def, most int) (int, error) {
	n, err := c.Int("Limit", def)
	if err != nil {
		return 0, err
	}
	if n < 1 || n > most {
		return 0, invalid("Limit is a number from 1 to %d", most)
	}
	return n, nil
}

// page cuts a list. The token is the number of entries that were seen.
func page[T any](all []T, token string, limit int) ([]T, string) {
	from := 0
	if n, err := strconv.Atoi(token); err == nil {
		from = min(max(n, 0), len(all))
	}
	to := min(from+limit, len(all))
	if to == len(all) {
		return all[from:to], ""
	}
	return all[from:to], strconv.Itoa(to)
}

func listAnswer[T any](name string, items []T, next string) map[string]any {
	if items == nil {
		items = []T{}
	}
	out := map[string]any{name: items}
	if next != "" {
		out["NextToken"] = next
	}
	return out
}
