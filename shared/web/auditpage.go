package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// auditRows is how many entries of the trail a page shows.
const auditRows = 100

// auditEntry is an entry of the trail as the API tells it.
type auditEntry struct {
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Origin  string    `json:"origin"`
	Action  string    `json:"action"`
	Account string    `json:"account"`
	Detail  string    `json:"detail"`
	Before  string    `json:"before"`
	After   string    `json:"after"`
	Hash    string    `json:"hash"`
}

// auditChain is what came of verifying the whole chain. Broken names the first entry that does not follow, "" for none.
type auditChain struct {
	Entries int    `json:"entries"` // that follow from each other, from the first on
	Last    string `json:"last"`    // hash of the last of them
	Broken  string `json:"broken"`
	Next    string `json:"next"`
}

// auditView is the trail, newest first.
type auditView struct {
	Rows  []auditEntry `json:"entries"`
	More  bool         `json:"more"`            // older entries fit too
	Chain *auditChain  `json:"chain,omitempty"` // when it was asked for

	Filter       auditFilter   `json:"-"`
	Actions      []string      `json:"-"`
	Accounts     []soc.Account `json:"-"`
	Newer, Older int           `json:"-"` // offsets; -1 for none
}

// auditFilter is what the address asks for, as it stands there.
type auditFilter struct {
	Account, Action, By, Text, Since, Until string
	Verify                                  bool
	Offset                                  int
}

func readAuditFilter(q url.Values) (f auditFilter, err error) {
	f = auditFilter{
		Account: q.Get("account"), Action: q.Get("action"), By: q.Get("by"), Text: q.Get("text"), Since: q.Get("since"), Until: q.Get("until"), Verify: q.Get("verify") == "1",
	}
	f.Offset, err = number(q.Get("offset"), 0)
	return f, err
}

// query is the filter as the store takes it.
func (f auditFilter) query(limit int) (store.AuditQuery, error) {
	since, err1 := readDay(f.Since)
	until, err2 := readDay(f.Until)
	return store.AuditQuery{
		Account: f.Account, Action: f.Action, Actor: f.By, Text: f.Text, Since: since, Until: until, Limit: limit, Offset: f.Offset,
	}, errors.Join(err1, err2)
}

// readDay reads a date, as its beginning in UTC, or a time; the zero time for nothing.
func readDay(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	return readTime(s)
}

// audit searches the trail, and verifies it when that is asked for.
func (c *console) audit(r *http.Request) (auditView, error) {
	v := auditView{Rows: []auditEntry{}, Actions: org.Changes(), Newer: -1, Older: -1}
	var err error
	if v.Filter, err = readAuditFilter(r.URL.Query()); err != nil {
		return v, err
	}
	q, err := v.Filter.query(auditRows + 1)
	if err != nil {
		return v, err
	}
	list, err := c.Store.SearchAudit(r.Context(), q)
	if err != nil {
		return v, err
	}
	v.More = len(list) > auditRows
	for _, e := range list[:min(len(list), auditRows)] {
		v.Rows = append(v.Rows, auditEntry(e))
	}
	if v.More {
		v.Older = v.Filter.Offset + auditRows
	}
	if v.Filter.Offset > 0 {
		v.Newer = max(0, v.Filter.Offset-auditRows)
	}
	if v.Filter.Verify {
		v.Chain, err = c.verifyTrail(r)
	}
	return v, err
}

func (c *console) verifyTrail(r *http.Request) (*auditChain, error) {
	var out auditChain
	var err error
	out.Entries, out.Last, err = c.Store.VerifyAudit(r.Context())
	if soc.KindOf(err) == soc.Conflict {
		out.Broken, out.Next, err = err.Error(), soc.NextOf(err), nil
	}
	return &out, err
}

func (c *console) auditPage(r *http.Request) (any, error) {
	v, err := c.audit(r)
	if err != nil {
		return nil, err
	}
	v.Accounts, err = c.Store.Accounts(r.Context())
	return v, err
}
