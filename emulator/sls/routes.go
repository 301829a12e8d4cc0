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
	anonymous    bool   // no signature is asked for
	needsProject bool
	handle       func(*call) error
}

var table = routes()

// routes names every call with its action.
//
// Assumption: the actions of projects, shards, indexes, saved searches, alerts and jobs are named as their calls, on the
// object or, for lists, on all of its kind. Those of the data calls and of Logstores are documented.
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
		{name: "GetLogs", method: "GET", pattern: "/logstores/{n}", param: "type", values: logs, action: "log:GetLogStoreLogs", handle: searching((*call).getLogsV1)},
		{name: "GetHistograms", method: "GET", pattern: "/logstores/{n}", param: "type", values: []string{"histogram"}, action: "log:GetLogStoreHistogram", handle: searching((*call).getHistograms)},
		{name: "GetLogStore", method: "GET", pattern: "/logstores/{n}", param: "type", values: []string{""}, action: "log:GetLogStore", handle: (*call).getLogstore},
		{name: "UpdateLogStore", method: "PUT", pattern: "/logstores/{n}", action: "log:UpdateLogStore", handle: (*call).updateLogstore},
		{name: "DeleteLogStore", method: "DELETE", pattern: "/logstores/{n}", action: "log:DeleteLogStore", handle: (*call).deleteLogstore},
		{name: "GetContextLogs", method: "GET", pattern: "/logstores/{n}", param: "type", values: []string{"context_log"}, action: "log:GetLogStoreContextLogs", handle: searching((*call).getContextLogs)},
		{name: "GetLogsV2", method: "POST", pattern: "/logstores/{n}/logs", action: "log:GetLogStoreLogs", handle: searching((*call).getLogsV2)},

		{name: "GetProjectLogs", method: "GET", pattern: "/logs", action: "log:GetLogStoreLogs", handle: searching((*call).getProjectLogs)},

		{name: "PutLogs", method: "POST", pattern: "/logstores/{n}", action: "log:PostLogStoreLogs", handle: (*call).putLogs},
		{name: "PutLogs", method: "POST", pattern: "/logstores/{n}/shards/lb", action: "log:PostLogStoreLogs", handle: (*call).putLogs},
		{name: "PutLogs", method: "POST", pattern: "/logstores/{n}/shards/route", action: "log:PostLogStoreLogs", handle: (*call).putLogsByKey},
		{name: "PutLogs", method: "POST", pattern: "/prometheus/{p}/{n}/api/v1/write", action: "log:PostLogStoreLogs", handle: (*call).putLogs},

		{name: "GetHistograms", method: "GET", pattern: "/logstores/{n}/index", param: "type", values: []string{"histogram"}, action: "log:GetLogStoreHistogram", handle: searching((*call).getHistograms)},
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

		{name: "PutWebtracking", method: "GET", pattern: "/logstores/{n}/track", anonymous: true, handle: (*call).track},
		{name: "PutWebtracking", method: "GET", pattern: "/logstores/{n}/track.gif", anonymous: true, handle: (*call).track},
		{name: "PutWebtracking", method: "GET", pattern: "/logstores/{n}/track_ua.gif", anonymous: true, handle: (*call).track},
		{name: "PutWebtracking", method: "POST", pattern: "/logstores/{n}/track", anonymous: true, handle: (*call).putWebtracking},
		{name: "PutWebtracking", method: "OPTIONS", pattern: "/logstores/{n}/track", anonymous: true, handle: (*call).preflight},

		{name: "CreateSavedSearch", method: "POST", pattern: "/savedsearches", action: "log:CreateSavedSearch", handle: (*call).createSavedSearch},
		{name: "ListSavedSearch", method: "GET", pattern: "/savedsearches", action: "log:ListSavedSearch", handle: (*call).listSavedSearches},
		{name: "GetSavedSearch", method: "GET", pattern: "/savedsearches/{s}", action: "log:GetSavedSearch", handle: (*call).getSavedSearch},
		{name: "UpdateSavedSearch", method: "PUT", pattern: "/savedsearches/{s}", action: "log:UpdateSavedSearch", handle: (*call).updateSavedSearch},
		{name: "DeleteSavedSearch", method: "DELETE", pattern: "/savedsearches/{s}", action: "log:DeleteSavedSearch", handle: (*call).deleteSavedSearch},

		{name: "CreateAlert", method: "POST", pattern: "/alerts", action: "log:CreateAlert", handle: (*call).createAlert},
		{name: "ListAlerts", method: "GET", pattern: "/alerts", action: "log:ListAlerts", handle: (*call).listAlerts},
		{name: "GetAlert", method: "GET", pattern: "/alerts/{a}", action: "log:GetAlert", handle: (*call).getAlert},
		{name: "EnableAlert", method: "PUT", pattern: "/alerts/{a}", param: "action", values: []string{"enable"}, action: "log:EnableAlert", handle: (*call).enableAlert},
		{name: "DisableAlert", method: "PUT", pattern: "/alerts/{a}", param: "action", values: []string{"disable"}, action: "log:DisableAlert", handle: (*call).disableAlert},
		{name: "UpdateAlert", method: "PUT", pattern: "/alerts/{a}", param: "action", values: []string{""}, action: "log:UpdateAlert", handle: (*call).updateAlert},
		{name: "DeleteAlert", method: "DELETE", pattern: "/alerts/{a}", action: "log:DeleteAlert", handle: (*call).deleteAlert},
		{name: "CreateJob", method: "POST", pattern: "/jobs", action: "log:CreateJob", handle: (*call).createAlert},
		{name: "ListJobs", method: "GET", pattern: "/jobs", action: "log:ListJobs", handle: (*call).listAlerts},
		{name: "GetJob", method: "GET", pattern: "/jobs/{a}", action: "log:GetJob", handle: (*call).getAlert},
		{name: "EnableJob", method: "PUT", pattern: "/jobs/{a}", param: "action", values: []string{"enable"}, action: "log:EnableJob", handle: (*call).enableAlert},
		{name: "DisableJob", method: "PUT", pattern: "/jobs/{a}", param: "action", values: []string{"disable"}, action: "log:DisableJob", handle: (*call).disableAlert},
		{name: "UpdateJob", method: "PUT", pattern: "/jobs/{a}", param: "action", values: []string{""}, action: "log:UpdateJob", handle: (*call).updateAlert},
		{name: "DeleteJob", method: "DELETE", pattern: "/jobs/{a}", action: "log:DeleteJob", handle: (*call).deleteAlert},

		{name: "PullLogs", method: "HEAD", pattern: "/logstores/{n}/shards/{id}", param: "type", values: logs, action: "log:GetCursorOrData", handle: (*call).pullLogs},
	}
	for i := range list {
		first, _, _ := strings.Cut(strings.TrimPrefix(list[i].pattern, "/"), "/")
		list[i].needsProject = slices.Contains([]string{"logstores", "logs", "savedsearches", "alerts", "jobs"}, first) || list[i].method == "PUT"
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
	if r, vars := find(table, method, path, query); r != nil {
		return r, vars, nil
	}
	return nil, nil, notOffered(method, path, query)
}

// find is the first route of a table that a request fits, and the variables of its path.
func find(table []route, method, path string, query url.Values) (*route, map[string]string) {
	for i := range table {
		r := &table[i]
		if r.method != method || r.param != "" && !slices.Contains(r.values, query.Get(r.param)) {
			continue
		}
		if vars, ok := matchPath(r.pattern, path); ok {
			return r, vars
		}
	}
	return nil, nil
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
