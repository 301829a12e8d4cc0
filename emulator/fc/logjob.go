package fc

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// logJob is the state of a log trigger: the positions, kept by the log service's job and not by the function.
type logJob struct {
	name   string
	scanAt time.Time // when the shards are listed next
	shards map[int]*shardJob
}

// shardJob walks one shard. Its fields need Service.mu; while busy only the running range may move it.
type shardJob struct {
	begin     int64     // first position not yet processed
	failed    *logRange // a range that failed and comes again
	processed time.Time // everything received before is processed
	next      time.Time // not looked at before
	busy      bool
}

// logRange is one invocation: positions [begin, end), received before until.
type logRange struct {
	shard      int
	begin, end int64
	cursorTime int64
	until      time.Time
}

// catchUp is how often a lagging shard fires, and lagging means more than maxLag behind (fc.md §3.1).
const (
	catchUp = 2 * time.Second
	maxLag  = 10 * time.Second
)

// newLogJob notes where each shard starts: at sourceConfig.startTime, else at the newest data.
func newLogJob(t *trigger, now time.Time, logs LogSource) *logJob {
	sum := sha1.Sum([]byte(t.fn.account + "/" + t.fn.name + "/" + t.spec.TriggerName))
	j := &logJob{name: hex.EncodeToString(sum[:]), shards: map[int]*shardJob{}}
	since := now
	if n := t.log.SourceConfig.StartTime; n > 0 {
		since = time.Unix(n, 0)
	}
	j.scan(t, logs, now, since)
	return j
}

// scan adds the shards that are new; since is where reading starts, the zero time for the oldest data.
//
// Assumption: shards are listed once an interval, and one that appears by a split or merge is read from its oldest data.
func (j *logJob) scan(t *trigger, logs LogSource, now, since time.Time) {
	j.scanAt = now.Add(t.log.interval())
	project, logstore := t.project(), t.log.SourceConfig.Logstore
	shards, err := logs.Shards(project, logstore)
	if err != nil {
		t.fn.note("log trigger " + t.spec.TriggerName + ": list shards: " + err.Error())
		return
	}
	for _, shard := range shards {
		if j.shards[shard] != nil {
			continue
		}
		var begin int64
		if since.Equal(now) {
			begin, _, err = logs.End(project, logstore, shard)
		} else {
			begin, err = logs.Begin(project, logstore, shard, since)
		}
		if err != nil {
			t.fn.note(fmt.Sprintf("log trigger %s: shard %d: %v", t.spec.TriggerName, shard, err))
			continue
		}
		j.shards[shard] = &shardJob{begin: begin, processed: since, next: now.Add(t.log.interval())}
	}
}

// fireLogTriggers looks at the shards that are due and starts one invocation for each that has data.
func (s *Service) fireLogTriggers(f *function, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range f.triggers {
		if t.log == nil || !t.log.Enable {
			continue
		}
		if !now.Before(t.job.scanAt) {
			t.job.scan(t, s.o.Logs, now, time.Time{})
		}
		for shard, sh := range t.job.shards {
			if sh.busy || now.Before(sh.next) {
				continue
			}
			sh.next = now.Add(t.log.interval())
			r, err := nextRange(s.o.Logs, t, shard, sh, now)
			if err != nil {
				f.note(fmt.Sprintf("log trigger %s: shard %d: %v", t.spec.TriggerName, shard, err))
				continue
			}
			if r == nil {
				sh.processed = now
				continue
			}
			sh.busy = true
			s.backgroundLocked(func() { s.runRange(t, sh, *r) })
		}
	}
}

// nextRange is what a shard has to process now: the range that failed; else all data up to now; else, for a shard that
// lags, the data of one interval. nil means no data.
func nextRange(logs LogSource, t *trigger, shard int, sh *shardJob, now time.Time) (*logRange, error) {
	if sh.failed != nil {
		return sh.failed, nil
	}
	project, logstore, interval := t.project(), t.log.SourceConfig.Logstore, t.log.interval()
	end, last, err := logs.End(project, logstore, shard)
	if err != nil {
		return nil, err
	}
	r := &logRange{shard: shard, begin: sh.begin, end: end, until: now, cursorTime: min(last.Unix(), now.Unix())}
	if end <= sh.begin {
		return nil, nil
	}
	if sh.processed.IsZero() || now.Sub(sh.processed) <= interval+maxLag {
		return r, nil
	}
	from, step := sh.processed, interval
	for from.Add(step).Before(now) {
		pos, err := logs.Begin(project, logstore, shard, from.Add(step))
		if err != nil {
			return nil, err
		}
		switch {
		case pos <= sh.begin: // nothing in this window: look further
			from, step = from.Add(step), 2*step
		case step > interval: // too far: one interval at a time
			step = interval
		default:
			r.end, r.until, r.cursorTime = pos, from.Add(step), from.Add(step).Unix()
			// The last log of the window, if the log service can tell; else the end of the window.
			if l, ok := logs.(interface {
				ReceivedAt(project, logstore string, shard int, position int64) (int64, error)
			}); ok {
				r.cursorTime, err = l.ReceivedAt(project, logstore, shard, pos-1)
			}
			return r, err
		}
	}
	return r, nil
}

// runRange invokes the function for one range, again up to maxRetryTime times, and moves the shard on only after a
// success. Whatever fails, the same range comes again at the next interval.
//
// Assumption: tries follow each other as those of throttled calls do (0.5 s, doubled, at most 10 s); the waits are not
// documented, and of what follows the last try the documents say two things, the next interval and back-off.
func (s *Service) runRange(t *trigger, sh *shardJob, r logRange) {
	wait := s.o.Limits.RetryBase
	var out *outcome
	for try := 0; ; try++ {
		began := s.o.Clock()
		task := newUUID()
		out = s.runTask(t, r, task)
		s.writeTriggerLog(t, r, task, began, out)
		if !out.failed() || try >= t.log.retries() || !s.o.Sleep(s.ctx, wait) || !s.exists(t) {
			break
		}
		wait = min(2*wait, 10*time.Second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.busy = false
	if out.failed() {
		sh.failed = &r
		return
	}
	sh.begin, sh.failed, sh.processed = r.end, nil, r.until
	if now := s.o.Clock(); now.Sub(r.until) > maxLag {
		sh.next = now.Add(min(catchUp, t.log.interval()))
	}
}

// exists tells whether the trigger is still there, unchanged.
func (s *Service) exists(t *trigger) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookup(t.fn.account, t.fn.name) == t.fn && t.fn.triggers[t.spec.TriggerName] == t
}

// runTask makes one synchronous invocation with the trigger's role.
//
// Assumption: the role needs fc:InvokeFunction on the function, and log:GetCursorOrData and log:ListShards on the
// source, since the job reads cursors (fc.md §3.1 documents log:PostLogStoreLogs only).
func (s *Service) runTask(t *trigger, r logRange, task string) *outcome {
	f := t.fn
	role, err := s.assume(s.ctx, f.account, t.spec.InvocationRole, "log.aliyuncs.com", "log-trigger")
	source := s.logstoreARN(f.account, t.project(), t.log.SourceConfig.Logstore)
	for _, action := range []string{"log:ListShards", "log:GetCursorOrData"} {
		if err == nil {
			err = s.require(s.ctx, role.caller, action, source)
		}
	}
	var out *outcome
	if err != nil {
		out = &outcome{refused: err}
	} else {
		deliver := func() *outcome {
			c := eventCall(newRequestID(), s.logEvent(t, r, task))
			c.qualifier = t.spec.Qualifier
			return s.invoke(s.ctx, role.caller, invocation{account: f.account, name: f.name, call: c})
		}
		if out = deliver(); s.again(f) {
			out = deliver()
		}
	}
	if out.failed() {
		f.note(fmt.Sprintf("log trigger %s: shard %d: %s", t.spec.TriggerName, r.shard, out.message()))
	}
	return out
}

func (s *Service) logstoreARN(accountID, project, logstore string) string {
	return "acs:log:" + s.o.Region + ":" + accountID + ":project/" + project + "/logstore/" + logstore
}

// logEvent is the event of fc.md §3.1; it holds no log data.
func (s *Service) logEvent(t *trigger, r logRange, task string) []byte {
	parameter := t.log.FunctionParameter
	if parameter == nil {
		parameter = map[string]string{}
	}
	doc, _ := json.Marshal(map[string]any{
		"jobName": t.job.name, "taskId": task, "cursorTime": r.cursorTime, "parameter": parameter,
		"source": map[string]any{
			"endpoint":    orDefault(s.o.LogEndpoint, "http://"+s.o.Region+"-intranet.log.aliyuncs.com"),
			"projectName": t.project(), "logstoreName": t.log.SourceConfig.Logstore, "shardId": r.shard,
			"beginCursor": cursor(r.begin), "endCursor": cursor(r.end),
		},
	})
	return doc
}

func cursor(pos int64) string {
	return base64.StdEncoding.EncodeToString([]byte(strconv.FormatInt(pos, 10)))
}

// writeTriggerLog stores how a task went, if the trigger's role may.
//
// Assumption: the names of the fields; fc.md §3.1 says only that start, end, success and result are stored.
func (s *Service) writeTriggerLog(t *trigger, r logRange, task string, began time.Time, out *outcome) {
	f, c := t.fn, t.log.LogConfig
	if s.o.Sink == nil {
		return
	}
	role, err := s.assume(s.ctx, f.account, t.spec.InvocationRole, "log.aliyuncs.com", "log-trigger")
	if err == nil {
		err = s.require(s.ctx, role.caller, "log:PostLogStoreLogs", s.logstoreARN(f.account, c.Project, c.Logstore))
	}
	if err != nil {
		f.note("trigger log of " + t.spec.TriggerName + " not written: " + err.Error())
		return
	}
	status, result := "success", string(out.body[:min(len(out.body), 4096)])
	if out.failed() {
		status, result = "failed", out.message()
	}
	now := s.o.Clock()
	var g logGroup
	g.begin("", "LogService")
	g.log(now, "jobName", t.job.name, "taskId", task, "triggerName", t.spec.TriggerName, "functionName", f.name,
		"projectName", t.project(), "logstoreName", t.log.SourceConfig.Logstore, "shardId", strconv.Itoa(r.shard),
		"beginCursor", cursor(r.begin), "endCursor", cursor(r.end), "startTime", stamp(began), "endTime", stamp(now),
		"status", status, "result", result)
	if err := s.o.Sink.Append(f.account, c.Project, c.Logstore, g.buf, now); err != nil {
		f.note("trigger log of " + t.spec.TriggerName + " not written: " + err.Error())
	}
}
