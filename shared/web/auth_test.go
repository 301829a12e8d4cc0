package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func noToken(r *http.Request) { r.Header.Del("Authorization") }

func bring(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func withCookie(value string) func(*http.Request) {
	return func(r *http.Request) { noToken(r); r.AddCookie(&http.Cookie{Name: sessionCookie, Value: value}) }
}

func sessionOf(t *testing.T, rec *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	for _, k := range rec.Result().Cookies() {
		if k.Name == sessionCookie {
			return k
		}
	}
	t.Fatal("no session cookie was set")
	return nil
}

func TestTokenIsAskedForEverywhere(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	for _, target := range []string{
		"/api/overview", "/api/events", "/api/events/" + s.Incident.ID, "/api/alerts", "/api/accounts", "/api/sources",
		"/api/approvals", "/api/audit", "/api/parked", "/api/runs", "/api/runs/" + s.Run.ID, "/api/search?query=x", "/api/nothing",
	} {
		for name, change := range map[string]func(*http.Request){"none": noToken, "wrong": bring("wrong"), "forged session": withCookie("99999999999.AAAA")} {
			if name == "wrong" && target != "/api/overview" {
				continue // the limit on wrong tokens has its own test
			}
			if status, body := ask(t, h, target, "", change); status != http.StatusUnauthorized || refused(t, body).Kind != "Denied" {
				t.Errorf("%s with token %s answers %d: %s", target, name, status, body)
			}
		}
	}
	for _, target := range []string{"/", "/events", "/events/" + s.Incident.ID, "/response", "/search", "/sources", "/accounts", "/audit", "/nothing"} {
		rec := record(t, h, target, "", noToken)
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login?next="+url.QueryEscape(target) {
			t.Errorf("%s without a token answers %d to %q", target, rec.Code, rec.Header().Get("Location"))
		}
	}
	for _, target := range []string{"/approvals/" + s.Run.ID, "/runs/" + s.Done.ID + "/retry", "/runs/" + s.Done.ID + "/undo", "/events/" + s.Incident.ID + "/state"} {
		for _, prefix := range []string{"", "/api"} {
			if status, _ := ask(t, h, prefix+target, `{"decision":"approved"}`, noToken); status != http.StatusUnauthorized {
				t.Errorf("POST %s without a token answers %d", prefix+target, status)
			}
		}
	}
	if len(cloud.started)+len(cloud.reported)+len(cloud.asked) != 0 {
		t.Errorf("the cloud was asked: %v %v %v", cloud.started, cloud.reported, cloud.asked)
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	now := testNow
	h, _, _ := newConsole(t, Options{Now: func() time.Time { return now }})
	rec := record(t, h, "/events?state=open&token="+url.QueryEscape(testToken), "", noToken)
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/events?state=open" {
		t.Fatalf("token in the address answers %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	k := sessionOf(t, rec)
	if !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteStrictMode || strings.Contains(k.Value, testToken) {
		t.Errorf("cookie %+v", k)
	}
	if status, _ := ask(t, h, "/events", "", withCookie(k.Value)); status != http.StatusOK {
		t.Errorf("session answers %d", status)
	}
	end, sig, _ := strings.Cut(k.Value, ".")
	for _, forged := range []string{"", ".", end, end + ".", "9" + end + "." + sig, k.Value + "A"} {
		if status, _ := ask(t, h, "/api/events", "", withCookie(forged)); status != http.StatusUnauthorized {
			t.Errorf("forged session %q answers %d", forged, status)
		}
	}
	now = now.Add(sessionTime)
	if status, _ := ask(t, h, "/api/events", "", withCookie(k.Value)); status != http.StatusUnauthorized {
		t.Errorf("a session at its end answers %d", status)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	h, _, _ := newConsole(t, Options{})
	for next, want := range map[string]string{"/events": "/events", "//evil.example/": "/", `/\evil.example`: "/", "https://evil.example": "/", "": "/"} {
		rec := record(t, h, "/login", url.Values{"token": {testToken}, "next": {next}}.Encode(), noToken)
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != want {
			t.Errorf("login with next %q answers %d to %q", next, rec.Code, rec.Header().Get("Location"))
		}
		sessionOf(t, rec)
	}
	rec := record(t, h, "/login", "token=wrong", noToken)
	if rec.Code != http.StatusUnauthorized || len(rec.Result().Cookies()) != 0 || !strings.Contains(rec.Body.String(), "not the console&#39;s token") {
		t.Errorf("wrong token answers %d: %s", rec.Code, rec.Body)
	}
	rec = record(t, h, "/logout", "x=y")
	if k := sessionOf(t, rec); k.MaxAge >= 0 {
		t.Errorf("logging out sets %+v", k)
	}
}

func TestWrongTokensAreLimited(t *testing.T) {
	t.Parallel()
	now := testNow
	h, _, _ := newConsole(t, Options{Now: func() time.Time { return now }})
	from := func(ip string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = ip + ":1234" } }
	for i := range maxWrong {
		if status, _ := ask(t, h, "/api/events", "", bring("guess"), from("192.0.2.1")); status != http.StatusUnauthorized {
			t.Fatalf("guess %d answers %d", i, status)
		}
	}
	if status, body := ask(t, h, "/api/events", "", from("192.0.2.1")); status != http.StatusTooManyRequests || refused(t, body).Next == "" {
		t.Errorf("after too many guesses: %d %s", status, body)
	}
	if status, _ := ask(t, h, "/api/events", "", from("192.0.2.2")); status != http.StatusOK {
		t.Errorf("another client answers %d", status)
	}
	now = now.Add(wrongWindow)
	if status, _ := ask(t, h, "/api/events", "", from("192.0.2.1")); status != http.StatusOK {
		t.Errorf("after the wait: %d", status)
	}
}

func TestNoTokenConfigured(t *testing.T) {
	t.Parallel()
	_, db, cloud := newConsole(t, Options{})
	h, err := New(Options{Store: db, Flows: cloud, Logs: cloud, Now: time.Now})
	must(t, err)
	for _, target := range []string{"/", "/login", "/events", "/api/events"} {
		if status, body := ask(t, h, target, ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "SOC_CONSOLE_TOKEN_SHA256") {
			t.Errorf("%s answers %d: %s", target, status, body)
		}
	}
	if _, err := New(Options{Store: db, Flows: cloud, Logs: cloud, Now: time.Now, TokenSHA256: "secret"}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a malformed hash: %v", err)
	}
}

func TestCrossOriginPostIsRefused(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	for name, change := range map[string]func(*http.Request){
		"fetch site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"origin":     func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
	} {
		for _, target := range []string{"/login", "/approvals/" + s.Run.ID, "/runs/" + s.Done.ID + "/undo", "/api/runs/" + s.Done.ID + "/undo"} {
			if status, _ := ask(t, h, target, "decision=approved", change); status != http.StatusForbidden {
				t.Errorf("%s: POST %s answers %d", name, target, status)
			}
		}
	}
	if status, _ := ask(t, h, "/api/runs/"+s.Done.ID+"/undo", "decision=approved"); status != http.StatusBadRequest {
		t.Errorf("a form sent to the API answers %d", status)
	}
	if len(cloud.started)+len(cloud.reported) != 0 {
		t.Errorf("started %v, reported %v", cloud.started, cloud.reported)
	}
}

func TestHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	h, _, _ := newConsole(t, Options{})
	for _, target := range []string{"/", "/login", "/api/events", "/api/nothing", "/static/console.css", "/static/", "/nothing"} {
		for _, change := range []func(*http.Request){noToken, func(*http.Request) {}} {
			head := record(t, h, target, "", change).Header()
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
				if head.Get(name) != want {
					t.Errorf("%s: %s is %q", target, name, head.Get(name))
				}
			}
			csp := head.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: policy %q", target, csp)
			}
			if origin := head.Get("Access-Control-Allow-Origin"); origin == "" || origin == "*" {
				t.Errorf("%s: the platform would open the answer to every origin", target)
			}
		}
	}
}
