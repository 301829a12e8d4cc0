package ros

import (
	"context"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Register adds the operations to the gateway.
func (s *Service) Register(g *gateway.Gateway) {
	ops := map[string]gateway.Operation{}
	for action, h := range map[string]func(context.Context, *gateway.Call) (any, error){
		"CreateStack": s.handleCreate, "UpdateStack": s.handleUpdate, "DeleteStack": s.handleDelete,
		"GetStack": s.handleGet, "ListStacks": s.handleList, "ListStackResources": s.handleResources, "GetTemplate": s.handleTemplate,
		"CreateStackGroup": s.handleCreateGroup, "CreateStackInstances": s.handleCreateInstances,
		"GetStackGroupOperation": s.handleGetOperation, "ListStackInstances": s.handleListInstances,
	} {
		ops[action] = gateway.Operation{
			Permissions: func(c *gateway.Call) []gateway.Permission {
				id := c.Get("StackId")
				if id == "" {
					id = "*"
				}
				arn := "acs:ros:" + c.Get("RegionId") + ":" + c.Caller.AccountID + ":stack/" + id
				return []gateway.Permission{{Action: "ros:" + action, Resource: arn}}
			},
			Denied: deniedCode(),
			Handle: h,
		}
	}
	g.Register("ROS", "2019-09-10", ops)
}

// deniedCode is the error code of a denied call.
//
// Assumption: NoPermission; ROS is named in neither list of the accounts sheet, section 1.8.
func deniedCode() string { return "NoPermission" }

func (s *Service) env(c *gateway.Call) env {
	return env{invoker: s.o.Invoker, logs: s.o.Logs, caller: c.Caller, region: c.Get("RegionId")}
}

// readParameters reads Parameters.N.ParameterKey and Parameters.N.ParameterValue.
func readParameters(c *gateway.Call) []parameterValue {
	var out []parameterValue
	for n := 1; ; n++ {
		prefix := "Parameters." + strconv.Itoa(n) + "."
		key := c.Get(prefix + "ParameterKey")
		if key == "" {
			return out
		}
		out = append(out, parameterValue{key, c.Get(prefix + "ParameterValue")})
	}
}

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
