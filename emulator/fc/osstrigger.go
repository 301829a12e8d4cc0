package fc

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Objects is what triggers and packages need of the object store. Service.ObjectChanged is told of changes.
type Objects interface {
	// Owner is the account that a bucket belongs to.
	Owner(bucket string) (account string, ok bool)
	// Object is what a key of a bucket holds, with the owner of the bucket.
	Object(bucket, key string) (owner string, data []byte, ok bool)
}

// ObjectEvent is a change in a bucket.
type ObjectEvent struct {
	Account, Bucket, Key string
	Name                 string // such as ObjectCreated:PutObject
	ETag                 string
	Size, Delta          int64
	RequestID            string
	Principal, SourceIP  string
	At                   time.Time
}

// ossConfig is the triggerConfig of an OSS trigger (fc.md §5.3).
type ossConfig struct {
	Events []string `json:"events"`
	Filter struct {
		Key struct {
			Prefix string `json:"prefix"`
			Suffix string `json:"suffix"`
		} `json:"key"`
	} `json:"filter"`
}

var (
	arnBucket = regexp.MustCompile(`^acs:oss:([^:]+):(\d+):([a-z0-9][a-z0-9-]{1,61}[a-z0-9])$`)
	ossEvent  = regexp.MustCompile(`^oss:(Object(?:Created|Removed|Modified)):(\*|[A-Za-z]+)$`)
)

// maxOSSTriggers is how many triggers a bucket may have (user guide, limits of OSS triggers).
const maxOSSTriggers = 10

// checkOSSTrigger checks the configuration of an OSS trigger without looking at its bucket.
func (s *Service) checkOSSTrigger(t *trigger) *Error {
	m := arnBucket.FindStringSubmatch(t.spec.SourceARN)
	switch {
	case s.o.Objects == nil:
		return errorf(http.StatusServiceUnavailable, "ResourceThrottled", "this emulator has no object store")
	case m == nil:
		return invalid("sourceArn must be acs:oss:<region>:<account>:<bucket>")
	case m[1] != s.o.Region:
		return invalid("sourceArn: the bucket must be in region %s", s.o.Region)
	case len(t.oss.Events) == 0:
		return invalid("events must not be empty")
	case !roleText.MatchString(t.spec.InvocationRole):
		return invalid("invocationRole must be the ARN of a RAM role")
	}
	for _, e := range t.oss.Events {
		if !ossEvent.MatchString(e) {
			return invalid("event %q is not oss:ObjectCreated:*, oss:ObjectCreated:PutObject and the like", e)
		}
	}
	return nil
}

// checkBucket needs s.mu. The bucket must belong to the function's account and have room for another trigger.
//
// Assumption: a missing bucket is refused when the trigger is created, as 400 InvalidArgument, and a trigger too many as
// 400 LimitExceeded.
func (s *Service) checkBucket(t *trigger, accountID string) *Error {
	m := arnBucket.FindStringSubmatch(t.spec.SourceARN)
	if owner, ok := s.o.Objects.Owner(m[3]); !ok || m[2] != accountID || owner != accountID {
		return invalid("sourceArn: account %s has no bucket '%s'", accountID, m[3])
	}
	n := 0
	for _, f := range s.accountOf(accountID).functions {
		for _, other := range f.triggers {
			if other.oss != nil && other.spec.SourceARN == t.spec.SourceARN && !(f == t.fn && other.spec.TriggerName == t.spec.TriggerName) {
				n++
			}
		}
	}
	if n >= maxOSSTriggers {
		return errorf(http.StatusBadRequest, "LimitExceeded", "bucket '%s' has %d triggers: no more are allowed", m[3], n)
	}
	return nil
}

// wants tells whether the trigger is for an event.
func (c *ossConfig) wants(name, key string) bool {
	if !strings.HasPrefix(key, c.Filter.Key.Prefix) || !strings.HasSuffix(key, c.Filter.Key.Suffix) {
		return false
	}
	kind, _, _ := strings.Cut(name, ":")
	for _, e := range c.Events {
		if e == "oss:"+name || e == "oss:"+kind+":*" {
			return true
		}
	}
	return false
}

// ObjectChanged tells the triggers of a bucket of a change: each one that wants it makes an asynchronous invocation with
// its role (fc.md §3.4).
func (s *Service) ObjectChanged(e ObjectEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[e.Account]
	if a == nil {
		return
	}
	for _, f := range a.functions {
		for _, t := range f.triggers {
			if m := arnBucket.FindStringSubmatch(t.spec.SourceARN); t.oss == nil || m[3] != e.Bucket || !t.oss.wants(e.Name, e.Key) {
				continue
			}
			s.backgroundLocked(func() { s.notifyObject(t, e) })
			if s.o.Again != nil && s.o.Again(f.account, f.name) {
				s.backgroundLocked(func() { s.notifyObject(t, e) })
			}
		}
	}
}

// notifyObject makes one invocation. A role that cannot be assumed or may not invoke shows in the log of the function.
func (s *Service) notifyObject(t *trigger, e ObjectEvent) {
	f := t.fn
	role, err := s.assume(s.ctx, f.account, t.spec.InvocationRole, "oss.aliyuncs.com", "oss-trigger")
	if err == nil {
		c := eventCall(newRequestID(), s.objectEvent(t, e))
		c.qualifier = t.spec.Qualifier
		err = s.invoke(s.ctx, role.caller, invocation{account: f.account, name: f.name, async: true, call: c}).refused
	}
	if err != nil {
		f.note("OSS trigger " + t.spec.TriggerName + ": " + err.Error())
	}
}

// objectEvent is the event of fc.md §3.4. The name has no oss: in front, although the trigger's filter has.
//
// Assumption: the time has milliseconds, ruleId is the id of the trigger, and virtualBucket is empty.
func (s *Service) objectEvent(t *trigger, e ObjectEvent) []byte {
	doc, _ := json.Marshal(map[string]any{"events": []any{map[string]any{
		"eventName": e.Name, "eventSource": "acs:oss", "eventTime": e.At.UTC().Format("2006-01-02T15:04:05.000Z"), "eventVersion": "1.0",
		"region": s.o.Region,
		"oss": map[string]any{
			"bucket": map[string]any{
				"arn": "acs:oss:" + s.o.Region + ":" + e.Account + ":" + e.Bucket, "name": e.Bucket, "ownerIdentity": e.Account, "virtualBucket": "",
			},
			"object":           map[string]any{"deltaSize": e.Delta, "eTag": e.ETag, "key": e.Key, "size": e.Size},
			"ossSchemaVersion": "1.0", "ruleId": t.spec.TriggerID,
		},
		"requestParameters": map[string]string{"sourceIPAddress": e.SourceIP},
		"responseElements":  map[string]string{"requestId": e.RequestID},
		"userIdentity":      map[string]string{"principalId": e.Principal},
	}}})
	return doc
}
