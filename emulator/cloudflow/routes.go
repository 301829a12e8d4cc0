package cloudflow

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

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
		ops[action] = op
	}
	g.Register("fnf", "2019-03-15", ops)
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
	d, gerr := compile(name, c.Get("Definition"), mode)
	if gerr != nil {
		return nil, gerr
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := c.Caller.AccountID + "/" + name
	if s.flows[key] != nil {
		return nil, gateway.Errorf(409, "FlowAlreadyExists", "Flow '%s' already exists", name)
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
	if text := c.Get("Definition"); text != "" {
		d, gerr := compile(f.name, text, f.mode)
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
	names, next := page(s.Flows(c.Caller.AccountID), c.Get("NextToken"), limit)
	views := []flowView{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range names {
		if f := s.flows[c.Caller.AccountID+"/"+n]; f != nil && (c.Get("ResourceGroupId") == "" || c.Get("ResourceGroupId") == f.resourceGroup) {
			views = append(views, f.view())
		}
	}
	return listAnswer("Flows", views, next), nil
}

func (s *Service) deleteFlow(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, gerr := s.flow(c.Caller.AccountID, c.Get("Name"))
	if gerr != nil {
		return nil, gerr
	}
	delete(s.flows, f.account+"/"+f.name)
	for _, x := range f.executions {
		x.cancel()
	}
	return nil, nil
}

type executionView struct {
	FlowName       string
	Name           string
	FlowDefinition string
	RoleArn        string `json:",omitempty"`
	Input          string
	Output         string
	Status         string
	StartedTime    string
	StoppedTime    string
}

func (x *execution) view() executionView {
	x.mu.Lock()
	defer x.mu.Unlock()
	return executionView{x.flow.name, x.name, x.text, x.roleARN, x.input, x.output, x.status, stamp(x.started), stamp(x.stopped)}
}

func (s *Service) startExecution(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "FlowName"); err != nil {
		return nil, err
	}
	x, gerr := s.start(startOptions{
		account: c.Caller.AccountID, flow: c.Get("FlowName"), name: c.Get("ExecutionName"),
		input: c.Get("Input"), qualifier: c.Get("Qualifier"), token: c.Get("CallbackFnFTaskToken"),
	})
	if gerr != nil {
		return nil, gerr
	}
	v := x.view()
	v.Status, v.Output, v.StoppedTime = "", "", "" // as observed in real replies
	return v, nil
}

func (s *Service) startSyncExecution(ctx context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "FlowName"); err != nil {
		return nil, err
	}
	x, gerr := s.start(startOptions{
		account: c.Caller.AccountID, flow: c.Get("FlowName"), name: c.Get("ExecutionName"),
		input: c.Get("Input"), qualifier: c.Get("Qualifier"), express: true,
	})
	if gerr != nil {
		return nil, gerr
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-x.done:
	}
	v := x.view()
	return map[string]any{
		"FlowName": v.FlowName, "Name": v.Name, "Status": v.Status, "Output": v.Output,
		"ErrorCode": x.code, "ErrorMessage": x.detail, "StartedTime": v.StartedTime, "StoppedTime": v.StoppedTime,
	}, nil
}

func (s *Service) execution(c *gateway.Call) (*execution, error) {
	if err := required(c, "FlowName", "ExecutionName"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, gerr := s.flow(c.Caller.AccountID, c.Get("FlowName"))
	if gerr != nil {
		return nil, gerr
	}
	x := f.executions[c.Get("ExecutionName")]
	if x == nil {
		return nil, gateway.Errorf(404, "ExecutionNotExists", "Execution '%s' of flow '%s' does not exist", c.Get("ExecutionName"), f.name)
	}
	return x, nil
}

func (s *Service) stopExecution(_ context.Context, c *gateway.Call) (any, error) {
	x, err := s.execution(c)
	if err != nil {
		return nil, err
	}
	if len(c.Get("Error")) > 128 || len(c.Get("Cause")) > 4096 {
		return nil, invalid("Error has at most 128 characters, Cause at most 4096")
	}
	if x.ended() {
		return nil, gateway.Errorf(400, "ExecutionAlreadyCompleted", "Execution '%s' has ended", x.name)
	}
	x.mu.Lock()
	x.stopping, x.code, x.detail = true, c.Get("Error"), c.Get("Cause")
	x.mu.Unlock()
	x.cancel()
	return x.view(), nil
}

func (s *Service) describeExecution(ctx context.Context, c *gateway.Call) (any, error) {
	x, err := s.execution(c)
	if err != nil {
		return nil, err
	}
	wait, err := c.Int("WaitTimeSeconds", 0)
	if err != nil || wait < 0 || wait > 60 {
		return nil, invalid("WaitTimeSeconds is a number from 0 to 60")
	}
	if wait > 0 {
		timer := time.NewTimer(time.Duration(wait) * time.Second)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-x.done:
		}
	}
	return x.view(), nil
}

func (s *Service) listExecutions(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "FlowName"); err != nil {
		return nil, err
	}
	limit, err := limitOf(c, 60, 99)
	if err != nil {
		return nil, err
	}
	from, to, err := started(c)
	if err != nil {
		return nil, err
	}
	if c.Get("MapRunName") != "" {
		return noMapRuns(context.Background(), c)
	}
	s.mu.Lock()
	f, gerr := s.flow(c.Caller.AccountID, c.Get("FlowName"))
	if gerr != nil {
		s.mu.Unlock()
		return nil, gerr
	}
	var match []executionView
	for _, n := range slices.Backward(f.order) {
		x := f.executions[n]
		v := x.view()
		if x.started.Before(from) || x.started.After(to) || c.Get("Qualifier") != "" && c.Get("Qualifier") != x.qualifier {
			continue
		}
		if c.Get("MetadataOnly") == "true" {
			v.Input, v.Output, v.FlowDefinition = "", "", ""
		}
		if strings.HasPrefix(n, c.Get("ExecutionNamePrefix")) && (c.Get("Status") == "" || c.Get("Status") == v.Status) {
			match = append(match, v)
		}
	}
	s.mu.Unlock()
	views, next := page(match, c.Get("NextToken"), limit)
	return listAnswer("Executions", views, next), nil
}

func (s *Service) executionHistory(_ context.Context, c *gateway.Call) (any, error) {
	x, err := s.execution(c)
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(c, 60, 999)
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	events := slices.Clone(x.events)
	x.mu.Unlock()
	views, next := page(events, c.Get("NextToken"), limit)
	return listAnswer("Events", views, next), nil
}

func (s *Service) reportSucceeded(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "TaskToken", "Output"); err != nil {
		return nil, err
	}
	v, err := decode([]byte(c.Get("Output")))
	if err != nil {
		return nil, invalid("Output is no JSON: %v", err)
	}
	if gerr := s.reportTask(c.Get("TaskToken"), report{output: v}); gerr != nil {
		return nil, gerr
	}
	return map[string]any{"EventId": 0}, nil
}

func (s *Service) reportFailed(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "TaskToken", "Error"); err != nil {
		return nil, err
	}
	if len(c.Get("Error")) > 128 || len(c.Get("Cause")) > 4096 {
		return nil, invalid("Error has at most 128 characters, Cause at most 4096")
	}
	if gerr := s.reportTask(c.Get("TaskToken"), report{err: failf(c.Get("Error"), "%s", c.Get("Cause"))}); gerr != nil {
		return nil, gerr
	}
	return map[string]any{"EventId": 0}, nil
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
