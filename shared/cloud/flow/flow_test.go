package flow

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type object = map[string]any

// expect checks where parameters travelled: writes in the body, reads in the query (cloudflow.md §3.1).
func expect(t *testing.T, c openapitest.Call, method string, form bool, want map[string]string) {
	t.Helper()
	if c.Method != method || c.Version != "2019-03-15" {
		t.Errorf("%s: %s %s", c.Action, c.Method, c.Version)
	}
	for k, v := range want {
		if c.Get(k) != v || form != c.Form.Has(k) {
			t.Errorf("%s: %s = %q (in the body: %v), want %q (%v)", c.Action, k, c.Get(k), c.Form.Has(k), v, form)
		}
	}
}

func TestFlows(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		expect(t, call, "POST", true, map[string]string{"Name": "block-ip", "Definition": "Type: StateMachine\n", "Description": "d", "Type": "FDL", "RoleArn": "acs:ram::2:role/fenghuo-flow"})
		if call.Action == "CreateFlow" {
			return openapitest.Error{Status: 409, Code: "FlowAlreadyExists"}
		}
		return object{"Name": "block-ip", "Id": "1"}
	}))
	if _, err := c.CreateFlow(t.Context(), "block-ip", "Type: StateMachine\n", "d", "acs:ram::2:role/fenghuo-flow"); soc.KindOf(err) != soc.Conflict {
		t.Errorf("CreateFlow: %v, want Conflict", err)
	}
	if f, err := c.UpdateFlow(t.Context(), "block-ip", "Type: StateMachine\n", "d", "acs:ram::2:role/fenghuo-flow"); err != nil || f.ID != "1" {
		t.Errorf("UpdateFlow = %v, %v", f, err)
	}
}

func TestStartExecutionIsIdempotent(t *testing.T) {
	t.Parallel()
	starts := 0
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Action {
		case "StartExecution":
			starts++
			expect(t, call, "POST", true, map[string]string{"FlowName": "block-ip", "ExecutionName": "run-1", "Input": `{"a":1}`})
			if starts > 1 {
				return openapitest.Error{Status: 400, Code: "ExecutionAlreadyExists"}
			}
			return object{"Name": "run-1", "Status": ""}
		case "DescribeExecution":
			expect(t, call, "GET", false, map[string]string{"FlowName": "block-ip", "ExecutionName": "run-1"})
			return object{"Name": "run-1", "Status": "Succeeded", "Output": `{}`}
		}
		return nil
	}))
	first, err := c.StartExecution(t.Context(), "block-ip", "run-1", `{"a":1}`)
	if err != nil || first.Ended() {
		t.Errorf("first = %+v, %v", first, err)
	}
	second, err := c.StartExecution(t.Context(), "block-ip", "run-1", `{"a":1}`)
	if err != nil || !second.Ended() || second.Status != Succeeded {
		t.Errorf("second = %+v, %v", second, err)
	}
	if _, err := c.StartExecution(t.Context(), "block-ip", "", "{}"); soc.KindOf(err) != soc.Invalid || starts != 2 {
		t.Errorf("no name: %v, %d starts", err, starts)
	}
}

func TestExecutions(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Action {
		case "DescribeExecution":
			expect(t, call, "GET", false, map[string]string{"WaitTimeSeconds": "5"})
			return openapitest.Error{Status: 404, Code: "ExecutionNotExists"}
		case "StopExecution":
			expect(t, call, "POST", true, map[string]string{"Error": "Stopped", "Cause": "by hand"})
			return openapitest.Error{Status: 400, Code: "ExecutionAlreadyCompleted"}
		case "ListExecutions":
			limit, _ := strconv.Atoi(call.Get("Limit"))
			expect(t, call, "GET", false, map[string]string{"FlowName": "f", "ExecutionNamePrefix": "run-"})
			return object{"Executions": make([]object, limit), "NextToken": call.Get("NextToken") + "x"}
		case "GetExecutionHistory":
			if call.Get("NextToken") == "" {
				return object{"Events": []object{{"EventId": 1, "Type": "ExecutionStarted"}}, "NextToken": "1"}
			}
			return object{"Events": []object{{"EventId": 2, "Type": "StepEntered", "StepName": "plan", "ScheduleEventId": 1}}}
		}
		return nil
	}))
	if _, err := c.DescribeExecution(t.Context(), "f", "e", 5*time.Second); soc.KindOf(err) != soc.NotFound {
		t.Errorf("DescribeExecution: %v", err)
	}
	if err := c.StopExecution(t.Context(), "f", "e", "Stopped", "by hand"); err != nil {
		t.Errorf("StopExecution: %v", err)
	}
	for want, f := range map[int]ListFilter{99: {NamePrefix: "run-"}, 150: {NamePrefix: "run-", Max: 150}} {
		if got, err := c.ListExecutions(t.Context(), "f", f); err != nil || len(got) != want {
			t.Errorf("ListExecutions = %d, %v; want %d", len(got), err, want)
		}
	}
	events, err := c.GetExecutionHistory(t.Context(), "f", "e")
	if diff := cmp.Diff([]Event{{ID: 1, Type: "ExecutionStarted"}, {ID: 2, Type: "StepEntered", Step: "plan", CausedBy: 1}}, events); diff != "" || err != nil {
		t.Errorf("GetExecutionHistory: %v (-want +got):\n%s", err, diff)
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		if call.Form.Has("TaskToken") || call.Get("TaskToken") != "tok" {
			t.Errorf("TaskToken %q must travel in the query", call.Get("TaskToken"))
		}
		if call.Action == "ReportTaskSucceeded" {
			expect(t, call, "POST", true, map[string]string{"Output": `{"ok":true}`})
		} else {
			expect(t, call, "POST", true, map[string]string{"Error": "Rejected", "Cause": "no"})
		}
		return object{"EventId": 7}
	}))
	if err := c.ReportTaskSucceeded(t.Context(), "tok", `{"ok":true}`); err != nil {
		t.Error(err)
	}
	if err := c.ReportTaskFailed(t.Context(), "tok", "Rejected", "no"); err != nil {
		t.Error(err)
	}
}
