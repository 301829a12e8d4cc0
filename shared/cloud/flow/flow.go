// Package flow drives CloudFlow: it deploys flows, starts and follows executions, and answers waiting tasks
// (cloudflow.md §3).
//
// Start at [New]. Starting an execution is idempotent by its name. Inputs and outputs are JSON text; task tokens are
// secrets.
package flow

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Client calls CloudFlow in the region of its openapi client. It is safe for concurrent use.
type Client struct{ api *openapi.Client }

// New returns a client.
func New(api *openapi.Client) *Client { return &Client{api} }

func (c *Client) request(action, resource string) openapi.Request {
	return openapi.Request{Product: "fnf", Version: "2019-03-15", Action: action, Resource: resource, Host: c.api.Region() + ".fnf.aliyuncs.com"}
}

// write calls an operation with its parameters in the body.
func (c *Client) write(ctx context.Context, action, resource string, form map[string]string, out any) error {
	r := c.request(action, resource)
	r.Form = drop(form)
	return c.api.Do(ctx, r, out)
}

// read calls an operation with its parameters in the query.
func (c *Client) read(ctx context.Context, action, resource string, query map[string]string, out any) error {
	r := c.request(action, resource)
	r.Method, r.Query = http.MethodGet, drop(query)
	return c.api.Do(ctx, r, out)
}

// drop removes empty parameters: they are absent, not empty.
func drop(q map[string]string) map[string]string {
	for k, v := range q {
		if v == "" {
			delete(q, k)
		}
	}
	return q
}

// Flow is a deployed flow.
type Flow struct {
	ID          string `json:"Id"`
	Name        string `json:"Name"`
	Definition  string `json:"Definition"`
	Description string `json:"Description"`
	RoleARN     string `json:"RoleArn"`
}

// CreateFlow deploys a flow of standard mode. Kinds: Conflict when the name is taken, Invalid for a malformed definition.
func (c *Client) CreateFlow(ctx context.Context, name, definition, description, roleARN string) (Flow, error) {
	var out Flow
	err := c.write(ctx, "CreateFlow", "flow/"+name, flowForm(name, definition, description, roleARN), &out)
	return out, err
}

// UpdateFlow replaces a flow. Running executions keep the definition that they started with. Kinds: NotFound, Invalid.
func (c *Client) UpdateFlow(ctx context.Context, name, definition, description, roleARN string) (Flow, error) {
	var out Flow
	err := c.write(ctx, "UpdateFlow", "flow/"+name, flowForm(name, definition, description, roleARN), &out)
	return out, err
}

// DescribeFlow reads a deployed flow. Kinds: NotFound, Denied.
func (c *Client) DescribeFlow(ctx context.Context, name string) (Flow, error) {
	var out Flow
	err := c.read(ctx, "DescribeFlow", "flow/"+name, map[string]string{"Name": name}, &out)
	return out, err
}

func flowForm(name, definition, description, roleARN string) map[string]string {
	return map[string]string{"Name": name, "Definition": definition, "Description": description, "Type": "FDL", "RoleArn": roleARN}
}

// The states of an execution.
const (
	Starting  = "Starting"
	Running   = "Running"
	Stopped   = "Stopped"
	Succeeded = "Succeeded"
	Failed    = "Failed"
	TimedOut  = "TimedOut"
)

// Execution is one run of a flow.
type Execution struct {
	Flow      string `json:"FlowName"`
	Name      string `json:"Name"`
	Status    string `json:"Status"` // may be empty right after the start
	Input     string `json:"Input"`  // JSON text
	Output    string `json:"Output"` // JSON text
	StartedAt string `json:"StartedTime"`
	StoppedAt string `json:"StoppedTime"`
}

// Ended tells whether the execution is over.
func (e Execution) Ended() bool {
	switch e.Status {
	case Stopped, Succeeded, Failed, TimedOut:
		return true
	default:
		return false
	}
}

// StartExecution starts a flow, once for each name: when an execution of that name runs or has ended, it is returned and
// none is started. It is not checked that its input is the same. Kinds: NotFound, Invalid, Denied.
func (c *Client) StartExecution(ctx context.Context, flow, name, input string) (Execution, error) {
	if name == "" {
		return Execution{}, &soc.Error{
			Kind: soc.Invalid, Op: "StartExecution", Account: c.api.Account(), Resource: "flow/" + flow,
			Err: errors.New("an execution needs a name"), Next: "derive the name from what is to be done, so that doing it twice starts it once",
		}
	}
	var out Execution
	err := c.write(ctx, "StartExecution", "flow/"+flow, map[string]string{"FlowName": flow, "ExecutionName": name, "Input": input}, &out)
	if openapi.Code(err) == "ExecutionAlreadyExists" {
		return c.DescribeExecution(ctx, flow, name, 0)
	}
	return out, err
}

// DescribeExecution returns an execution. wait > 0 lets the service hold the answer until the execution ends, up to 60 s;
// the client's time-out of an attempt must be longer. Kinds: NotFound.
func (c *Client) DescribeExecution(ctx context.Context, flow, name string, wait time.Duration) (Execution, error) {
	q := map[string]string{"FlowName": flow, "ExecutionName": name}
	if wait > 0 {
		q["WaitTimeSeconds"] = strconv.Itoa(int(wait / time.Second))
	}
	var out Execution
	err := c.read(ctx, "DescribeExecution", "flow/"+flow+"/execution/"+name, q, &out)
	return out, err
}

// StopExecution ends a running execution with an error name and a cause. When it has ended already, that is success.
func (c *Client) StopExecution(ctx context.Context, flow, name, errorName, cause string) error {
	err := c.write(ctx, "StopExecution", "flow/"+flow+"/execution/"+name,
		map[string]string{"FlowName": flow, "ExecutionName": name, "Error": errorName, "Cause": cause}, nil)
	if openapi.Code(err) == "ExecutionAlreadyCompleted" {
		return nil
	}
	return err
}

// ListFilter narrows [Client.ListExecutions]; zero values do not.
type ListFilter struct {
	NamePrefix string
	Status     string
	Max        int // most executions to return; 0 = 99, one page
}

// ListExecutions returns executions of a flow, in the service's order.
func (c *Client) ListExecutions(ctx context.Context, flow string, f ListFilter) ([]Execution, error) {
	const page = 99
	if f.Max == 0 {
		f.Max = page
	}
	var all []Execution
	for token := ""; ; {
		var out struct {
			Executions []Execution
			NextToken  string
		}
		err := c.read(ctx, "ListExecutions", "flow/"+flow, map[string]string{
			"FlowName": flow, "ExecutionNamePrefix": f.NamePrefix,
			"Status": f.Status, "NextToken": token, "Limit": strconv.Itoa(min(page, f.Max-len(all))),
		}, &out)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Executions...)
		if out.NextToken == "" || out.NextToken == token || len(all) >= f.Max {
			return all, nil
		}
		token = out.NextToken
	}
}

// Event is one event of an execution's history. Detail is JSON text whose content the service does not document: show it,
// do not decide on it.
type Event struct {
	ID         int64  `json:"EventId"`
	CausedBy   int64  `json:"ScheduleEventId"`
	Type       string `json:"Type"` // StepEntered, TaskFailed, …
	Step       string `json:"StepName"`
	Time       string `json:"Time"`
	DetailJSON string `json:"EventDetail"`
}

// GetExecutionHistory returns all events of an execution, in order.
func (c *Client) GetExecutionHistory(ctx context.Context, flow, name string) ([]Event, error) {
	var all []Event
	for token := ""; ; {
		var out struct {
			Events    []Event
			NextToken string
		}
		err := c.read(ctx, "GetExecutionHistory", "flow/"+flow+"/execution/"+name,
			map[string]string{"FlowName": flow, "ExecutionName": name, "NextToken": token, "Limit": "999"}, &out)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Events...)
		if out.NextToken == "" || out.NextToken == token {
			return all, nil
		}
		token = out.NextToken
	}
}

// ReportTaskSucceeded answers a task that waits for a callback; output is JSON text. The token is a secret.
func (c *Client) ReportTaskSucceeded(ctx context.Context, token, output string) error {
	return c.report(ctx, "ReportTaskSucceeded", token, map[string]string{"Output": output})
}

// ReportTaskFailed fails a task that waits for a callback, with an error name of 1–128 characters that the flow can catch.
func (c *Client) ReportTaskFailed(ctx context.Context, token, errorName, cause string) error {
	return c.report(ctx, "ReportTaskFailed", token, map[string]string{"Error": errorName, "Cause": cause})
}

func (c *Client) report(ctx context.Context, action, token string, form map[string]string) error {
	r := c.request(action, "")
	r.Query, r.Form = map[string]string{"TaskToken": token}, drop(form)
	return c.api.Do(ctx, r, nil)
}
