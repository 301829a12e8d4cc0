package fc

import "slices"

// absent are the documented operations that this service refuses by name.
var absent = []operation{
	{method: "PUT", path: "resource-groups", action: "ChangeResourceGroup"},
	{method: "POST", path: "functions/{f}/sessions", action: "CreateSession"},
	{method: "GET", path: "functions/{f}/sessions", action: "ListSessions"},
	{method: "GET", path: "functions/{f}/sessions/{t}", action: "GetSession"},
	{method: "PUT", path: "functions/{f}/sessions/{t}", action: "UpdateSession"},
	{method: "DELETE", path: "functions/{f}/sessions/{t}", action: "DeleteSession"},
	{method: "PUT", path: "functions/{f}/sessions/{t}/pause", action: "PauseSession"},
	{method: "PUT", path: "functions/{f}/sessions/{t}/resume", action: "ResumeSession"},
	{method: "POST", path: "functions/{f}/vpc-bindings", action: "CreateVpcBinding"},
	{method: "GET", path: "functions/{f}/vpc-bindings", action: "ListVpcBindings"},
	{method: "DELETE", path: "functions/{f}/vpc-bindings/{t}", action: "DeleteVpcBinding"},
	{method: "GET", path: "functions/{f}/scaling-config", action: "GetScalingConfig"},
	{method: "PUT", path: "functions/{f}/scaling-config", action: "PutScalingConfig"},
	{method: "DELETE", path: "functions/{f}/scaling-config", action: "DeleteScalingConfig"},
	{method: "GET", path: "scaling-configs", action: "ListScalingConfigs"},
	{method: "GET", path: "layers", action: "ListLayers"},
	{method: "POST", path: "layers/{f}/versions", action: "CreateLayerVersion"},
	{method: "GET", path: "layers/{f}/versions", action: "ListLayerVersions"},
	{method: "GET", path: "layers/{f}/versions/{t}", action: "GetLayerVersion"},
	{method: "DELETE", path: "layers/{f}/versions/{t}", action: "DeleteLayerVersion"},
	{method: "PUT", path: "layers/{f}/acl", action: "PutLayerACL"},
	{method: "GET", path: "layerarn/{t}", action: "GetLayerVersionByArn"},
}

// Absent lists the documented operations that are refused by name, as [Routes] lists those that are offered.
func Absent() []string { return list(absent) }

func list(ops []operation) []string {
	var out []string
	for _, op := range ops {
		out = append(out, op.method+" "+prefix+op.path+" "+op.action)
	}
	slices.Sort(out)
	return out
}
