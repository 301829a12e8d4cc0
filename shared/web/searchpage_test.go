package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// attackers is what the cloud answers to an analysis; its columns are in no order of the alphabet, and one value is hostile.
func attackers(complete bool) func(LogQuery) (LogResult, error) {
	return func(q LogQuery) (LogResult, error) {
		if !strings.Contains(q.Query, "|") {
			return LogResult{Logs: []map[string]string{{"__time__": "1772359140", "account": uidC, "title": "x"}}, Count: 1, Complete: complete}, nil
		}
		return LogResult{Columns: []string{"real_client_ip", "hits", "agent"}, Count: 2, Complete: complete, Logs: []map[string]string{
			{"agent": `<img src=x onerror="document.title='broken'">`, "real_client_ip": "198.51.100.77", "hits": "21"},
			{"agent": "zgrab", "real_client_ip": "198.51.100.243", "hits": "1"},
		}}, nil
	}
}

// TestSearchShowsAnalyses: columns stand in the order of the query, a part is said to be one, and long results are cut.
func TestSearchShowsAnalyses(t *testing.T) {
	t.Parallel()
	h, _, cloud := newConsole(t, Options{})
	cloud.find = attackers(false)
	_, body := ask(t, h, "/search?query=x+%7C+select+1", "")
	inspect(t, "search", body)
	for _, part := range []string{
		"<caption>Result of the analysis</caption>", "counts and sums here are too low", "The analysis has 2 rows.",
		`<th scope="col">real_client_ip</th><th scope="col">hits</th><th scope="col">agent</th>`,
	} {
		if !contains(body, part) {
			t.Errorf("the page does not show %q", part)
		}
	}
	if _, body := ask(t, h, "/search?query=x", ""); contains(body, "too low") || !contains(body, "Only a part of the range was searched") {
		t.Error("a search that is not complete is told as an analysis, or not at all")
	}
	cloud.find = func(LogQuery) (LogResult, error) {
		res := LogResult{Columns: []string{"n"}, Complete: true}
		for i := range maxRows + 1 {
			res.Logs = append(res.Logs, map[string]string{"n": fmt.Sprint(i)})
		}
		return res, nil
	}
	wide := LogResult{Columns: []string{"n"}, Complete: true, Logs: []map[string]string{{"n": "1", "field-07": "null", "field-09": "seen"}}}
	for i := range wideTable {
		wide.Columns = append(wide.Columns, fmt.Sprintf("field-%02d", i))
	}
	if got, blank := filled(wide); !slices.Equal(got, []string{"n", "field-09"}) || blank != wideTable-1 {
		t.Errorf("a wide table shows %v and leaves %d out", got, blank)
	}
	if _, body := ask(t, h, "/search?query=x+%7C+select+1", ""); countRows(t, body) != maxRows || !contains(body, "Only the first 1000 are shown") {
		t.Errorf("%d rows are shown", countRows(t, body))
	}
}

// TestExamplesAreOffered: each is one click, keeps its Logstore, and asks what it shows.
func TestExamplesAreOffered(t *testing.T) {
	t.Parallel()
	h, _, cloud := newConsole(t, Options{})
	for _, lang := range []string{"en", "zh-CN"} {
		_, body := ask(t, h, "/search?lang="+lang, "")
		if contains(body, "example.") || strings.Count(body, `<li><a href="/search?query=`) != len(examples) {
			t.Errorf("%s: an example has no name, or is not offered", lang)
		}
	}
	for _, e := range Examples() {
		cloud.asked = nil
		status, body := ask(t, h, e.Link(), "")
		if status != http.StatusOK || len(cloud.asked) != 1 || cloud.asked[0].Query != e.Query || cloud.asked[0].Store != e.Store {
			t.Errorf("example %s asks %+v", e.ID, cloud.asked)
		}
		if !contains(body, `<option value="`+e.Store+`" selected="selected">`) {
			t.Errorf("example %s: the form does not show its Logstore", e.ID)
		}
	}
}

// searchInABrowser clicks an example and reads the answer, in both languages, in light and dark, on a wide and on a
// narrow screen. FENGHUO_SHOTS=DIR keeps pictures.
func searchInABrowser(t *testing.T, ctx context.Context) {
	h, db, cloud := newConsole(t, Options{LogStorage: true})
	seed(t, db, same)
	cloud.find = attackers(false)
	site := httptest.NewServer(h)
	t.Cleanup(site.Close)
	if err := chromedp.Do(ctx, chromedp.Navigate(site.URL+"/?token="+url.QueryEscape(testToken)), chromedp.WaitVisible(`nav a[href="/search"]`)); err != nil {
		t.Fatalf("log in: %v", err)
	}
	for _, screen := range []struct {
		name, lang, scheme string
		width              int64
		title, partial     string
	}{
		{"search-wide", "en", "light", 1280, "Log search", "counts and sums here are too low"},
		{"search-narrow-dark", "en", "dark", 360, "Log search", "counts and sums here are too low"},
		{"search-wide-zh-dark", "zh-CN", "dark", 1280, "日志搜索", "计数与求和偏小"},
		{"search-narrow-zh", "zh-CN", "light", 360, "日志搜索", "计数与求和偏小"},
	} {
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.scheme}},
		}); err != nil {
			t.Fatal(err)
		}
		shot := func(name string) {
			if dir := os.Getenv("FENGHUO_SHOTS"); dir != "" {
				must(t, os.WriteFile(filepath.Join(dir, name+".png"), look(t, ctx, chromedp.FullScreenshot(100)), 0o600))
			}
			if over := look(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 {
				t.Errorf("%s: %d pixels wider than the screen", name, over)
			}
		}
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(screen.width, 900),
			chromedp.Navigate(site.URL+"/search?lang="+screen.lang), chromedp.WaitVisible(`.examples li a`)); err != nil {
			t.Fatalf("%s: %v", screen.name, err)
		}
		shot(screen.name)
		if err := chromedp.Do(ctx, chromedp.Click(`.examples li a`), chromedp.WaitVisible(`table.analysis`)); err != nil {
			t.Fatalf("%s: click an example: %v", screen.name, err)
		}
		text, query := look(t, ctx, chromedp.Text(`main`)), look(t, ctx, chromedp.Evaluate[string](`document.getElementById("query").value`))
		if query != examples[0].Query || look(t, ctx, chromedp.Text(`h1`)) != screen.title || !strings.Contains(text, screen.partial) {
			t.Errorf("%s: asked %s\n%.600s", screen.name, query, text)
		}
		cells := look(t, ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("table.analysis tbody tr:first-child td")].map(c => c.innerText.trim()).join("|")`))
		tags := look(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("main img").length`))
		if want := `198.51.100.77|21|<img src=x onerror="document.title='broken'">`; cells != want || tags > 0 {
			t.Errorf("%s: the first row is %s, and has %d elements of the log", screen.name, cells, tags)
		}
		shot(screen.name + "-result")
	}
}
