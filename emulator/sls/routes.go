package sls

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one call of the API. Routes are tried in order; the first whose method, path and parameter fit wins.
type route struct {
	name    string
	method  string
	pattern string // path; {x} is a variable
	// param and values ask for a query parameter with one of these values; "" asks for nothing.
	param        string
	values       []string
	action       string // RAM action; "" = none is asked for
	needsProject bool
	handle       func(*call) error
}

var table = routes()

// routes names every call with its action.
//
// Assumption: the actions of projects, shards and indexes are named as their calls, on the project or Logstore; the list
// of Logstores is asked for on logstore/*. Those of the data calls and of Logstores are documented.
func routes() []route {
	logs := []string{"log", "logs"}
	list := []route{
		{name: "DescribeRegions", method: "GET", pattern: "/regions", handle: (*call).describeRegions},
		{name: "CreateProject", method: "POST", pattern: "/", action: "log:CreateProject", handle: (*call).createProject},
		{name: "GetProject, ListProject", method: "GET", pattern: "/", handle: (*call).getOrListProjects},
		{name: "UpdateProject", method: "PUT", pattern: "/", action: "log:UpdateProject", handle: (*call).updateProject},
		{name: "DeleteProject", method: "DELETE", pattern: "/", action: "log:DeleteProject", handle: (*call).deleteProject},

		{name: "CreateLogStore", method: "POST", pattern: "/logstores", action: "log:CreateLogStore", handle: (*call).createLogstore},
		{name: "ListLogStores", method: "GET", pattern: "/logstores", action: "log:ListLogStores", handle: (*call).listLogstores},
		{name: "GetLogs", method: "GET", pattern: "/logstores/{n}", param: "type", values: logs, action: "log:GetLogStoreLogs", handle: (*call).getLogsV1},
		{name: "GetHistograms", method: "GET", pattern: "/logstores/{n}", param: "type", values: []string{"histogram"}, action: "log:GetLogStoreHistogram", handle: (*call).getHistograms},
		{name: "GetLogStore", method: "GET", pattern: "/logstores/{n}", param: "type", values: []string{""}, action: "log:GetLogStore", handle: (*call).getLogstore},
		{name: "UpdateLogStore", method: "PUT", pattern: "/logstores/{n}", action: "log:UpdateLogStore", handle: (*call).updateLogstore},
		{name: "DeleteLogStore", method: "DELETE", pattern: "/logstores/{n}", action: "log:DeleteLogStore", handle: (*call).deleteLogstore},
		{name: "GetLogsV2", method: "POST", pattern: "/logstores/{n}/logs", action: "log:GetLogStoreLogs", handle: (*call).getLogsV2},

		{name: "GetProjectLogs", method: "GET", pattern: "/logs", action: "log:GetLogStoreLogs", handle: (*call).getProjectLogs},

		{name: "PutLogs", method: "POST", pattern: "/logstores/{n}", action: "log:PostLogStoreLogs", handle: (*call).putLogs},
		{name: "PutLogs", method: "POST", pattern: "/logstores/{n}/shards/lb", action: "log:PostLogStoreLogs", handle: (*call).putLogs},
		{name: "PutLogs", method: "POST", pattern: "/logstores/{n}/shards/route", action: "log:PostLogStoreLogs", handle: (*call).putLogsByKey},
		{name: "PutLogs", method: "POST", pattern: "/prometheus/{p}/{n}/api/v1/write", action: "log:PostLogStoreLogs", handle: (*call).putLogs},

		{name: "GetHistograms", method: "GET", pattern: "/logstores/{n}/index", param: "type", values: []string{"histogram"}, action: "log:GetLogStoreHistogram", handle: (*call).getHistograms},
		{name: "GetIndex", method: "GET", pattern: "/logstores/{n}/index", action: "log:GetIndex", handle: (*call).getIndex},
		{name: "CreateIndex", method: "POST", pattern: "/logstores/{n}/index", action: "log:CreateIndex", handle: (*call).createIndex},
		{name: "UpdateIndex", method: "PUT", pattern: "/logstores/{n}/index", action: "log:UpdateIndex", handle: (*call).updateIndex},
		{name: "DeleteIndex", method: "DELETE", pattern: "/logstores/{n}/index", action: "log:DeleteIndex", handle: (*call).deleteIndex},

		{name: "ListShards", method: "GET", pattern: "/logstores/{n}/shards", action: "log:ListShards", handle: (*call).listShards},
		{name: "SplitShard", method: "POST", pattern: "/logstores/{n}/shards/{id}", param: "action", values: []string{"split"}, action: "log:SplitShard", handle: (*call).splitShard},
		{name: "MergeShards", method: "POST", pattern: "/logstores/{n}/shards/{id}", param: "action", values: []string{"merge"}, action: "log:MergeShards", handle: (*call).mergeShards},
		{name: "DeleteShard", method: "DELETE", pattern: "/logstores/{n}/shards/{id}", action: "log:DeleteShard", handle: (*call).deleteShard},

		{name: "GetCursor", method: "GET", pattern: "/logstores/{n}/shards/{id}", param: "type", values: []string{"cursor"}, action: "log:GetCursorOrData", handle: (*call).getCursor},
		{name: "GetCursorTime", method: "GET", pattern: "/logstores/{n}/shards/{id}", param: "type", values: []string{"cursor_time"}, action: "log:GetCursorOrData", handle: (*call).getCursorTime},
		{name: "PullLogs", method: "GET", pattern: "/logstores/{n}/shards/{id}", param: "type", values: logs, action: "log:GetCursorOrData", handle: (*call).pullLogs},
		{name: "CreateConsumerGroup", method: "POST", pattern: "/logstores/{n}/consumergroups", action: "log:CreateConsumerGroup", handle: (*call).createConsumerGroup},
		{name: "ListConsumerGroup", method: "GET", pattern: "/logstores/{n}/consumergroups", action: "log:ListConsumerGroup", handle: (*call).listConsumerGroups},
		{name: "UpdateConsumerGroup", method: "PUT", pattern: "/logstores/{n}/consumergroups/{cg}", action: "log:UpdateConsumerGroup", handle: (*call).updateConsumerGroup},
		{name: "DeleteConsumerGroup", method: "DELETE", pattern: "/logstores/{n}/consumergroups/{cg}", action: "log:DeleteConsumerGroup", handle: (*call).deleteConsumerGroup},
		{name: "HeartBeat", method: "POST", pattern: "/logstores/{n}/consumergroups/{cg}", param: "type", values: []string{"heartbeat"}, action: "log:ConsumerGroupHeartBeat", handle: (*call).heartbeat},
		{name: "UpdateCheckPoint", method: "POST", pattern: "/logstores/{n}/consumergroups/{cg}", param: "type", values: []string{"checkpoint"}, action: "log:ConsumerGroupUpdateCheckPoint", handle: (*call).updateCheckpoint},
		{name: "GetCheckPoint", method: "GET", pattern: "/logstores/{n}/consumergroups/{cg}", action: "log:GetConsumerGroupCheckPoint", handle: (*call).getCheckpoints},

		{name: "PullLogs", method: "HEAD", pattern: "/logstores/{n}/shards/{id}", param: "type", values: logs, action: "log:GetCursorOrData", handle: (*call).pullLogs},
	}
	for i := range list {
		list[i].needsProject = strings.HasPrefix(list[i].pattern, "/logs") || list[i].method == "PUT"
	}
	return list
}

// Routes lists the calls that are answered, one a line: name, method, path with the parameter that selects it, action.
func (s *Service) Routes() []string {
	var lines []string
	for _, r := range table {
		path := r.pattern
		if r.param != "" && r.values[0] != "" {
			path += "?" + r.param + "=" + strings.Join(r.values, "|")
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", r.name, r.method, path, r.action)))
	}
	return lines
}

// match finds the route of a request and the variables of its path.
func match(method, path string, query url.Values) (*route, map[string]string, error) {
	if path == "" {
		path = "/"
	}
	for i := range table {
		r := &table[i]
		if r.method != method || r.param != "" && !slices.Contains(r.values, query.Get(r.param)) {
			continue
		}
		if vars, ok := matchPath(r.pattern, path); ok {
			return r, vars, nil
		}
	}
	return nil, nil, notImplementedf("%s %s is not offered here%s", method, path, parameterHint(query))
}

func parameterHint(query url.Values) string {
	for _, p := range []string{"type", "action"} {
		if v := query.Get(p); v != "" {
			return fmt.Sprintf(" with %s=%s", p, v)
		}
	}
	return ""
}

func matchPath(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	var vars map[string]string
	for i, seg := range want {
		if !strings.HasPrefix(seg, "{") {
			if seg != got[i] {
				return nil, false
			}
			continue
		}
		v, err := url.PathUnescape(got[i])
		if err != nil || v == "" {
			return nil, false
		}
		if vars == nil {
			vars = make(map[string]string, 2)
		}
		vars[strings.Trim(seg, "{}")] = v
	}
	return vars, true
}

var _ http.Handler = (*Service)(nil)
