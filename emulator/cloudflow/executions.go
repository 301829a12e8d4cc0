package cloudflow

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

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
	Environment    *environment `json:",omitempty"`
}

func (x *execution) view() executionView {
	x.mu.Lock()
	defer x.mu.Unlock()
	return executionView{x.flow.name, x.name, x.text, x.roleARN, x.input, x.output, x.status, stamp(x.started), stamp(x.stopped), x.environment}
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
	out := map[string]any{
		"FlowName": v.FlowName, "Name": v.Name, "Status": v.Status, "Output": v.Output,
		"ErrorCode": x.code, "ErrorMessage": x.detail, "StartedTime": v.StartedTime, "StoppedTime": v.StoppedTime,
	}
	if v.Environment != nil {
		out["Environment"] = v.Environment
	}
	return out, nil
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
	if !x.stop(c.Get("Error"), c.Get("Cause")) {
		return nil, gateway.Errorf(400, "ExecutionAlreadyCompleted", "Execution '%s' has ended", x.name)
	}
	x.cancel()
	return x.view(), nil
}

// stop notes why an execution is stopped; false when it has ended. The first reason stays.
func (x *execution) stop(code, detail string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.stopped.IsZero() {
		return false
	}
	if !x.stopping {
		x.stopping, x.code, x.detail = true, code, detail
	}
	return true
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
	return s.reported(c, report{output: v})
}

func (s *Service) reportFailed(_ context.Context, c *gateway.Call) (any, error) {
	if err := required(c, "TaskToken", "Error"); err != nil {
		return nil, err
	}
	if len(c.Get("Error")) > 128 || len(c.Get("Cause")) > 4096 {
		return nil, invalid("Error has at most 128 characters, Cause at most 4096")
	}
	return s.reported(c, report{err: failf(c.Get("Error"), "%s", c.Get("Cause"))})
}

func (s *Service) reported(c *gateway.Call, r report) (any, error) {
	event, gerr := s.reportTask(c.Caller.AccountID, c.Get("TaskToken"), r)
	if gerr != nil {
		return nil, gerr
	}
	return map[string]any{"EventId": event}, nil
}
