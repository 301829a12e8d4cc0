package fc

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const maxTriggers = 50 // per function (fc.md §4.4)

// Trigger is a trigger as the API shows it. TriggerConfig is JSON in a string (fc.md §4.6).
type Trigger struct {
	TriggerName      string       `json:"triggerName"`
	TriggerType      string       `json:"triggerType"`
	TriggerConfig    string       `json:"triggerConfig"`
	TriggerID        string       `json:"triggerId"`
	Qualifier        string       `json:"qualifier"`
	Description      string       `json:"description"`
	SourceARN        string       `json:"sourceArn"`
	InvocationRole   string       `json:"invocationRole"`
	HTTPTrigger      *TriggerURLs `json:"httpTrigger,omitempty"`
	Status           string       `json:"status"`
	TargetARN        string       `json:"targetArn"`
	CreatedTime      string       `json:"createdTime"`
	LastModifiedTime string       `json:"lastModifiedTime"`
}

// TriggerURLs are the addresses of an HTTP trigger.
type TriggerURLs struct {
	URLInternet string `json:"urlInternet"`
	URLIntranet string `json:"urlIntranet"`
}

// trigger is a trigger with its state, which needs Service.mu.
type trigger struct {
	spec  Trigger
	fn    *function
	http  *httpConfig
	urlID string
	timer *timerConfig
	log   *logConfigJob
	oss   *ossConfig

	schedule *Schedule
	next     time.Time // of a timer
	job      *logJob   // of a log trigger
}

type httpConfig struct {
	AuthType           string   `json:"authType"`
	Methods            []string `json:"methods"`
	DisableURLInternet bool     `json:"disableURLInternet"`
}

type timerConfig struct {
	CronExpression string `json:"cronExpression"`
	Enable         bool   `json:"enable"`
	Payload        string `json:"payload"`
}

type logConfigJob struct {
	SourceConfig struct {
		Logstore  string `json:"logstore"`
		StartTime int64  `json:"startTime"` // Unix seconds; 0 = newest
	} `json:"sourceConfig"`
	JobConfig struct {
		MaxRetryTime    *int `json:"maxRetryTime"`
		TriggerInterval *int `json:"triggerInterval"` // seconds
	} `json:"jobConfig"`
	LogConfig struct {
		Project  string `json:"project"`
		Logstore string `json:"logstore"`
	} `json:"logConfig"`
	FunctionParameter map[string]string `json:"functionParameter"`
	Enable            bool              `json:"enable"`
}

// merge lays the keys of a body over the trigger.
func (t *Trigger) merge(raw map[string]json.RawMessage, update bool) *Error {
	fields := map[string]*string{
		"triggerName": &t.TriggerName, "triggerType": &t.TriggerType, "triggerConfig": &t.TriggerConfig,
		"qualifier": &t.Qualifier, "description": &t.Description, "sourceArn": &t.SourceARN, "invocationRole": &t.InvocationRole,
	}
	fixed := *t
	for key, value := range raw {
		dst, ok := fields[key]
		if !ok {
			return invalid("unknown trigger property %s", key)
		}
		*dst = ""
		if err := json.Unmarshal(value, dst); err != nil {
			return invalid("%s: %v", key, err)
		}
	}
	t.Qualifier = orDefault(t.Qualifier, "LATEST")
	switch {
	case len(t.TriggerName) > 128 || !nameText.MatchString(t.TriggerName):
		return invalid("triggerName must have at most 128 characters and match %s", nameText)
	case update && (t.TriggerName != fixed.TriggerName || t.TriggerType != fixed.TriggerType || t.SourceARN != fixed.SourceARN):
		return invalid("triggerName, triggerType and sourceArn cannot be changed")
	}
	return nil
}

var methodsAllowed = []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}

// configure parses triggerConfig for the type of the trigger and checks it.
func (t *trigger) configure(s *Service) *Error {
	t.http, t.timer, t.log, t.oss = nil, nil, nil, nil
	config := []byte(t.spec.TriggerConfig)
	switch t.spec.TriggerType {
	case "http":
		t.http = &httpConfig{}
		if err := strictJSON(config, t.http); err != nil {
			return invalid("triggerConfig of an http trigger: %v", err)
		}
		return t.http.check()
	case "timer":
		t.timer = &timerConfig{}
		if err := strictJSON(config, t.timer); err != nil {
			return invalid("triggerConfig of a timer trigger: %v", err)
		}
		if len(t.timer.Payload) > maxAsync {
			return invalid("payload exceeds 128 KB")
		}
		schedule, err := ParseSchedule(t.timer.CronExpression)
		if err != nil {
			return invalid("cronExpression: %v", err)
		}
		t.schedule = schedule
		return nil
	case "log":
		t.log = &logConfigJob{}
		if err := strictJSON(config, t.log); err != nil {
			return invalid("triggerConfig of a log trigger: %v", err)
		}
		return s.checkLogTrigger(t)
	}
	if t.spec.TriggerType == "oss" {
		t.oss = &ossConfig{}
		if err := strictJSON(config, t.oss); err != nil {
			return invalid("triggerConfig of an oss trigger: %v", err)
		}
		return s.checkOSSTrigger(t)
	}
	return invalid("triggerType %q is not offered by the emulator: use http, timer, log or oss", t.spec.TriggerType)
}

func (c *httpConfig) check() *Error {
	if c.AuthType == "" {
		c.AuthType = "function"
	}
	if c.AuthType != "anonymous" && c.AuthType != "function" {
		return invalid("authType %q is not offered by the emulator: use anonymous or function", c.AuthType)
	}
	if len(c.Methods) == 0 {
		return invalid("methods must not be empty")
	}
	for _, m := range c.Methods {
		if !slices.Contains(methodsAllowed, m) {
			return invalid("method %q is not one of %v", m, methodsAllowed)
		}
	}
	return nil
}

// createTrigger adds a trigger to a function.
func (s *Service) createTrigger(q *apiCall) (any, *Error) {
	t := &trigger{}
	if err := t.spec.merge(q.fields, false); err != nil {
		return nil, err
	}
	if err := t.configure(s); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	switch {
	case f == nil:
		return nil, notFound("Function", q.name)
	case f.triggers[t.spec.TriggerName] != nil:
		return nil, exists("Trigger", t.spec.TriggerName)
	case len(f.triggers) >= maxTriggers:
		return nil, errorf(http.StatusBadRequest, "LimitExceeded", "a function has at most %d triggers", maxTriggers)
	case t.http != nil && f.httpTrigger(t.spec.Qualifier) != nil:
		return nil, invalid("qualifier '%s' of function '%s' has an HTTP trigger already", t.spec.Qualifier, f.name)
	}
	if err := s.checkTarget(t, f); err != nil {
		return nil, err
	}
	if err := s.triggersLeft(t, f.account); err != nil {
		return nil, err
	}
	now := s.o.Clock()
	t.fn, t.spec.TriggerID = f, newUUID()
	t.spec.TargetARN, t.spec.Status = s.functionARN(f.account, f.name), "deployed"
	t.spec.CreatedTime, t.spec.LastModifiedTime = stamp(now), stamp(now)
	s.arm(t, now)
	f.triggers[t.spec.TriggerName] = t
	return t.spec, nil
}

// arm prepares a new or changed trigger: the URL, the next time of a timer, the positions of a log trigger.
func (s *Service) arm(t *trigger, now time.Time) {
	switch {
	case t.http != nil:
		t.urlID = urlID(t.fn.account, t.fn.name, t.spec.TriggerName)
		s.urls[t.urlID] = t
		host := t.urlID + "." + s.o.Region
		t.spec.HTTPTrigger = &TriggerURLs{URLInternet: "https://" + host + ".fcapp.run", URLIntranet: "https://" + host + "-vpc.fcapp.run"}
		if t.http.DisableURLInternet {
			t.spec.HTTPTrigger.URLInternet = ""
		}
	case t.timer != nil:
		t.next = t.schedule.Next(now)
	case t.log != nil && t.job == nil:
		t.job = newLogJob(t, now, s.o.Logs)
	}
}

// urlID makes the first label of the default domain, ten letters that stay the same for the same trigger.
func urlID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p + "\x00"))
	}
	sum := h.Sum(nil)
	id := make([]byte, 10)
	for i := range id {
		id[i] = 'a' + sum[i]%26
	}
	return string(id)
}

// checkTarget needs s.mu. What the trigger calls and what it reads must be there.
func (s *Service) checkTarget(t *trigger, f *function) *Error {
	if _, err := s.resolve(f, t.spec.Qualifier); err != nil {
		return err
	}
	if t.oss != nil {
		return s.checkBucket(t, f.account)
	}
	return s.checkSource(t, f.account)
}

// httpTrigger is the one HTTP trigger that a version or alias may have (fc.md §1.5).
func (f *function) httpTrigger(qualifier string) *trigger {
	for _, t := range f.triggers {
		if t.http != nil && t.spec.Qualifier == qualifier {
			return t
		}
	}
	return nil
}

func (s *Service) getTrigger(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.lookupTrigger(q)
	if err != nil {
		return nil, err
	}
	return t.spec, nil
}

// lookupTrigger needs s.mu.
func (s *Service) lookupTrigger(q *apiCall) (*trigger, *Error) {
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	if t := f.triggers[q.sub]; t != nil {
		return t, nil
	}
	return nil, notFound("Trigger", q.sub)
}

func (s *Service) updateTrigger(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.lookupTrigger(q)
	if err != nil {
		return nil, err
	}
	next := &trigger{spec: t.spec, fn: t.fn, urlID: t.urlID, job: t.job}
	if err := next.spec.merge(q.fields, true); err != nil {
		return nil, err
	}
	if err := next.configure(s); err != nil {
		return nil, err
	}
	if other := t.fn.httpTrigger(next.spec.Qualifier); next.http != nil && other != nil && other != t {
		return nil, invalid("qualifier '%s' of function '%s' has an HTTP trigger already", next.spec.Qualifier, t.fn.name)
	}
	if err := s.checkTarget(next, t.fn); err != nil {
		return nil, err
	}
	if next.log != nil && next.log.SourceConfig != t.log.SourceConfig {
		next.job = nil // another source: positions start anew
	}
	next.spec.LastModifiedTime = stamp(s.o.Clock())
	s.arm(next, s.o.Clock())
	t.fn.triggers[q.sub] = next
	return next.spec, nil
}

func (s *Service) deleteTrigger(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.lookupTrigger(q)
	if err != nil {
		return nil, err
	}
	delete(t.fn.triggers, q.sub)
	delete(s.urls, t.urlID)
	return nil, nil
}

func (s *Service) listTriggers(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	list := []Trigger{}
	for _, t := range f.triggers {
		if strings.HasPrefix(t.spec.TriggerName, q.query.Get("prefix")) {
			list = append(list, t.spec)
		}
	}
	slices.SortFunc(list, func(a, b Trigger) int { return strings.Compare(a.TriggerName, b.TriggerName) })
	page, next, err := paginate(q, list, func(t Trigger) string { return t.TriggerName })
	return map[string]any{"triggers": page, "nextToken": next}, err
}

var arnLog = regexp.MustCompile(`^acs:log:([^:]+):(\d+):project/([a-z0-9-]+)$`)

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
