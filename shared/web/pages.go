package web

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// routePages adds the pages. A page reads the state, makes its view and leaves the looks to the template of its name.
func (c *console) routePages(m *http.ServeMux) {
	show := func(pattern, name, titleKey string, view func(*http.Request) (any, error)) {
		m.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			data, err := view(r)
			if err != nil {
				c.fail(w, r, err)
				return
			}
			c.render(w, r, http.StatusOK, name, titleKey, data)
		})
	}
	show("/{$}", "overview", "overview.title", c.overviewPage)
	show("/events", "events", "events.title", c.eventsPage)
	show("/events/{id}", "event", "event.title", c.eventPage)
	show("/response", "response", "response.title", c.responsePage)
	show("/search", "search", "search.title", c.searchPage)
	show("/sources", "sources", "sources.title", c.sourcesPage)
	show("/accounts", "accounts", "accounts.title", c.accountsPage)
	show("/audit", "audit", "audit.title", c.auditPage)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.fail(w, r, &soc.Error{Kind: soc.NotFound, Op: "find page", Err: errors.New("there is no page of this address"), Code: "NoPage"})
	})
}

// overviewView is the first page.
type overviewView struct {
	snapshot
	Levels   []levelBar
	Hours    hourChart
	Grid     sourceGrid
	Troubled []soc.Health // states of sources that need somebody, with a count above zero
	P50, P95 time.Duration
	Delays   int
}

// Healthy is how many sources are healthy.
func (v overviewView) Healthy() int { return v.Sources[soc.Healthy] }

func (c *console) overviewPage(r *http.Request) (any, error) {
	s, err := c.snapshot(r.Context())
	if err != nil {
		return nil, err
	}
	v := overviewView{snapshot: s, Levels: levelBars(s.Open), Hours: alertHours(s.Recent, c.Now()), Grid: gridOf(s.Members, s.Feeds)}
	for _, h := range healths {
		if s.Sources[h] > 0 && h != soc.Healthy && h != soc.Off {
			v.Troubled = append(v.Troubled, h)
		}
	}
	v.P50, v.P95, v.Delays = delays(s.Recent, s.Members, c.Now().Add(-24*time.Hour))
	return v, nil
}

// delays are how long it took from the log to the alert, for alerts that were raised since then. Logs that were there
// before their account joined waited for nobody, so they do not count.
func delays(alerts []soc.Alert, accounts []soc.Account, since time.Time) (p50, p95 time.Duration, n int) {
	joined := map[string]time.Time{}
	for _, a := range accounts {
		joined[a.UID] = a.JoinedAt
	}
	var all []time.Duration
	for _, a := range alerts {
		if a.CreatedAt.After(since) && !a.WrittenAt.IsZero() && !a.WrittenAt.Before(joined[a.Account]) {
			all = append(all, a.CreatedAt.Sub(a.WrittenAt))
		}
	}
	if len(all) == 0 {
		return 0, 0, 0
	}
	slices.Sort(all)
	at := func(p int) time.Duration { return all[(len(all)*p+99)/100-1] }
	return at(50), at(95), len(all)
}

// pageRows is how many rows a page of a list has.
const pageRows = 50

// eventsView is the list of security events.
type eventsView struct {
	Rows     []soc.Incident
	Total    int
	Filter   eventFilter
	States   []soc.IncidentState
	Levels   []soc.Level
	Accounts []soc.Account
	From, To int // numbers of the rows shown, from 1
	Prev     int // offset of the page before; -1 for none
	Next     int
}

var levels = []soc.Level{soc.Critical, soc.High, soc.Medium, soc.Low, soc.Informational}

func (c *console) eventsPage(r *http.Request) (any, error) {
	f, err := readEventFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	offset, err := number(r.URL.Query().Get("offset"), 0)
	if err != nil {
		return nil, err
	}
	list, err1 := c.findEvents(r.Context(), f)
	accounts, err2 := c.Store.Accounts(r.Context())
	v := eventsView{Total: len(list), Filter: f, States: states, Levels: levels, Accounts: accounts, Prev: -1, Next: -1}
	offset = min(offset, len(list))
	v.Rows = list[offset:min(offset+pageRows, len(list))]
	v.From, v.To = offset+1, offset+len(v.Rows)
	if offset > 0 {
		v.Prev = max(0, offset-pageRows)
	}
	if v.To < v.Total {
		v.Next = v.To
	}
	return v, errors.Join(err1, err2)
}

// sourcesView is the list of data sources with what was put aside while reading them.
type sourcesView struct {
	Rows   []sourceRow
	Grid   sourceGrid
	Parked []parked
	Health string // chosen by the address
}

// sourceRow is a data source with when its policy was switched on; zero when that is not known.
type sourceRow struct {
	soc.DataSource
	Since time.Time
}

func (c *console) sourcesPage(r *http.Request) (any, error) {
	accounts, err1 := c.Store.Accounts(r.Context())
	list, err2 := c.Store.DataSources(r.Context())
	aside, err3 := c.parked(r.Context())
	policies, err4 := c.Store.Policies(r.Context())
	since := map[[2]string]time.Time{}
	for _, p := range policies {
		since[[2]string{p.Account, p.Template}] = p.UpdatedAt
	}
	v := sourcesView{Grid: gridOf(accounts, list), Parked: aside, Health: r.URL.Query().Get("health")}
	if v.Health != "" && !slices.Contains(healths, soc.Health(v.Health)) {
		return nil, badInput("the health of the address is none", "use failed, silent, delayed, initialising, healthy or off")
	}
	for _, d := range byAccount(list) {
		if d.Health = healthOf(d); v.Health == "" || string(d.Health) == v.Health {
			v.Rows = append(v.Rows, sourceRow{d, since[[2]string{d.Account, d.Template}]})
		}
	}
	return v, errors.Join(err1, err2, err3, err4)
}

func (c *console) accountsPage(r *http.Request) (any, error) {
	accounts, err1 := c.Store.Accounts(r.Context())
	sources, err2 := c.Store.DataSources(r.Context())
	rows := make([]accountRow, len(accounts))
	for i, a := range accounts {
		rows[i] = accountRow{Account: a, Sources: map[soc.Health]int{}}
		for _, d := range sources {
			if d.Account == a.UID {
				rows[i].Sources[healthOf(d)]++
			}
		}
	}
	return rows, errors.Join(err1, err2)
}

// accountRow is an account with how its sources are.
type accountRow struct {
	soc.Account
	Sources map[soc.Health]int
}
