package ros

import (
	"cmp"
	"context"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

type handler = func(context.Context, *gateway.Call) (any, error)

// Register adds the operations to the gateway.
func (s *Service) Register(g *gateway.Gateway) {
	ops := map[string]gateway.Operation{}
	for action, h := range map[string]handler{
		"CreateStack": s.handleCreate, "UpdateStack": s.handleUpdate, "DeleteStack": s.handleDelete,
		"GetStack": s.handleGet, "ListStacks": s.handleList, "ListStackResources": s.handleResources, "GetTemplate": s.handleTemplate,
	} {
		ops[action] = operation(action, "stack", "StackId", h)
	}
	for action, h := range map[string]handler{
		"CreateStackGroup": s.once(s.handleCreateGroup), "UpdateStackGroup": s.once(s.inGroup(s.updateGroup)), "DeleteStackGroup": s.handleDeleteGroup,
		"GetStackGroup": s.handleGetGroup, "ListStackGroups": s.handleListGroups,
		"CreateStackInstances": s.once(s.inGroup(s.createInstances)), "UpdateStackInstances": s.once(s.inGroup(s.updateInstances)),
		"DeleteStackInstances": s.once(s.inGroup(s.deleteInstances)), "GetStackInstance": s.handleGetInstance, "ListStackInstances": s.handleListInstances,
		"ListStackGroupOperations": s.handleListOperations,
	} {
		ops[action] = operation(action, "stackgroup", "StackGroupName", h)
	}
	for action, h := range map[string]handler{
		"GetStackGroupOperation": s.handleGetOperation, "StopStackGroupOperation": s.handleStopOperation,
		"ListStackGroupOperationResults": s.handleOperationResults,
	} {
		ops[action] = operation(action, "stackgroupoperation", "OperationId", h)
	}
	g.Register("ROS", "2019-09-10", ops)
}

// operation asks for ros:<action> on acs:ros:<region>:<account>:<kind>/<what the parameter names>.
//
// Assumption: stack groups are resources of the kind stackgroup, named by their name.
func operation(action, kind, parameter string, h handler) gateway.Operation {
	return gateway.Operation{
		Permissions: func(c *gateway.Call) []gateway.Permission {
			id := cmp.Or(c.Get(parameter), "*")
			return []gateway.Permission{{Action: "ros:" + action, Resource: "acs:ros:" + c.Get("RegionId") + ":" + c.Caller.AccountID + ":" + kind + "/" + id}}
		},
		Denied: deniedCode(),
		Handle: h,
	}
}

// once answers a request with a ClientToken that was answered before with the same answer, and does nothing.
func (s *Service) once(h handler) handler {
	return func(ctx context.Context, c *gateway.Call) (any, error) {
		token := c.Get("ClientToken")
		if token == "" {
			return h(ctx, c)
		}
		key := c.Caller.AccountID + "/" + c.Action + "/" + token
		s.mu.Lock()
		answer, ok := s.tokens[key]
		s.mu.Unlock()
		if ok {
			return answer, nil
		}
		out, err := h(ctx, c)
		if v, ok := out.(view); ok && err == nil {
			s.mu.Lock()
			s.tokens[key] = v
			s.mu.Unlock()
		}
		return out, err
	}
}

// deniedCode is the error code of a denied call.
//
// Assumption: NoPermission; ROS is named in neither list of the accounts sheet, section 1.8.
func deniedCode() string { return "NoPermission" }

func (s *Service) env(c *gateway.Call) env {
	return env{invoker: s.o.Invoker, logs: s.o.Logs, caller: c.Caller, region: c.Get("RegionId")}
}

// readParameters reads Parameters.N.ParameterKey and Parameters.N.ParameterValue.
func readParameters(c *gateway.Call) []parameterValue { return readPairs(c, "Parameters") }

// readList reads name.1, name.2, …
func readList(c *gateway.Call, name string) []string {
	var out []string
	for n := 1; ; n++ {
		v := c.Get(name + "." + strconv.Itoa(n))
		if v == "" {
			return out
		}
		out = append(out, v)
	}
}

// templateBody refuses templates that are not in the request itself.
func templateBody(c *gateway.Call) (string, error) {
	for _, other := range []string{"TemplateURL", "TemplateId", "TemplateScratchId"} {
		if c.Get(other) != "" {
			return "", invalid(other, "the emulator only takes TemplateBody")
		}
	}
	return c.Get("TemplateBody"), nil
}
