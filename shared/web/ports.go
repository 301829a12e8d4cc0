package web

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// Store is the state that the console shows and changes; *store.DB is one.
type Store interface {
	eventStore
	historyStore
	responseStore
	approvalStore
	passStore
	scopeStore
	// WithLock runs f while no other process runs under the same name.
	WithLock(ctx context.Context, name string, ttl time.Duration, f func(context.Context) error) error
}

type eventStore interface {
	Incidents(ctx context.Context, f store.IncidentFilter) ([]soc.Incident, error)
	Incident(ctx context.Context, id string) (soc.Incident, error)
	SetIncidentState(ctx context.Context, id string, state soc.IncidentState, now time.Time) error
}

type historyStore interface {
	Timeline(ctx context.Context, incidentID string) ([]soc.TimelineEntry, error)
	AddTimeline(ctx context.Context, incidentID, key string, e soc.TimelineEntry) error
	Audit(ctx context.Context, e store.AuditEntry) error
	SearchAudit(ctx context.Context, q store.AuditQuery) ([]store.AuditEntry, error)
	// VerifyAudit is a Conflict that names the first broken entry.
	VerifyAudit(ctx context.Context) (entries int, last string, err error)
}

type responseStore interface {
	Run(ctx context.Context, id string) (soc.Run, error)
	Runs(ctx context.Context) ([]soc.Run, error)
	RunsOf(ctx context.Context, incidentID string) ([]soc.Run, error)
	SetRunState(ctx context.Context, id string, state soc.RunState, now time.Time) error
}

type approvalStore interface {
	Approval(ctx context.Context, id string) (soc.Approval, error)
	Approvals(ctx context.Context) ([]soc.Approval, error)
	Decide(ctx context.Context, id, decision, by string, now time.Time) error
}

type scopeStore interface {
	Accounts(ctx context.Context) ([]soc.Account, error)
	DataSources(ctx context.Context) ([]soc.DataSource, error)
	Policies(ctx context.Context) ([]soc.Policy, error)
	Alerts(ctx context.Context, f store.AlertFilter) ([]soc.Alert, error)
	ParkedItems(ctx context.Context) ([]store.Parked, error)
}

type passStore interface {
	SavePass(ctx context.Context, p soc.Pass, e store.AuditEntry) error
	// Pass is NotFound when none has the id.
	Pass(ctx context.Context, id string) (soc.Pass, error)
	Passes(ctx context.Context, account string) ([]soc.Pass, error)
	RevokePass(ctx context.Context, account, id, by string, now time.Time, e store.AuditEntry) error
}

// Flows starts playbooks and answers those that wait.
type Flows interface {
	// Start starts a flow, once for each name of an execution. input is JSON text.
	Start(ctx context.Context, flow, name, input string) error
	// Report answers the task that waits with the token, a secret. output is JSON text.
	Report(ctx context.Context, token, output string) error
}

// Logs searches the central stream.
type Logs interface {
	Search(ctx context.Context, q LogQuery) (LogResult, error)
}

// The central Logstores that can be searched.
const (
	StreamLogs  = "stream"  // the products' records as they came
	AlertLogs   = "alerts"  // what the rules wrote
	ArchiveLogs = "archive" // normalised records
)

// LogQuery asks for logs of one Logstore that were received in [From, To), newest first.
type LogQuery struct {
	Store    string // StreamLogs, AlertLogs or ArchiveLogs
	From, To time.Time
	Query    string // in the language of SLS
	Limit    int    // at most 100
	Offset   int
}

// LogResult is what was found. Complete is false when only a part of the range was searched. Columns are those of an
// analysis (SQL), in its order; a search has none.
type LogResult struct {
	Logs     []map[string]string `json:"logs"`
	Columns  []string            `json:"columns,omitempty"`
	Count    int                 `json:"count"`
	Complete bool                `json:"complete"`
}

// Titles gives names for people. Each function returns "" for what it does not know; zh asks for Chinese. A nil
// function knows nothing.
type Titles struct {
	Rule     func(id string, zh bool) string // detection rule
	Template func(id string, zh bool) string // integration template
	Playbook func(name string, zh bool) string
}

func title(f func(string, bool) string, id string, zh bool) string {
	if f != nil {
		if t := f(id, zh); t != "" {
			return t
		}
	}
	return id
}
