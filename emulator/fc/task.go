package fc

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// The states of asynchronous tasks that this service reaches (fc.md §4.3).
const (
	taskEnqueued  = "Enqueued"
	taskRunning   = "Running"
	taskRetrying  = "Retrying"
	taskStopping  = "Stopping"
	taskStopped   = "Stopped"
	taskSucceeded = "Succeeded"
	taskFailed    = "Failed"
	taskExpired   = "Expired"
	taskInvalid   = "Invalid"
)

// taskKept is how long tasks can be asked for after their creation.
//
// Assumption: 7 days, the period that the user guide names for queries.
const taskKept = 7 * 24 * time.Hour

var (
	taskID         = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`)
	errTaskStopped = errors.New("the task was stopped")
)

// task is an asynchronous call in task mode. Its fields need Service.mu.
type task struct {
	view     AsyncTask
	accepted time.Time
	cancel   context.CancelCauseFunc
}

// AsyncTask is a task as the API shows it. Times are Unix milliseconds.
type AsyncTask struct {
	TaskID              string      `json:"taskId"`
	RequestID           string      `json:"requestId"`
	FunctionARN         string      `json:"functionArn"`
	Qualifier           string      `json:"qualifier"`
	Status              string      `json:"status"`
	StartedTime         int64       `json:"startedTime"`
	EndTime             int64       `json:"endTime,omitempty"`
	DurationMs          int64       `json:"durationMs,omitempty"`
	AlreadyRetriedTimes int         `json:"alreadyRetriedTimes"`
	InstanceID          string      `json:"instanceId,omitempty"`
	TaskErrorMessage    string      `json:"taskErrorMessage,omitempty"`
	TaskPayload         string      `json:"taskPayload,omitempty"`
	Events              []TaskEvent `json:"events,omitempty"`
}

// TaskEvent is one step of a task.
type TaskEvent struct {
	EventID     int    `json:"eventId"`
	Status      string `json:"status"`
	Timestamp   int64  `json:"timestamp"`
	EventDetail string `json:"eventDetail"`
}

// taskBook holds the tasks of a function in the order they came. It needs Service.mu.
type taskBook struct{ list []*task }

// accept makes a task when the configuration asks for it; c.repeated tells that its id was there already.
//
// Assumption: a repeated id is answered like a new one; an id without task mode is 400 InvalidArgument.
func (b *taskBook) accept(config *AsyncConfig, c *call, now time.Time) (*task, *Error) {
	if config == nil || !config.AsyncTask {
		if c.taskID != "" {
			return nil, invalid("x-fc-async-task-id needs asyncTask in the asynchronous invocation configuration")
		}
		return nil, nil
	}
	if c.taskID = orDefault(c.taskID, c.requestID); !taskID.MatchString(c.taskID) && c.taskID != c.requestID {
		return nil, invalid("x-fc-async-task-id must match %s", taskID)
	}
	b.list = slices.DeleteFunc(b.list, func(t *task) bool { return t.view.ended() && now.Sub(t.accepted) > taskKept })
	qualifier := orDefault(c.qualifier, latest)
	if c.repeated = b.find(c.taskID, qualifier) != nil; c.repeated {
		return nil, nil
	}
	t := &task{accepted: now, view: AsyncTask{
		TaskID: c.taskID, RequestID: c.requestID, FunctionARN: config.FunctionARN,
		Qualifier: qualifier, StartedTime: now.UnixMilli(), TaskPayload: string(c.body),
	}}
	t.step(taskEnqueued, "", now)
	b.list = append(b.list, t)
	return t, nil
}

func (b *taskBook) find(id, qualifier string) *task {
	for _, t := range b.list {
		if t.view.TaskID == id && t.view.Qualifier == qualifier {
			return t
		}
	}
	return nil
}

// step notes a new state.
func (t *task) step(state, detail string, now time.Time) {
	t.view.Status = state
	t.view.Events = append(t.view.Events, TaskEvent{EventID: len(t.view.Events) + 1, Status: state, Timestamp: now.UnixMilli(), EventDetail: detail})
}

func (t *AsyncTask) ended() bool {
	return slices.Contains([]string{taskStopped, taskSucceeded, taskFailed, taskExpired, taskInvalid}, t.Status)
}

// noteTask notes that a try begins or another one will follow.
func (s *Service) noteTask(t *task, state string, tries int) {
	if t == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.view.AlreadyRetriedTimes = tries; t.view.Status != taskStopping {
		t.step(state, "", s.o.Clock())
	}
}

// endTask notes how a task ended.
func (s *Service) endTask(t *task, state string, out *outcome) {
	if t == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, detail := s.o.Clock(), ""
	if out != nil {
		if t.view.InstanceID = out.instance; out.failed() {
			detail = out.message()
		}
		t.view.DurationMs = out.duration.Milliseconds()
	}
	t.view.EndTime, t.view.TaskErrorMessage = now.UnixMilli(), detail
	t.step(state, detail, now)
}

// finalState is how a task ends whose last try ended like this; Invalid is for functions that are gone.
func finalState(out *outcome) string {
	switch {
	case out.refused != nil && out.refused.Status == http.StatusNotFound:
		return taskInvalid
	case out.failed():
		return taskFailed
	}
	return taskSucceeded
}
