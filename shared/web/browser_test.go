package web

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestInABrowser looks at the console with one Chromium; each part has a window, and cookies, of its own.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	for name, part := range map[string]func(*testing.T, context.Context){
		"pages": pagesInABrowser, "keys": keysInABrowser, "long words": longWordsInABrowser, "window": windowInABrowser, "search": searchInABrowser,
	} {
		t.Run(name, func(t *testing.T) {
			own, end := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
			t.Cleanup(end)
			part(t, own)
		})
	}
}

// browser starts Chromium, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" || testing.Short() {
		t.Skip("there is no Chromium, or the tests are to be short")
	}
	alloc, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	must(t, chromedp.Do(ctx)) // the browser lives as long as the context of its first use, so the limit comes after it
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func look[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	must(t, err)
	return v
}

// torn lists short words that a page breaks in two, and cells of a stacked table that stand apart. What stands inside
// an address, an id or JSON may break anywhere.
const torn = `(() => {
	const out = new Set(), main = document.querySelector("main");
	const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const n = walk.currentNode, e = n.parentElement;
		if (e.closest("svg,.hidden,option,pre") || !e.checkVisibility()) continue;
		for (const m of n.data.matchAll(/(?<![^\s(])[A-Za-z0-9_]{1,16}(?![^\s,;:)])/g)) {
			const r = document.createRange();
			r.setStart(n, m.index);
			r.setEnd(n, m.index + m[0].length);
			if (new Set([...r.getClientRects()].map((b) => Math.round(b.top))).size > 1) out.add(m[0]);
		}
	}
	for (const c of main.querySelectorAll("td,th")) if (parseFloat(getComputedStyle(c).marginTop) > 0) out.add("margin of " + c.className);
	return [...out];
})()`

// barred lists what keeps people out who do not see the page or use no mouse: controls and links without a name, pictures
// without words, ids that stand twice, headings that skip a level, tables without headers, and targets under 24 pixels.
const barred = `(() => {
	const out = new Set(), ids = new Set(), say = (what, e) => out.add(what + " " + e.tagName + " " + (e.id || e.className.baseVal || e.className));
	const name = (e) => (e.getAttribute("aria-label") || e.textContent || "").trim();
	for (const e of document.querySelectorAll("[id]")) ids.has(e.id) ? say("twice", e) : ids.add(e.id);
	for (const e of document.querySelectorAll("input:not([type=hidden]),select,textarea")) if (!e.labels.length) say("no label", e);
	for (const e of document.querySelectorAll("a,button,summary")) if (!name(e)) say("no name", e);
	for (const e of document.querySelectorAll("img:not([alt]),svg:not([role=img][aria-label]):not([aria-hidden=true] svg)")) say("no words", e);
	for (const e of document.querySelectorAll("table")) if (!e.querySelector("th")) say("no headers", e);
	let last = 0;
	for (const e of document.querySelectorAll("h1,h2,h3,h4")) { const n = Number(e.tagName[1]); if (n > last + 1) say("skips to", e); last = n; }
	for (const e of document.querySelectorAll("button,summary,select,input:not([type=hidden]),a.button")) if (e.checkVisibility() && e.getBoundingClientRect().height < 24) say("small", e);
	return [...out];
})()`

// pagesInABrowser looks at every page on a wide and on a narrow screen, in both languages: nothing is wider than the
// screen, no word is torn, nobody is kept out, and each page says in its title what it is. FENGHUO_SHOTS=DIR keeps pictures.
func pagesInABrowser(t *testing.T, ctx context.Context) {
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	must(t, db.Audit(t.Context(), store.AuditEntry{At: testNow, Actor: "integrate", Action: "policies.apply", Account: uidD, Detail: "policies recommended, mode increment, auto-add true"}))
	must(t, db.Audit(t.Context(), store.AuditEntry{
		At: testNow, Actor: "acs:ram::" + uidC + ":user/alice, as stated to onboard", Origin: "members-1795653299000000000-join request 1-8506676f-215788cd-1ed11706629b", Action: "account.join",
		Account: uidC, Detail: "roles made and read back: fenghuo-collector created", Before: `{"name":"shop","response":false,"state":"joining"}`, After: `{"name":"shop","response":false,"state":"joined"}`,
	}))
	givenPass(t, h, uidD, `{"for":"alice@payments.example"}`)
	must(t, db.RevokePass(t.Context(), uidD, givenPass(t, h, uidD, `{}`).ID, "acs:ram::"+uidC+":user/operator, as stated to onboard", testNow, store.AuditEntry{At: testNow, Action: "window.revoke", Account: uidD}))
	cloud.find = func(LogQuery) (LogResult, error) {
		return LogResult{Count: 1, Complete: true, Logs: []map[string]string{{
			"__time__": "1772359140", "__tag__:fenghuo_account": uidC, "cwd": "/", "username": "app", "parent_proc_name": "java",
			"http_referer": "-", "https": "on", "status": "200", "cmdline": "wget -q https://repo.example.com/rates.csv -O /tmp/rates.csv",
		}}}, nil
	}
	site := httptest.NewServer(h)
	t.Cleanup(site.Close)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+"/?token="+url.QueryEscape(testToken)), chromedp.WaitVisible(`nav a[href="/search"]`)); err != nil {
		t.Fatalf("log in: %v", err)
	}
	titles := map[string]bool{}
	for _, lang := range languages {
		for _, width := range []int64{1440, 390} {
			for _, target := range []string{"/", "/events", "/events/" + s.Incident.ID, "/response", "/search?query=*", "/sources", "/accounts", "/accounts/" + uidD, "/audit?verify=1", "/nothing"} {
				to, err := url.Parse(site.URL + target)
				must(t, err)
				q := to.Query()
				q.Set("lang", lang)
				to.RawQuery = q.Encode()
				where := fmt.Sprintf("%s-%d-%s", lang, width, strings.NewReplacer("/", "_", "?", "-", "*", "all").Replace(target))
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(to.String()), chromedp.WaitVisible(`main h1, main .lead`)); err != nil {
					t.Fatalf("%s: %v", where, err)
				}
				over := look(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
				if bad := look(t, ctx, chromedp.Evaluate[[]string](torn)); over > 0 || len(bad) > 0 {
					t.Errorf("%s: %d pixels wider than the screen; torn: %q", where, over, bad)
				}
				if bad := look(t, ctx, chromedp.Evaluate[[]string](barred)); len(bad) > 0 {
					t.Errorf("%s: %q", where, bad)
				}
				titles[look(t, ctx, chromedp.Evaluate[string](`document.title`))] = true
				if dir := os.Getenv("FENGHUO_SHOTS"); dir != "" {
					must(t, os.WriteFile(filepath.Join(dir, where+".png"), look(t, ctx, chromedp.FullScreenshot(100)), 0o600))
				}
			}
		}
	}
	if !titles[s.Incident.Title+" · Fenghuo"] || len(titles) != 20 {
		t.Errorf("titles: %q", slices.Sorted(maps.Keys(titles)))
	}
}

// keysInABrowser closes a question with Escape, which gives the focus back, and goes to the search with a slash.
func keysInABrowser(t *testing.T, ctx context.Context) {
	h, db, _ := newConsole(t, Options{})
	seed(t, db, same)
	site := httptest.NewServer(h)
	t.Cleanup(site.Close)
	open, focus := chromedp.Evaluate[bool](`document.querySelector("details.confirm").open`), chromedp.Evaluate[string](`document.activeElement.tagName + " " + document.activeElement.id`)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+"/response?token="+url.QueryEscape(testToken)), chromedp.Click(`details.confirm > summary`), chromedp.WaitVisible(`details.confirm .box`)); err != nil {
		t.Fatalf("ask for the undo: %v", err)
	}
	if !look(t, ctx, open) {
		t.Fatal("the question did not open")
	}
	if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Escape)); err != nil {
		t.Fatal(err)
	}
	if look(t, ctx, open) || look(t, ctx, focus) != "SUMMARY " {
		t.Errorf("after Escape the question is open or the focus is on %q", look(t, ctx, focus))
	}
	if err := chromedp.Do(ctx, chromedp.KeyEvent("/"), chromedp.WaitVisible(`#query:focus`)); err != nil {
		t.Fatalf("go to the search: %v", err)
	}
	if err := chromedp.Do(ctx, chromedp.KeyEvent("a/b")); err != nil || look(t, ctx, chromedp.Evaluate[string](`document.getElementById("query").value`)) != "a/b" {
		t.Errorf("a slash cannot be typed: %v", err)
	}
}

// longWordsInABrowser fills the pages with words that no line holds: on a narrow screen none is wider than it.
func longWordsInABrowser(t *testing.T, ctx context.Context) {
	h, db, _ := newConsole(t, Options{})
	s := seed(t, db, func(s string) string { return s + " " + strings.Repeat("long", 40) })
	site := httptest.NewServer(h)
	t.Cleanup(site.Close)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 900), chromedp.Navigate(site.URL+"/?token="+url.QueryEscape(testToken)), chromedp.WaitVisible(`nav a[href="/search"]`)); err != nil {
		t.Fatalf("log in: %v", err)
	}
	for _, target := range []string{"/", "/events", "/events/" + s.Incident.ID, "/response", "/sources", "/accounts", "/accounts/" + uidC, "/accounts/" + uidD} {
		if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+target), chromedp.WaitVisible(`main h1, main .lead`)); err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		wide := look(t, ctx, chromedp.Evaluate[[]string](`document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
			[...document.querySelectorAll("main *")].filter((e) => !e.closest(".scroll") && e.getBoundingClientRect().right > innerWidth).map((e) => e.tagName + " " + e.className)`))
		if len(wide) > 0 {
			t.Errorf("%s is wider than the screen: %q", target, wide)
		}
	}
}

// windowInABrowser logs in with a pass as the owner of D does, and reads the window in both languages, in light and
// dark, on a wide and on a narrow screen: nothing is cut off, nothing is wider than the screen, and no other page is
// offered. FENGHUO_SHOTS=DIR keeps pictures.
func windowInABrowser(t *testing.T, ctx context.Context) {
	h, db, _ := newConsole(t, Options{})
	seed(t, db, same)
	pass := givenPass(t, h, uidD, `{}`).Pass
	site := httptest.NewServer(h)
	t.Cleanup(site.Close)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+"/"),
		chromedp.SendKeys(`input[name="token"]`, pass), chromedp.Submit(`input[name="token"]`), chromedp.WaitVisible(`main table`)); err != nil {
		t.Fatalf("log in with a pass: %v", err)
	}
	for _, screen := range []struct {
		name, lang, scheme string
		width              int64
		title              string
	}{
		{"wide", "en", "light", 1280, "What is read from this account"},
		{"narrow", "en", "light", 360, "What is read from this account"},
		{"wide-zh", "zh-CN", "light", 1280, "从此账号读取的内容"},
		{"narrow-zh-dark", "zh-CN", "dark", 360, "从此账号读取的内容"},
	} {
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.scheme}},
		}); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(screen.width, 900),
			chromedp.Navigate(site.URL+"/accounts/"+uidD+"?lang="+screen.lang), chromedp.WaitVisible(`main table`)); err != nil {
			t.Fatalf("%s: %v", screen.name, err)
		}
		title, text, at := look(t, ctx, chromedp.Text(`h1`)), look(t, ctx, chromedp.Text(`body`)), look(t, ctx, chromedp.Location())
		over := look(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
		links := look(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll('nav a, form[action$="/pass"]').length`))
		if title != screen.title || !strings.Contains(text, "payments") || !strings.Contains(text, "acs:ram::"+uidD+":role/fenghuo-collector") || !strings.HasPrefix(at, site.URL+"/accounts/"+uidD) {
			t.Errorf("%s: %q at %s:\n%.600s", screen.name, title, at, text)
		}
		if over > 0 || links > 0 || strings.Contains(text, uidC) {
			t.Errorf("%s: %d pixels wider than the screen, %d links to other pages", screen.name, over, links)
		}
		if dir := os.Getenv("FENGHUO_SHOTS"); dir != "" {
			must(t, os.WriteFile(filepath.Join(dir, screen.name+".png"), look(t, ctx, chromedp.FullScreenshot(100)), 0o600))
		}
	}
}
