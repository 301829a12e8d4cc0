package main

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/rules"
	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/web"
)

// handler serves the pages, and closes the store when the instance ends.
type handler struct {
	http.Handler
	io.Closer
}

// flows drives CloudFlow for the console.
type flows struct{ c *flow.Client }

func (f flows) Start(ctx context.Context, name, execution, input string) error {
	_, err := f.c.StartExecution(ctx, name, execution, input)
	return err
}

func (f flows) Report(ctx context.Context, token, output string) error {
	return f.c.ReportTaskSucceeded(ctx, token, output)
}

// searcher runs one query; *sls.Project is one.
type searcher interface {
	GetLogsComplete(ctx context.Context, logstore string, q sls.Query) (*sls.Result, error)
}

// logs searches the central project. names are its Logstores, by what the pages call them.
type logs struct {
	project searcher
	names   map[string]string
}

func (l logs) Search(ctx context.Context, q web.LogQuery) (web.LogResult, error) {
	r, err := l.project.GetLogsComplete(ctx, l.names[q.Store], sls.Query{From: q.From, To: q.To, Query: q.Query, Line: q.Limit, Offset: q.Offset, Reverse: true})
	if err != nil {
		return web.LogResult{}, err
	}
	return web.LogResult{Logs: r.Logs, Columns: r.Columns, Count: r.Count, Complete: r.Complete}, nil
}

// loadTitles collects the names of what is built in.
func loadTitles() (web.Titles, error) {
	detector, _, err := detection.Load(rules.FS) // its problems are detect's to report
	if err != nil {
		return web.Titles{}, err
	}
	templates, err := catalog.Load()
	if err != nil {
		return web.Titles{}, err
	}
	book, err := response.Load()
	if err != nil {
		return web.Titles{}, err
	}
	type names struct{ en, zh string }
	rule := map[string]names{}
	for _, r := range detector.Rules() {
		rule[r.ID] = names{r.Title, r.Custom["title_zh"]}
	}
	pick := func(n names, zh bool) string {
		if zh {
			return cmp.Or(n.zh, n.en)
		}
		return n.en
	}
	return web.Titles{
		Rule: func(id string, zh bool) string {
			return cmp.Or(pick(rule[id], zh), org.ChangeTitle(id, zh)) // what onboard opens names a change, not a rule
		},
		Template: func(id string, zh bool) string {
			t, _ := templates.Template(id) // an unknown one has no title
			return pick(names{t.Title, t.TitleZH}, zh)
		},
		Playbook: func(name string, zh bool) string {
			p, _ := book.Playbook(name) // an unknown one has no title
			return pick(names{p.Title, p.TitleZH}, zh)
		},
	}, nil
}

func requestID(ctx context.Context) string {
	c, ok := fc.FromContext(ctx)
	if !ok {
		return ""
	}
	return c.RequestID
}

// client is the address that the platform saw; a client cannot set the header itself (fc.md §1.3).
func client(r *http.Request) string {
	if ip := r.Header.Get("x-fc-client-ip"); ip != "" {
		return ip
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
