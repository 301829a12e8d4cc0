package cloudflow

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// How an invocation is made.
const (
	InvokeSync  = "Sync"
	InvokeAsync = "Async"      // accepted is enough
	InvokeUntil = "AsyncUntil" // asynchronous, and wait for its end
)

// Invocation asks Function Compute to run a function.
type Invocation struct {
	Caller    auth.Caller // the execution role's session
	AccountID string
	Function  string
	Qualifier string
	Type      string // InvokeSync, InvokeAsync, InvokeUntil
	Payload   []byte
}

// InvocationResult is what Function Compute answered. Code is its error code when it did not accept the request;
// ErrorType is set when the function's own code failed.
type InvocationResult struct {
	Code, Message string
	ErrorType     string
	Body          []byte
}

// Invoker runs functions. It checks that the caller may.
type Invoker interface {
	InvokeFunction(ctx context.Context, in Invocation) InvocationResult
}

type functionARN struct{ region, account, name, qualifier string }

// parseFunctionARN reads acs:fc:{region}:{account}:functions/{function}/{qualifier}.
func parseFunctionARN(arn string) (functionARN, error) {
	p := strings.SplitN(arn, ":", 5)
	if len(p) != 5 || p[0] != "acs" || p[1] != "fc" {
		return functionARN{}, fmt.Errorf("%q is not acs:fc:{region}:{account}:functions/{function}/{qualifier}", arn)
	}
	q := strings.Split(p[4], "/")
	if len(q) != 3 || q[0] != "functions" || q[1] == "" || q[2] == "" {
		return functionARN{}, fmt.Errorf("%q names no function and qualifier", arn)
	}
	return functionARN{p[2], p[3], q[1], q[2]}, nil
}

type flowARN struct{ region, account, name string }

// parseFlowARN reads acs:fnf:{region}:{account}:flow/{name}.
func parseFlowARN(arn string) (flowARN, error) {
	p := strings.SplitN(arn, ":", 5)
	if len(p) != 5 || p[0] != "acs" || p[1] != "fnf" {
		return flowARN{}, fmt.Errorf("%q is not acs:fnf:{region}::flow/{name}", arn)
	}
	flow, ok := strings.CutPrefix(p[4], "flow/")
	if !ok || flow == "" {
		return flowARN{}, fmt.Errorf("%q names no flow", arn)
	}
	return flowARN{p[2], p[3], flow}, nil
}

// task runs a Task once, within its Timeout.
func (x *execution) task(ctx context.Context, t *trail, f *frame) (any, *flowError) {
	v, err := x.value(f, f.st.Timeout)
	if err != nil {
		return nil, failf(errExpression, "Timeout of %s: %v", f.st.Name, err)
	}
	seconds, err := timeoutSeconds(v)
	if err != nil {
		return nil, failf(errExpression, "Timeout of %s: %v", f.st.Name, err)
	}
	if seconds > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer cancel()
		out, ferr := x.act(limited, t, f)
		if ferr != nil && errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
			t.event("TaskTimedOut", f.st.Name, nil)
			return nil, failf(errTimeout, "%s did not end within %d seconds", f.st.Name, seconds)
		}
		return out, ferr
	}
	return x.act(ctx, t, f)
}

// timeoutSeconds reads a Timeout, 0 when there is none. The documentation gives it as text in one table and as a number in
// the examples.
func timeoutSeconds(v any) (int, error) {
	n, ok := 0, true
	switch v := v.(type) {
	case nil:
	case string:
		var err error
		n, err = strconv.Atoi(v)
		ok = err == nil
	default:
		n, ok = asInt(v)
	}
	if !ok || n < 0 || n > maxTimeout {
		return 0, fmt.Errorf("it is %v; 0 to %d seconds are allowed", v, maxTimeout)
	}
	return n, nil
}

// maxTimeout is the longest Timeout of a task, in seconds.
const maxTimeout = 604800

// act does what a task says: it submits the work, and waits for the callback where the mode says so.
func (x *execution) act(ctx context.Context, t *trail, f *frame) (any, *flowError) {
	var wait *waiting
	if f.st.Mode == WaitForCustomCallback {
		f.token, wait = x.service.newToken(x, t, f.st.Name)
		defer x.service.release(f.token)
	}
	params, err := x.parameters(f)
	if err != nil {
		return nil, err
	}
	t.event("TaskScheduled", f.st.Name, nil)
	t.event("TaskStarted", f.st.Name, nil)
	out, err := x.submit(ctx, f, params)
	if err != nil {
		event := "TaskFailed"
		if wait != nil {
			event = "TaskSubmitFailed"
		}
		if err.code != errAborted { // what ended it tells more
			t.event(event, f.st.Name, map[string]any{"code": err.code, "detail": err.detail})
		}
		return nil, err
	}
	if wait == nil {
		t.event("TaskSucceeded", f.st.Name, nil)
		return out, nil
	}
	wait.submitted()
	select {
	case <-ctx.Done():
	case r := <-wait.answer:
		return r.output, r.err
	}
	x.service.release(f.token)
	select {
	case r := <-wait.answer: // it came just before the end, and the caller was told so
		return r.output, r.err
	default:
		return nil, failf(errAborted, "the execution ended")
	}
}

// parameters builds the parameters of a task.
//
// Assumption: a task of a flow without RoleArn fails with AccessDenied when it comes to it, whatever it calls.
func (x *execution) parameters(f *frame) (map[string]any, *flowError) {
	if x.roleARN == "" {
		return nil, failf("AccessDenied", "the flow has no RoleArn, and %s needs one", f.st.Action)
	}
	params := map[string]any{}
	if f.st.Parameters != nil {
		p, err := f.st.Parameters.build(x.roots(f, false))
		if err != nil {
			return nil, failf(errExpression, "Parameters of %s: %v", f.st.Name, err)
		}
		params = p
	}
	if takes, own := ownParameters[f.st.Action]; own {
		for name := range params {
			if err := takes.unknown(name); err != nil {
				return nil, failf("InvalidArgument", "%s: %v", f.st.Name, err)
			}
		}
	}
	return params, nil
}

func (x *execution) submit(ctx context.Context, f *frame, params map[string]any) (any, *flowError) {
	switch f.st.Action {
	case "FNF:StartExecution":
		return x.startChild(ctx, f, params)
	case "HTTP:Request":
		return x.request(ctx, f, params)
	case "FC:InvokeFunction":
		return x.invoke(ctx, f, params)
	}
	return x.openAPI(ctx, f, params)
}

// invoke runs a function.
//
// Assumption: functions of other accounts and regions, and parameters beside resourceArn, invocationType and body are refused, as
// InvalidArgument.
func (x *execution) invoke(ctx context.Context, f *frame, params map[string]any) (any, *flowError) {
	arn, _ := params["resourceArn"].(string)
	target, err := parseFunctionARN(arn)
	if err != nil {
		return nil, failf("InvalidArgument", "%s: %v", f.st.Name, err)
	}
	if !x.own(target.region, target.account) {
		return nil, failf("InvalidArgument", "%s: a flow invokes functions of its own account and region only", f.st.Name)
	}
	typ, _ := params["invocationType"].(string)
	if typ != InvokeSync && typ != InvokeAsync {
		return nil, failf("InvalidArgument", "%s: invocationType is %q; it is Sync or Async", f.st.Name, typ)
	}
	if f.st.Mode == WaitForSystemCallback && typ == InvokeAsync {
		typ = InvokeUntil
	}
	payload, err := encodeBody(params["body"])
	if err != nil {
		return nil, failf("InvalidArgument", "%s: %v", f.st.Name, err)
	}
	caller, ferr := x.role(ctx)
	if ferr != nil {
		return nil, ferr
	}
	res := x.service.invoker.InvokeFunction(ctx, Invocation{
		Caller: caller, AccountID: x.account, Function: target.name,
		Qualifier: target.qualifier, Type: typ, Payload: payload,
	})
	switch {
	case ctx.Err() != nil:
		return nil, failf(errAborted, "the execution ended")
	case res.Code != "":
		return nil, failf("FC."+res.Code, "%s", res.Message)
	case res.ErrorType != "":
		return nil, failf(x.service.assume.FunctionErrorName(res.ErrorType), "%s", res.Body)
	case typ == InvokeAsync:
		return x.service.assume.AsyncOutput(), nil
	}
	return x.service.assume.FunctionOutput(res.Body), nil
}

// own tells whether the region and account of an ARN, each of which may be empty, are the flow's own.
func (x *execution) own(region, account string) bool {
	return (region == "" || region == x.service.region) && (account == "" || account == x.account)
}

func encodeBody(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(v), nil
	case map[string]any:
		return encode(v)
	}
	return nil, fmt.Errorf("body is %s, and it must be an object or text", typeName(v))
}

// role is the session of the execution role; it lasts longer than any flow of this emulator waits between two uses.
func (x *execution) role(ctx context.Context) (auth.Caller, *flowError) {
	caller, _, err := x.service.roles.AssumeServiceRole(ctx, x.roleARN, "fnf.aliyuncs.com", sessionName(x.name), time.Hour)
	if err != nil {
		return auth.Caller{}, failf("AccessDenied", "assume execution role %s: %v", x.roleARN, err)
	}
	return caller, nil
}

func sessionName(execution string) string {
	if len(execution) > 32 {
		return execution[:32]
	}
	return execution
}

// startChild starts another flow.
//
// Assumption: WaitForSystemCallback fails with FNF.ExecutionFailed when the child did not succeed; childOutput says what
// it leaves otherwise. Parameters beside resourceArn, executionName and input are refused, and so are flows of other
// accounts and regions.
func (x *execution) startChild(ctx context.Context, f *frame, params map[string]any) (any, *flowError) {
	flow, name, text, err := x.childOf(params)
	if err != nil {
		return nil, failf("InvalidArgument", "%s: %v", f.st.Name, err)
	}
	caller, ferr := x.role(ctx)
	if ferr != nil {
		return nil, ferr
	}
	child, gerr := x.service.startAs(ctx, caller, x.account, flow, name, text)
	if gerr != nil {
		return nil, failf(gerr.Code, "%s", gerr.Message)
	}
	if f.st.Mode == WaitForSystemCallback {
		select {
		case <-ctx.Done():
			return nil, failf(errAborted, "the execution ended")
		case <-child.done:
		}
		if s := child.view(); s.Status != "Succeeded" {
			return nil, failf("FNF.ExecutionFailed", "execution %s of %s ended as %s", child.name, flow, s.Status)
		}
		return x.service.assume.ChildOutput(flow, child.name, child.requestID, child.view().Output), nil
	}
	return map[string]any{"FlowName": flow, "ExecutionName": child.name, "RequestID": child.requestID}, nil
}

// childOf reads the parameters of FNF:StartExecution.
func (x *execution) childOf(params map[string]any) (flow, name, input string, err error) {
	arn, _ := params["resourceArn"].(string)
	target, err := parseFlowARN(arn)
	switch {
	case err != nil:
		return "", "", "", err
	case !x.own(target.region, target.account):
		return "", "", "", fmt.Errorf("%q: a flow starts flows of its own account and region only", arn)
	}
	name, ok := params["executionName"].(string)
	if !ok && params["executionName"] != nil {
		return "", "", "", fmt.Errorf("executionName is %s, and it must be text", typeName(params["executionName"]))
	}
	object, ok := params["input"].(map[string]any)
	switch {
	case params["input"] == nil:
		return target.name, name, "{}", nil
	case !ok:
		return "", "", "", fmt.Errorf("input is %s, and it must be an object", typeName(params["input"]))
	}
	text, err := encode(object)
	return target.name, name, string(text), err
}
