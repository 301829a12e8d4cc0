// Command console serves the pages of Fenghuo and their JSON API behind an HTTP trigger.
//
// Permissions it uses, in the administrator account: fnf:StartExecution (and fnf:DescribeExecution, to recognise an
// execution that was started before) on the playbooks, fnf:ReportTaskSucceeded, and log:GetLogStoreLogs on the Logstores
// stream, alerts and archive.
package main

import (
	"context"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
	"github.com/fenghuo-soc/fenghuo/shared/web"
	"github.com/fenghuo-soc/fenghuo/shared/window"
)

func main() { fc.MainHTTP("console", build) }

func build(ctx context.Context, cfg config) (http.Handler, error) {
	titles, err := loadTitles()
	if err != nil {
		return nil, err
	}
	templates, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	self := fc.Self(ctx)
	central := sls.New(sls.Config{
		Endpoint: cfg.SLSEndpoint, Region: self.Region, Account: self.AccountID,
		Credentials: fc.CredentialsOf[sls.Credentials],
	})
	api := openapi.New(openapi.Config{
		Endpoint: cfg.Endpoint, Region: self.Region, Account: self.AccountID,
		Credentials: fc.CredentialsOf[openapi.Credentials],
	})
	pages, err := web.New(web.Options{
		Store: db, Flows: flows{flow.New(api)}, Titles: titles,
		Logs: logs{central.Project(cfg.Project), map[string]string{web.StreamLogs: cfg.Stream, web.AlertLogs: cfg.Alerts, web.ArchiveLogs: cfg.Archive}},
		Window: window.Viewer{
			Store: db, Catalog: templates, Template: fenghuo.Template, Administrator: self.AccountID, Management: cfg.Management, Now: time.Now,
		}.Look,
		Now: time.Now, TokenSHA256: cfg.TokenSHA256, LogStorage: cfg.LogStorage == "on", StreamDays: cfg.StreamDays,
		Log: fc.Logger, RequestID: requestID, Client: client,
	})
	if err != nil {
		return nil, err
	}
	return &handler{Handler: pages, Closer: db}, nil
}
