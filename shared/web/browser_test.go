package web

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

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
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func look[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	must(t, err)
	return v
}

// TestWindowInABrowser logs in with a pass as the owner of D does, and reads the window in both languages, in light and
// dark, on a wide and on a narrow screen: nothing is cut off, nothing is wider than the screen, and no other page is
// offered. FENGHUO_SHOTS=DIR keeps pictures.
func TestWindowInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
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
