package fc

import (
	"net/http"
	"time"
)

// checkLogTrigger checks the configuration of a log trigger without looking at its source.
func (s *Service) checkLogTrigger(t *trigger) *Error {
	c, m := t.log, arnLog.FindStringSubmatch(t.spec.SourceARN)
	switch retry, interval := c.JobConfig.MaxRetryTime, c.JobConfig.TriggerInterval; {
	case s.o.Logs == nil:
		return errorf(http.StatusServiceUnavailable, "ResourceThrottled", "this emulator has no log service")
	case m == nil:
		return invalid("sourceArn must be acs:log:<region>:<account>:project/<project>")
	case c.SourceConfig.Logstore == "" || c.LogConfig.Project == "" || c.LogConfig.Logstore == "":
		return invalid("sourceConfig.logstore, logConfig.project and logConfig.logstore are required")
	case c.LogConfig.Project == m[3] && c.LogConfig.Logstore == c.SourceConfig.Logstore:
		return invalid("the trigger log must not be written to its source '%s'", c.SourceConfig.Logstore)
	case retry != nil && (*retry < 0 || *retry > 100):
		return invalid("jobConfig.maxRetryTime must be between 0 and 100")
	case interval != nil && (*interval < 3 || *interval > 600):
		return invalid("jobConfig.triggerInterval must be between 3 and 600")
	case !roleText.MatchString(t.spec.InvocationRole):
		return invalid("invocationRole must be the ARN of a RAM role")
	case m[1] != s.o.Region:
		return invalid("sourceArn: the project must be in region %s", s.o.Region)
	}
	return nil
}

// checkSource needs s.mu. The project must belong to the function's account, and the Logstore must exist.
//
// Assumption: a missing source is refused when the trigger is created, as 400 InvalidArgument.
func (s *Service) checkSource(t *trigger, accountID string) *Error {
	if t.log == nil {
		return nil
	}
	project := t.project()
	if m := arnLog.FindStringSubmatch(t.spec.SourceARN); m[2] != accountID {
		return invalid("sourceArn: project '%s' must belong to account %s", project, accountID)
	}
	if o, ok := s.o.Logs.(interface {
		Owner(project string) (account, region string, ok bool)
	}); ok {
		if owner, _, found := o.Owner(project); !found || owner != accountID {
			return invalid("sourceArn: account %s has no project '%s'", accountID, project)
		}
	}
	if _, err := s.o.Logs.Shards(project, t.log.SourceConfig.Logstore); err != nil {
		return invalid("the source %s/%s cannot be read: %v", project, t.log.SourceConfig.Logstore, err)
	}
	return nil
}

// triggersLeft needs s.mu. A project has at most 5 triggers for each of its Logstores (fc.md §3.1), if the log service can
// tell how many there are.
//
// Assumption: one more is refused as 400 LimitExceeded.
func (s *Service) triggersLeft(t *trigger, accountID string) *Error {
	logs, ok := s.o.Logs.(interface{ CountLogstores(project string) int })
	if t.log == nil || !ok {
		return nil
	}
	n, most := 0, 5*logs.CountLogstores(t.project())
	for _, f := range s.accountOf(accountID).functions {
		for _, other := range f.triggers {
			if other.log != nil && other.project() == t.project() {
				n++
			}
		}
	}
	if n >= most {
		return errorf(http.StatusBadRequest, "LimitExceeded", "project '%s' has %d triggers: no more are allowed", t.project(), n)
	}
	return nil
}

func (t *trigger) project() string {
	if m := arnLog.FindStringSubmatch(t.spec.SourceARN); m != nil {
		return m[3]
	}
	return ""
}

func (c *logConfigJob) interval() time.Duration {
	if n := c.JobConfig.TriggerInterval; n != nil {
		return time.Duration(*n) * time.Second
	}
	return time.Minute
}

func (c *logConfigJob) retries() int {
	if n := c.JobConfig.MaxRetryTime; n != nil {
		return *n
	}
	return 3
}
