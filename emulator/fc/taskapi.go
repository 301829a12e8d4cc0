package fc

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Service) getTask(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.lookupTask(q)
	if err != nil {
		return nil, err
	}
	view := t.view
	view.Events = slices.Clone(view.Events)
	return view, nil
}

// lookupTask needs s.mu.
//
// Assumption: the code AsyncTaskNotFound; the sheet has none.
func (s *Service) lookupTask(q *apiCall) (*task, *Error) {
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	if t := f.tasks.find(q.sub, q.qualifier()); t != nil && s.o.Clock().Sub(t.accepted) <= taskKept {
		return t, nil
	}
	return nil, errorf(http.StatusNotFound, "AsyncTaskNotFound", "asynchronous task '%s' does not exist", q.sub)
}

// stopTask ends a task: one that waits is not run, and of one that runs the request is given up as when a client
// cancels.
//
// Assumption: stopping a task that has ended changes nothing and succeeds.
func (s *Service) stopTask(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.lookupTask(q)
	if err != nil {
		return nil, err
	}
	if !t.view.ended() && t.view.Status != taskStopping {
		t.step(taskStopping, "", s.o.Clock())
		t.cancel(errTaskStopped)
	}
	return nil, nil
}

// listTasks lists the tasks of a qualifier.
//
// Assumption: the oldest first unless sortOrderByTime is desc, and without payloads and events unless they are asked for.
func (s *Service) listTasks(q *apiCall) (any, *Error) {
	keep, err := taskFilter(q)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	list, now := []AsyncTask{}, s.o.Clock()
	for _, t := range f.tasks.list {
		if now.Sub(t.accepted) > taskKept || !keep(t.view) {
			continue
		}
		view := t.view
		if view.Events = nil; q.query.Get("includePayload") != "true" {
			view.TaskPayload = ""
		}
		list = append(list, view)
	}
	switch q.query.Get("sortOrderByTime") {
	case "", "asc":
	case "desc":
		slices.Reverse(list)
	default:
		return nil, invalid("sortOrderByTime must be asc or desc")
	}
	page, next, err := paginateFrom(q, list, func(t AsyncTask) string { return t.TaskID })
	return map[string]any{"tasks": page, "nextToken": next}, err
}

func taskFilter(q *apiCall) (func(AsyncTask) bool, *Error) {
	var bounds [2]int64
	for i, name := range []string{"startedTimeBegin", "startedTimeEnd"} {
		text := q.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, invalid("%s must be Unix milliseconds", name)
		}
		bounds[i] = n
	}
	status, prefix := q.query.Get("status"), q.query.Get("prefix")
	return func(t AsyncTask) bool {
		return t.Qualifier == q.qualifier() && (status == "" || t.Status == status) && strings.HasPrefix(t.TaskID, prefix) &&
			t.StartedTime >= bounds[0] && (bounds[1] == 0 || t.StartedTime <= bounds[1])
	}, nil
}
