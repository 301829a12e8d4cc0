package cloudflow

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// API calls operations of the other products of this cloud, for tasks such as ECS:DescribeInstances. Do checks that the
// caller may.
type API interface {
	// Versions lists the versions of a product that have an operation, oldest first; none when there is no such operation.
	// Products are compared without regard to case.
	Versions(product, action string) []string
	Do(ctx context.Context, caller auth.Caller, version, action string, params map[string]string) (map[string]any, *gateway.Error)
}

// absentServices are services that the language has actions for and that this cloud does not have, by the first part of
// the action.
var absentServices = map[string]string{
	"mns": "Message Service", "eventbridge": "EventBridge", "oss": "Object Storage Service", "sms": "Short Message Service", "dysmsapi": "Short Message Service",
}

// ownActions are those whose parameters the language itself defines.
var ownActions = map[string][]string{
	"FC:InvokeFunction":  {RequestComplete, WaitForSystemCallback, WaitForCustomCallback},
	"FNF:StartExecution": {RequestComplete, WaitForSystemCallback, WaitForCustomCallback},
	"HTTP:Request":       {RequestComplete, WaitForCustomCallback},
}

// action is what a Task names.
type action struct {
	product, operation string
	modes              []string
	own                bool // not an OpenAPI action
}

// parseAction reads {product}:{operation}. A service that is not here is refused by its name.
func parseAction(text string) (action, error) {
	product, operation, ok := strings.Cut(text, ":")
	if !ok || product == "" || operation == "" || strings.Contains(operation, ":") {
		return action{}, fmt.Errorf("action %q is not {product}:{operation}", text)
	}
	if modes := ownActions[text]; modes != nil {
		return action{product, operation, modes, true}, nil
	}
	if name := absentServices[strings.ToLower(product)]; name != "" {
		return action{}, fmt.Errorf("action %q is not emulated: this cloud has no %s that flows can call", text, name)
	}
	return action{product, operation, []string{RequestComplete}, false}, nil
}

// openAPI calls an operation of another product with the execution role. Requests and answers pass unchanged; the answer
// is the task's output.
func (x *execution) openAPI(ctx context.Context, f *frame, params map[string]any) (any, *flowError) {
	a, err := parseAction(f.st.Action)
	if err != nil {
		return nil, failf("ActionNotSupported", "%s: %v", f.st.Name, err)
	}
	versions := x.service.versions(a)
	if len(versions) == 0 {
		return nil, failf("ActionNotSupported", "%s: this cloud has no operation %s", f.st.Name, f.st.Action)
	}
	as := x.service.assume
	plain, err := as.APIParameters(params)
	if err != nil {
		return nil, failf("InvalidArgument", "%s: %v", f.st.Name, err)
	}
	if plain["RegionId"] == "" {
		plain["RegionId"] = as.APIRegion(x.service.region)
	}
	caller, ferr := x.role(ctx)
	if ferr != nil {
		return nil, ferr
	}
	out, gerr := x.service.products.Do(ctx, caller, as.APIVersion(versions), a.operation, plain)
	switch {
	case ctx.Err() != nil:
		return nil, failf(errAborted, "the execution ended")
	case gerr != nil:
		return nil, failf(as.APIErrorName(a.product, gerr.Code), "%s", gerr.Message)
	}
	return plainNumbers(out)
}

// versions lists the versions that have an operation.
func (s *Service) versions(a action) []string {
	if s.products == nil {
		return nil
	}
	return s.products.Versions(a.product, a.operation)
}

// plainNumbers gives an answer the types that expressions work on.
func plainNumbers(v map[string]any) (any, *flowError) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, failf("InternalServerError", "encode the answer: %v", err)
	}
	out, err := decode(b)
	if err != nil {
		return nil, failf("InternalServerError", "decode the answer: %v", err)
	}
	return out, nil
}

// checkActions finds OpenAPI actions that this cloud does not have.
func (s *Service) checkActions(d *Definition) []Problem {
	c := &checker{}
	d.Scope.each(func(st *State) {
		if a, err := parseAction(st.Action); st.Type == Task && err == nil && !a.own && len(s.versions(a)) == 0 {
			c.add(st.place("Action"), "action %q of %s is not emulated: this cloud has no such operation", st.Action, st.Name)
		}
	})
	return c.problems
}
