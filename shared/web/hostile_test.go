package web

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const flood = "AAAAAAAAAA"

// hostile is what a log field may hold: markup, quotes, a template, characters that hide or turn text, NUL, 10 kB.
func hostile(s string) string {
	return "\"'><script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)></title></style>javascript:alert(1){{.}}&lt;b&gt;" +
		"\u202e\u200b\u2066\x00\x1b[31m\r\n\ufeff\U000e0041\u115f\xff" + s + strings.Repeat(flood, 1024)
}

var (
	plainClass   = regexp.MustCompile(`^[a-z_ -]*$`)
	knownElement = regexp.MustCompile(`^(html|head|meta|title|link|script|body|a|header|img|span|div|form|button|nav|ul|li|main|h1|h2|h3|h4|p|b|small|section|` +
		`table|caption|thead|tbody|tr|th|td|details|summary|dl|dt|dd|code|pre|label|select|option|input|time|footer|svg|rect|line|circle|text|g)$`)
)

// inspect reads a page as strict XML, which our pages are, and returns its visible text. Elements or attributes that
// only data could have made are errors.
func inspect(t *testing.T, where, page string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	var text strings.Builder
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatalf("%s is not well formed: %v\n%.300s", where, err, page[min(len(page), max(0, int(d.InputOffset())-150)):])
		}
		switch tok := tok.(type) {
		case xml.CharData:
			text.Write(tok)
		case xml.StartElement:
			if !knownElement.MatchString(tok.Name.Local) {
				t.Errorf("%s has an element %s", where, tok.Name.Local)
			}
			for _, a := range tok.Attr {
				inspectAttribute(t, where, tok.Name.Local, a.Name.Local, a.Value)
			}
		case xml.Comment, xml.ProcInst:
			t.Errorf("%s has a comment or an instruction", where)
		}
	}
}

func inspectAttribute(t *testing.T, where, element, name, value string) {
	t.Helper()
	bad := false
	switch name {
	case "class":
		bad = !plainClass.MatchString(value)
	case "src":
		bad = value != "/static/console.js" && value != "/static/icon.svg"
	case "href", "action":
		bad = !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "#") || strings.HasPrefix(value, "//") || strings.ContainsAny(value, "<>\"' \n\x00")
	case "title", "alt", "aria-label", "placeholder", "data-label":
		bad = strings.ContainsFunc(value, strange) || len(value) > 2000
	case "style", "srcdoc", "formaction":
		bad = true
	default:
		bad = strings.HasPrefix(name, "on")
	}
	if bad {
		t.Errorf("%s: <%s %s=%.200q>", where, element, name, value)
	}
}

func TestPagesEscapeEverything(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, hostile)
	must(t, db.SavePass(t.Context(), soc.Pass{ID: hostile("P"), Account: uidD, For: hostile("alice"), GivenAt: testNow, GivenBy: hostile("console"), Ends: testNow.Add(1)},
		store.AuditEntry{At: testNow, Actor: hostile("console"), Action: "window.pass", Account: uidD, Detail: hostile("d"), Origin: hostile("o"), Before: hostile("b"), After: hostile("a")}))
	must(t, db.SaveAccount(t.Context(), soc.Account{UID: hostile("1"), Name: hostile("x"), State: soc.AccountJoined}))
	must(t, db.SaveDataSource(t.Context(), soc.DataSource{Name: hostile("n"), Template: hostile("t"), Account: hostile("1"), Region: hostile("r"), Health: soc.Health(hostile("h")), Enabled: true}))
	other := s.Incident
	other.ID, other.Entities = "other", []soc.Entity{{Type: soc.EntityType(hostile("t")), Value: hostile("v"), Account: hostile("a"), Part: hostile("p")}}
	other.Accounts, other.Rules = []string{hostile("1")}, []string{hostile("r")}
	must(t, db.SaveIncident(t.Context(), other, nil))
	must(t, db.AddTimeline(t.Context(), "other", "k", soc.TimelineEntry{At: testNow, Account: hostile("a"), Kind: hostile("k"), Actor: hostile("x"), Text: hostile("t"), Ref: hostile("r")}))
	cloud.find = func(LogQuery) (LogResult, error) {
		return LogResult{Count: 1, Logs: []map[string]string{{hostile("field"): hostile("value"), "__time__": hostile("1"), "__tag__:fenghuo_account": hostile("1"), "__tag__:fenghuo_template": hostile("t")}}}, nil
	}
	for _, lang := range languages {
		for _, target := range []string{
			"/", "/events", "/events/" + s.Incident.ID, "/events/other", "/response", "/sources", "/accounts", "/audit", "/audit?verify=1", "/accounts/" + uidC, "/accounts/" + uidD,
			"/search?query=" + url.QueryEscape(hostile("q")[:900]), "/login?next=" + url.QueryEscape("/"+hostile("")[:300]), "/events/" + url.PathEscape(hostile("id")[:300]),
		} {
			where := lang + " " + target[:min(60, len(target))]
			status, page := ask(t, h, target, "", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "lang", Value: lang}) })
			if status != http.StatusOK && !strings.Contains(target, "%22") {
				t.Errorf("%s answers %d", where, status)
			}
			text := inspect(t, where, page)
			if i := strings.IndexFunc(text, strange); i >= 0 {
				t.Errorf("%s shows %q", where, text[max(0, i-20):min(len(text), i+20)])
			}
			if target == "/events/"+s.Incident.ID && !strings.Contains(text, strings.Repeat(flood, 1024)) {
				t.Errorf("%s does not let one see all of a long value", where)
			}
		}
	}
	for _, target := range []string{"/api/events", "/api/events/" + s.Incident.ID, "/api/accounts", "/api/sources", "/api/search?query=x", "/api/runs", "/api/parked", "/api/accounts/" + uidD + "/window"} {
		rec := record(t, h, target, "")
		if body := rec.Body.String(); strings.ContainsAny(body, "<>\x00") || rec.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s answers %s with raw markup", target, rec.Header().Get("Content-Type"))
		}
	}
}

func TestApprovalTokenIsNeverShown(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{})
	s := seed(t, db, same)
	for _, target := range []string{"/", "/response", "/events/" + s.Incident.ID, "/api/approvals", "/api/runs/" + s.Run.ID, "/api/events/" + s.Incident.ID} {
		if _, body := ask(t, h, target, ""); strings.Contains(body, "task+token") || strings.Contains(body, "task&#43;token") {
			t.Errorf("%s shows the task token", target)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain 中文 é 🔥": "plain 中文 é 🔥", "a\u202eb": "a⟨U+202E⟩b", "\x00": "⟨U+0000⟩", "a\nb\tc": "a\nb\tc", "\u200bx\ufeff": "⟨U+200B⟩x⟨U+FEFF⟩", "\xff": "\uFFFD", "\r": "⟨U+000D⟩",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) is %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "plain", hostile("x"), "\xf0\x9f", strings.Repeat("火", 70_000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if out := clean(s); strings.ContainsFunc(out, strange) {
			t.Errorf("clean(%q) is %q", s, out)
		}
		if out := []rune(short(s)); len(out) > shortText || strings.ContainsAny(string(out), "\n\t") {
			t.Errorf("short(%q) is %q", s, string(out))
		}
	})
}

func FuzzNarrow(f *testing.F) {
	for _, s := range []string{"", "*", "a and b", `"x|y" | SELECT 1`, `"open`, `\"|`, "| SELECT 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := narrow(s, "CONDITION")
		if !strings.HasPrefix(out, "CONDITION") || len(out) > len(s)+len("CONDITION and () ") {
			t.Errorf("narrow(%q) is %q", s, out)
		}
	})
}
