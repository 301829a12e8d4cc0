package web

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// maxEvents and maxAlerts bound how many events a list looks through, and how many of the newest alerts are counted.
const (
	maxEvents = 10_000
	maxAlerts = 10_000
)

// snapshot is the state behind the overview.
type snapshot struct {
	counts
	Members []soc.Account
	Feeds   []soc.DataSource
	Open    []soc.Incident
	Waiting []soc.Approval
	Recent  []soc.Alert // the newest, oldest first
}

func (c *console) snapshot(ctx context.Context) (snapshot, error) {
	var s snapshot
	var err1, err2, err3, err4, err5 error
	s.Members, err1 = c.Store.Accounts(ctx)
	s.Feeds, err2 = c.Store.DataSources(ctx)
	s.Open, err3 = c.Store.Incidents(ctx, store.IncidentFilter{Open: true, Limit: maxEvents})
	s.Recent, err4 = c.Store.Alerts(ctx, store.AlertFilter{Limit: maxAlerts})
	s.Waiting, err5 = c.waiting(ctx)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return s, err
	}
	s.counts = counts{Accounts: len(s.Members), Sources: map[soc.Health]int{}, OpenEvents: len(s.Open), Approvals: len(s.Waiting), Alerts: len(s.Recent)}
	for _, a := range s.Members {
		if a.State == soc.AccountJoined {
			s.Joined++
		}
	}
	for _, h := range healths {
		s.Sources[h] = 0
	}
	for _, d := range s.Feeds {
		s.Sources[healthOf(d)]++
	}
	return s, nil
}

// waiting returns the questions that can still be answered.
func (c *console) waiting(ctx context.Context) ([]soc.Approval, error) {
	list, err := c.Store.Approvals(ctx)
	now := c.Now()
	return slices.DeleteFunc(list, func(a soc.Approval) bool { return a.Decision != "" || !now.Before(a.Deadline) }), err
}

// healths are the states of a source, the ones that need somebody first.
var healths = []soc.Health{soc.Failed, soc.Silent, soc.Delayed, soc.Initialising, soc.Healthy, soc.Off}

// healthOf never shows a source that is switched off, or that nobody has judged, as anything better.
func healthOf(d soc.DataSource) soc.Health {
	switch {
	case !d.Enabled:
		return soc.Off
	case !slices.Contains(healths, d.Health):
		return soc.Initialising
	default:
		return d.Health
	}
}

// eventFilter is what the address of the list of events says. Empty fields choose all; State "open" is all but closed.
type eventFilter struct {
	State   string
	Level   soc.Level // 0 for all
	Account string
}

func readEventFilter(q url.Values) (eventFilter, error) {
	f := eventFilter{State: q.Get("state"), Account: q.Get("account")}
	if f.State != "" && f.State != "open" && !slices.Contains(states, soc.IncidentState(f.State)) {
		return f, badInput("the state of the address is none", "use open, new, in_progress, contained or closed")
	}
	if l := q.Get("level"); l != "" {
		if f.Level = soc.ParseLevel(l); f.Level.String() != l {
			return f, badInput("the level of the address is none", "use critical, high, medium, low or informational")
		}
	}
	if strings.TrimLeft(f.Account, "0123456789") != "" {
		return f, badInput("the account of the address is no uid", "use the 16 digits of an account's uid")
	}
	return f, nil
}

// findEvents returns the events that a filter chooses, the most severe first, then the most recent.
func (c *console) findEvents(ctx context.Context, f eventFilter) ([]soc.Incident, error) {
	list, err := c.Store.Incidents(ctx, store.IncidentFilter{Open: f.State == "open", Limit: maxEvents})
	return slices.DeleteFunc(list, func(i soc.Incident) bool {
		return f.State != "" && f.State != "open" && string(i.State) != f.State ||
			f.Level != 0 && i.Level != f.Level ||
			f.Account != "" && !slices.Contains(i.Accounts, f.Account)
	}), err
}

// byAccount sorts sources by account, then by template.
func byAccount(list []soc.DataSource) []soc.DataSource {
	return slices.SortedFunc(slices.Values(list), func(a, b soc.DataSource) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Template, b.Template), cmp.Compare(a.Name, b.Name))
	})
}
