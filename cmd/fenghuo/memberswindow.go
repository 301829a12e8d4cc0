package main

import (
	"context"
	"encoding/json"
	"html/template"
	"os"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/window"
)

type membersWindow struct {
	cloudFlags
	Account string `arg:"" help:"Uid of the member."`
	HTML    bool   `name:"html" help:"Write a page instead of JSON. It loads nothing from elsewhere and can be handed on."`
}

// Run writes the window to standard output.
func (m *membersWindow) Run(ctx context.Context) error {
	c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := c.onboard(ctx, map[string]any{"operation": "window", "account": m.Account}, &raw); err != nil {
		return err
	}
	if !m.HTML {
		return writeJSON(os.Stdout, raw)
	}
	var w window.Window
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	return windowPage.Execute(os.Stdout, w)
}

var windowPage = template.Must(template.New("window").Funcs(template.FuncMap{
	"when": func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	},
}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>What the SOC reads from account {{.Account}}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{text-align:left;vertical-align:top;border-bottom:1px solid #ccc;padding:.3rem .6rem .3rem 0;min-width:5.5rem}td code{display:block;min-width:15rem}code{word-break:break-all}</style></head><body>
<h1>What the SOC reads from account {{.Account}} {{.Name}}</h1>
<p>State: <b>{{.State}}</b>, since {{when .Since}}. Playbooks {{if .Response}}may act in it{{else}}may not act in it{{end}}. As of {{when .At}}.</p>
<h2>Data sources</h2><table><tr><th>Source<th>Read by<th>Since<th>Last read<th>Newest log<th>Records<th>Bytes<th>State</tr>
{{range .Sources}}<tr><td>{{.Product}}<br><code>{{range .Stores}}{{.Project}}/{{.Logstore}} {{end}}</code><td><code>{{.Role}}</code><td>{{when .Since}}<td>{{when .LastRead}}<td>{{when .LastLog}}<td>{{.Records}}<td>{{.Bytes}}<td>{{if .Enabled}}{{.Health}}{{else}}off{{end}}</tr>
{{else}}<tr><td colspan="8">Nothing is read.</tr>{{end}}</table>
<h2>Roles</h2>{{range .Roles}}<h3>{{.Name}}</h3><p>May be taken by {{range .TrustedBy}}<code>{{.}}</code> {{end}}{{if .ExternalID}}with the directory's external id only{{end}}.</p>
{{range .Grants}}<p>It may do {{range .Actions}}<code>{{.}}</code> {{end}} on</p><p>{{range .Resources}}<code>{{.}}</code><br>{{end}}</p>{{end}}{{end}}
<h2>What was done to the account</h2><table><tr><th>When<th>Who<th>What<th>Before<th>After</tr>
{{range .Changes}}<tr><td>{{when .At}}<td>{{.Actor}}<td><b>{{or .Title .Action}}</b> <span lang="zh">{{.TitleZH}}</span><br>{{.Detail}}<td><code>{{.Before}}</code><td><code>{{.After}}</code></tr>{{end}}</table>
{{range .Receipts}}<h2>Receipt of leaving on {{when .LeftAt}}</h2><p>{{.Note}}</p><ul>{{range .Roles}}<li>{{.Name}}: {{.State}}</li>{{end}}{{range .Kept}}<li>kept: {{.What}}, {{.Where}}{{if .Until.IsZero}}{{else}}, until {{when .Until}}{{end}}</li>{{end}}</ul>{{end}}
</body></html>
`))
