package web

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pageSet is every page in one language.
type pageSet struct {
	words words
	pages map[string]*template.Template
}

// loadPages parses every page for every language: layout.html and parts.html with the page's own file.
func loadPages() (map[string]*pageSet, error) {
	sets := map[string]*pageSet{}
	for _, lang := range languages {
		w, err := loadWords(lang)
		if err != nil {
			return nil, err
		}
		base, err := template.New("layout.html").Funcs(functions(w)).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", "templates/charts.html")
		if err != nil {
			return nil, fmt.Errorf("parse layout: %w", err)
		}
		files, err := templateFiles.ReadDir("templates")
		if err != nil {
			return nil, fmt.Errorf("list templates: %w", err)
		}
		set := &pageSet{words: w, pages: map[string]*template.Template{}}
		for _, f := range files {
			if f.Name() == "layout.html" || f.Name() == "parts.html" || f.Name() == "charts.html" {
				continue
			}
			t, err := base.Clone()
			if err == nil {
				t, err = t.ParseFS(templateFiles, path.Join("templates", f.Name()))
			}
			if err != nil {
				return nil, fmt.Errorf("parse page %s: %w", f.Name(), err)
			}
			set.pages[strings.TrimSuffix(f.Name(), ".html")] = t
		}
		sets[lang] = set
	}
	return sets, nil
}

// functions are what templates may call besides the methods of page.
func functions(w words) template.FuncMap {
	return template.FuncMap{
		"t": w.t, "clean": clean, "whole": whole, "short": short, "long": long, "num": thousands, "size": size,
		"has": func(key string) bool { _, ok := w[key]; return ok },
		"iso": func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
		"day": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 -07:00") },
		"gap": func(d time.Duration) string { return gap(w, d) }, "tiny": func(s string) string { return cut(s, 38) }, "lead": func(s string) string { return cut(s, longText-20) },
		"seconds": func(d time.Duration) string { return w.t("gap.exact", d.Seconds()) },
	}
}

// page is what every template gets.
type page struct {
	Lang    string
	Title   string // for the heading
	Name    string // of the template
	Path    string // with its query, for coming back
	Now     time.Time
	Session bool // somebody is logged in by cookie
	Owner   bool // the reader has a pass for one account, and sees its window only
	Data    any

	names map[string]string // of accounts, by uid
	words words
	o     *Options
	query url.Values
}

// ZH tells whether the page is in Chinese.
func (p *page) ZH() bool { return p.Lang == chinese }

// Who is an account with its name.
func (p *page) Who(uid string) who { return who{uid, p.names[uid]} }

type who struct{ UID, Name string }

// Rule, Template and Playbook are titles in the page's language.
func (p *page) Rule(id, known string) string {
	if t := title(p.o.Titles.Rule, id, p.ZH()); t != id {
		return t
	}
	return cmp.Or(known, id)
}

// Template is the title of an integration template.
func (p *page) Template(id string) string { return title(p.o.Titles.Template, id, p.ZH()) }

// Playbook is the title of a playbook.
func (p *page) Playbook(name string) string { return title(p.o.Titles.Playbook, name, p.ZH()) }

// EventTitle is the title of a security event.
func (p *page) EventTitle(i soc.Incident) string {
	if p.ZH() {
		return cmp.Or(i.TitleZH, i.Title)
	}
	return cmp.Or(i.Title, i.TitleZH)
}

// Summary is what a task does.
func (p *page) Summary(t soc.Task) string {
	if p.ZH() {
		return cmp.Or(t.SummaryZH, t.Summary)
	}
	return cmp.Or(t.Summary, t.SummaryZH)
}

// Ago is how long ago a time was.
func (p *page) Ago(t time.Time) time.Duration { return p.Now.Sub(t) }

// With hands the page on to a part together with what the part shows.
func (p *page) With(it any) part { return part{p, it} }

// titled is what a page may show that has a name of its own.
type titled interface{ title(p *page) string }

type part struct {
	P  *page
	It any
}

// Here is the page's address with one value of its query changed; "" removes it.
func (p *page) Here(key, value string) string {
	q := url.Values{}
	for k, v := range p.query {
		if k != "token" {
			q[k] = v
		}
	}
	if q.Del(key); value != "" {
		q.Set(key, value)
	}
	base, _, _ := strings.Cut(p.Path, "?")
	if len(q) == 0 {
		return base
	}
	return base + "?" + q.Encode()
}

// render writes a page. Templates are executed into memory first, so that an error does not leave half a page.
func (c *console) render(w http.ResponseWriter, r *http.Request, status int, name, titleKey string, data any) {
	lang := languageOf(r)
	set := c.pages[lang]
	p := &page{
		Lang: lang, Title: set.words.t(titleKey), Name: name, Path: r.URL.RequestURI(), Now: c.Now(), Data: data, words: set.words,
		o: &c.Options, query: r.URL.Query(), names: map[string]string{},
	}
	if it, ok := data.(titled); ok {
		p.Title = cmp.Or(cut(it.title(p), shortText), p.Title)
	}
	owner := c.readers(r, p)
	if name != "login" && name != "error" {
		accounts, err := c.Store.Accounts(r.Context())
		if err != nil {
			c.fail(w, r, err)
			return
		}
		for _, a := range accounts {
			if owner == "" || owner == a.UID {
				p.names[a.UID] = a.Name
			}
		}
	}
	if r.Method != http.MethodGet { // an action has no page to come back to
		p.Path = "/"
	}
	if q := r.URL.Query(); q.Has("token") { // never written into a page
		q.Del("token")
		p.Path = (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).RequestURI()
	}
	var b bytes.Buffer
	if err := set.pages[name].ExecuteTemplate(&b, "layout.html", p); err != nil {
		c.Log(r.Context()).ErrorContext(r.Context(), "page was not rendered", "page", name, "error", err.Error())
		http.Error(w, "the page could not be written", http.StatusInternalServerError)
		return
	}
	rememberLanguage(w, r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client is gone; nobody to tell
}

// readers notes who reads: somebody with a session, or the owner of one account, whose uid it returns.
func (c *console) readers(r *http.Request, p *page) (owner string) {
	if !c.auth.configured() {
		return ""
	}
	if token, ok := bearer(r); ok {
		owner, _ = c.auth.passOf(token)
	} else if k, err := r.Cookie(sessionCookie); err == nil {
		owner, _ = c.auth.passOf(k.Value)
		p.Session = owner != "" || c.auth.validSession(k.Value)
	}
	p.Owner = owner != ""
	return owner
}

// SourceHealth is the health of a source, or that it is off.
func (p *page) SourceHealth(enabled bool, h soc.Health) soc.Health {
	return healthOf(soc.DataSource{Enabled: enabled, Health: h})
}

// thousands writes a whole number with separators.
func thousands(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes bytes in binary units.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// gap writes a span in its largest fitting unit.
func gap(w words, d time.Duration) string {
	d = max(d, -d)
	switch {
	case d < time.Minute:
		return w.t("gap.seconds", int(d/time.Second))
	case d < 2*time.Hour:
		return w.t("gap.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return w.t("gap.hours", int(d/time.Hour))
	default:
		return w.t("gap.days", int(d/(24*time.Hour)))
	}
}
