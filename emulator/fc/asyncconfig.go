package fc

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// AsyncConfig is the async-invoke-config of a qualifier of a function (fc.md §4.3, §5.3).
type AsyncConfig struct {
	FunctionARN               string       `json:"functionArn"`
	Qualifier                 string       `json:"qualifier"`
	AsyncTask                 bool         `json:"asyncTask"`
	MaxAsyncRetryAttempts     *int         `json:"maxAsyncRetryAttempts"`     // 0–8, default 3
	MaxAsyncEventAgeInSeconds *int         `json:"maxAsyncEventAgeInSeconds"` // default 86400
	DestinationConfig         Destinations `json:"destinationConfig"`
	CreatedTime               string       `json:"createdTime"`
	LastModifiedTime          string       `json:"lastModifiedTime"`
}

// Destinations are where results of asynchronous calls go. Only functions are offered.
type Destinations struct {
	OnSuccess *Destination `json:"onSuccess,omitempty"`
	OnFailure *Destination `json:"onFailure,omitempty"`
}

// Destination names a function by ARN.
type Destination struct {
	Destination string `json:"destination"`
}

var functionTarget = regexp.MustCompile(`^acs:fc:([^:]*):([^:]*):functions/([A-Za-z_][A-Za-z0-9_-]*)(?:/([A-Za-z0-9_-]+))?$`)

func (c *AsyncConfig) check(s *Service, accountID string) *Error {
	if n := c.MaxAsyncRetryAttempts; n != nil && (*n < 0 || *n > 8) {
		return invalid("maxAsyncRetryAttempts must be between 0 and 8")
	}
	if n := c.MaxAsyncEventAgeInSeconds; n != nil && (*n < 1 || *n > 604800) {
		return invalid("maxAsyncEventAgeInSeconds must be between 1 and 604800")
	}
	for _, d := range []*Destination{c.DestinationConfig.OnFailure, c.DestinationConfig.OnSuccess} {
		if d == nil || d.Destination == "" {
			continue
		}
		if err := s.checkDestination(d.Destination, accountID); err != nil {
			return err
		}
	}
	return nil
}

// absentTargets are services that can be destinations in the cloud (fc.md §3.6) and that the emulator does not have.
var absentTargets = map[string]string{"mns": "Message Service", "eventbridge": "EventBridge", "mq": "RocketMQ"}

func (s *Service) checkDestination(target, accountID string) *Error {
	if parts := strings.SplitN(target, ":", 3); len(parts) == 3 && absentTargets[parts[1]] != "" {
		return invalid("destination %q: the emulator has no %s, only functions can be destinations", target, absentTargets[parts[1]])
	}
	m := functionTarget.FindStringSubmatch(target)
	switch {
	case m == nil:
		return invalid("destination %q is not the ARN of a function", target)
	case m[1] != s.o.Region || m[2] != accountID:
		return invalid("destination %q: the function must be of the same account and region", target)
	}
	return nil
}

func (c *AsyncConfig) retries() int {
	if c == nil || c.MaxAsyncRetryAttempts == nil {
		return 3
	}
	return *c.MaxAsyncRetryAttempts
}

func (c *AsyncConfig) maxAge() time.Duration {
	if c == nil || c.MaxAsyncEventAgeInSeconds == nil {
		return 24 * time.Hour
	}
	return time.Duration(*c.MaxAsyncEventAgeInSeconds) * time.Second
}

// asyncOf needs s.mu. It is the configuration of a qualifier, nil when there is none.
//
// Assumption: a call through an alias follows the configuration of the alias alone, not that of its version or of LATEST.
func (f *function) asyncOf(qualifier string) *AsyncConfig {
	return f.async[orDefault(qualifier, latest)]
}

func (s *Service) getAsync(q *apiCall) (any, *Error) {
	f, err := s.find(q.caller.AccountID, q.name, q.qualifier())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := f.async[q.qualifier()]; c != nil {
		return *c, nil
	}
	return nil, noAsyncConfig(q.name)
}

// noAsyncConfig is the answer for an absent configuration.
//
// Assumption: the code; the sheet marks it unknown (fc.md §4.2).
func noAsyncConfig(name string) *Error {
	return errorf(http.StatusNotFound, "AsyncConfigNotFound", "function '%s' has no asynchronous invocation configuration", name)
}

func (s *Service) putAsync(q *apiCall) (any, *Error) {
	f, err := s.find(q.caller.AccountID, q.name, q.qualifier())
	if err != nil {
		return nil, err
	}
	var c AsyncConfig
	if jsonErr := strictJSON(q.body, &c); jsonErr != nil {
		return nil, invalid("asynchronous invocation configuration: %v", jsonErr)
	}
	if err := c.check(s, f.account); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.FunctionARN, c.Qualifier = s.functionARN(f.account, f.name), q.qualifier()
	c.LastModifiedTime = stamp(s.o.Clock())
	if c.CreatedTime = c.LastModifiedTime; f.async[c.Qualifier] != nil {
		c.CreatedTime = f.async[c.Qualifier].CreatedTime
	}
	f.async[c.Qualifier] = &c
	return c, nil
}

func (s *Service) deleteAsync(q *apiCall) (any, *Error) {
	f, err := s.find(q.caller.AccountID, q.name, "")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.async[q.qualifier()] == nil {
		return nil, noAsyncConfig(q.name)
	}
	delete(f.async, q.qualifier())
	return nil, nil
}

// listAsync lists the configurations of an account, or of one of its functions.
func (s *Service) listAsync(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []AsyncConfig{}
	for _, f := range s.accountOf(q.caller.AccountID).functions {
		if only := q.query.Get("functionName"); only != "" && f.name != only {
			continue
		}
		for _, c := range f.async {
			list = append(list, *c)
		}
	}
	name := func(c AsyncConfig) string { return c.FunctionARN + "/" + c.Qualifier }
	slices.SortFunc(list, func(a, b AsyncConfig) int { return strings.Compare(name(a), name(b)) })
	page, next, err := paginate(q, list, name)
	return map[string]any{"configs": page, "nextToken": next}, err
}
