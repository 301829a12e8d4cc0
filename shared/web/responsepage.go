package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// responseView is what waits for a person, and what playbooks did.
type responseView struct {
	Waiting []question
	Runs    []runView
	Total   int
	Next    int // offset of the next page; -1 for none
}

// question is an approval with what would be done.
type question struct {
	soc.Approval
	Run   soc.Run
	Event soc.Incident
}

// Left is how long the question stays open.
func (q question) Left(now time.Time) time.Duration { return q.Deadline.Sub(now) }

// ByAccount groups the tasks of a run by account, in the plan's order.
func (q question) ByAccount() []accountTasks { return byAccountTasks(q.Run.Tasks) }

type accountTasks struct {
	Account string
	Tasks   []soc.Task
}

func byAccountTasks(tasks []soc.Task) []accountTasks {
	var out []accountTasks
	at := map[string]int{}
	for _, t := range tasks {
		i, ok := at[t.Account]
		if !ok {
			i = len(out)
			at[t.Account] = i
			out = append(out, accountTasks{Account: t.Account})
		}
		out[i].Tasks = append(out[i].Tasks, t)
	}
	return out
}

// runView is a run with what can be done about it.
type runView struct {
	soc.Run
	Event     string // title of its event, "" on the event's own page
	CanRetry  bool
	CanUndo   bool
	Succeeded int
	Failed    int
}

func viewRun(run soc.Run, eventTitle string, now time.Time) runView {
	v := runView{Run: run, Event: eventTitle, CanRetry: refusal(run, "retry", now) == "", CanUndo: refusal(run, "undo", now) == ""}
	for _, t := range run.Tasks {
		switch t.State {
		case soc.TaskSucceeded:
			v.Succeeded++
		case soc.TaskFailed:
			v.Failed++
		}
	}
	return v
}

// RunViews are the event's runs.
func (v eventView) RunViews(now time.Time) []runView {
	out := make([]runView, len(v.Runs))
	for i, run := range v.Runs {
		out[i] = viewRun(run, "", now)
	}
	return out
}

func (c *console) responsePage(r *http.Request) (any, error) {
	ctx := r.Context()
	offset, err := number(r.URL.Query().Get("offset"), 0)
	if err != nil {
		return nil, err
	}
	waiting, err1 := c.waiting(ctx)
	runs, err2 := c.Store.Runs(ctx)
	incidents, err3 := c.Store.Incidents(ctx, store.IncidentFilter{Limit: maxEvents})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	events, byID := map[string]soc.Incident{}, map[string]soc.Run{}
	for _, i := range incidents {
		events[i.ID] = i
	}
	for _, run := range runs {
		byID[run.ID] = run
	}
	v := responseView{Total: len(runs), Next: -1}
	for _, a := range waiting {
		run := byID[a.RunID]
		v.Waiting = append(v.Waiting, question{Approval: a, Run: run, Event: events[run.IncidentID]})
	}
	zh := languageOf(r) == chinese
	offset = min(offset, len(runs))
	for _, run := range runs[offset:min(offset+pageRows, len(runs))] {
		e := events[run.IncidentID]
		v.Runs = append(v.Runs, viewRun(run, (&page{Lang: map[bool]string{true: chinese, false: english}[zh]}).EventTitle(e), c.Now()))
	}
	if n := offset + len(v.Runs); n < len(runs) {
		v.Next = n
	}
	return v, nil
}
