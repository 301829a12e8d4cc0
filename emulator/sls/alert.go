package sls

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// alert is an alert rule, kept and never evaluated. It does not change; an update makes another.
type alert struct {
	fields   map[string]json.RawMessage // as they were written
	enabled  bool
	created  time.Time
	modified time.Time
}

var (
	alertSchedules  = []string{"FixedRate", "Hourly", "Daily", "Weekly", "Cron", "Resident"}
	alertSeverities = []int{2, 4, 6, 8, 10}
)

// alertShape is what is checked of an alert.
type alertShape struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Display  string `json:"displayName"`
	Schedule *struct {
		Type     string `json:"type"`
		Interval string `json:"interval"`
		Cron     string `json:"cronExpression"`
	} `json:"schedule"`
	Configuration *struct {
		QueryList []struct {
			StoreType string `json:"storeType"`
		} `json:"queryList"`
		Severities []struct {
			Severity int `json:"severity"`
		} `json:"severityConfigurations"`
	} `json:"configuration"`
}

// parseAlert checks an alert. name is what the path says, "" when the body has to.
//
// Assumption: what is missing or not among the documented values is 400 ParameterInvalid.
func parseAlert(body []byte, name string) (string, map[string]json.RawMessage, error) {
	var shape alertShape
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &shape) != nil || json.Unmarshal(body, &fields) != nil || fields == nil {
		return "", nil, invalidf("the body is not an alert")
	}
	if shape.Name == "" {
		shape.Name = name
	}
	switch c, s := shape.Configuration, shape.Schedule; {
	case shape.Name == "" || name != "" && shape.Name != name:
		return "", nil, invalidf("the name of the alert is missing or not that of the path")
	case shape.Display == "":
		return "", nil, invalidf("displayName is required")
	case shape.Type != "" && shape.Type != "Alert":
		return "", nil, notImplementedf("jobs of type %s are not offered here, alerts are", shape.Type)
	case s == nil || !slices.Contains(alertSchedules, s.Type):
		return "", nil, invalidf("schedule.type must be one of %s", strings.Join(alertSchedules, ", "))
	case s.Type == "FixedRate" && s.Interval == "", s.Type == "Cron" && s.Cron == "":
		return "", nil, invalidf("a schedule of type %s lacks its time", s.Type)
	case c == nil || len(c.QueryList) == 0:
		return "", nil, invalidf("configuration.queryList is required")
	}
	for _, q := range shape.Configuration.QueryList {
		if !slices.Contains([]string{"", "log", "metric", "meta"}, q.StoreType) {
			return "", nil, invalidf("storeType must be log, metric or meta")
		}
	}
	for _, s := range shape.Configuration.Severities {
		if !slices.Contains(alertSeverities, s.Severity) {
			return "", nil, invalidf("severity must be 2, 4, 6, 8 or 10")
		}
	}
	return shape.Name, fields, nil
}

// jobNotExist is the answer to the name of no job.
//
// Assumption: its status is 404.
func jobNotExist(name string) error {
	return failf(http.StatusNotFound, "JobNotExist", "Job %s does not exist", name)
}

// jobExists is the answer to a second job of one name.
//
// Assumption: 400 JobAlreadyExist. The message is documented, the code is not.
func jobExists(name string) error {
	return failf(http.StatusBadRequest, "JobAlreadyExist", "Job %s already exists", name)
}

// view is an alert as it is answered. Both names of the state appear in clients.
func (a *alert) view(name string) map[string]any {
	m := map[string]any{}
	for field, v := range a.fields {
		m[field] = v
	}
	state := "DISABLED"
	if a.enabled {
		state = "ENABLED"
	}
	m["name"], m["type"], m["state"], m["status"] = name, "Alert", state, state
	m["createTime"], m["lastModifiedTime"] = a.created.Unix(), a.modified.Unix()
	return m
}

// reads tells whether a query of the alert is about a Logstore.
func (a *alert) reads(store string) bool {
	var c struct {
		QueryList []struct {
			Store string `json:"store"`
		} `json:"queryList"`
	}
	_ = json.Unmarshal(a.fields["configuration"], &c) // it was checked when it came in
	for _, q := range c.QueryList {
		if q.Store == store {
			return true
		}
	}
	return false
}
