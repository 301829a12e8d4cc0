package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
	"github.com/fenghuo-soc/fenghuo/shared/window"
)

func givenPass(t *testing.T, h http.Handler, uid, body string) passAnswer {
	t.Helper()
	status, text := ask(t, h, "/api/accounts/"+uid+"/pass", body)
	var out passAnswer
	if err := json.Unmarshal([]byte(text), &out); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s, %v", status, text, err)
	}
	return out
}

// TestPassOpensOneWindow: the owner of D reads the window of D, changes nothing, and sees nothing of C, E or the console.
func TestPassOpensOneWindow(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	p := givenPass(t, h, uidD, `{"days":30}`)
	if !p.Ends.Equal(testNow.AddDate(0, 0, 30)) {
		t.Errorf("it ends at %v", p.Ends)
	}
	for name, with := range map[string]func(*http.Request){"as a bearer": bring(p.Pass), "as a cookie": withCookie(p.Pass)} {
		status, body := ask(t, h, "/accounts/"+uidD, "", with)
		if status != http.StatusOK || !contains(body, "payments") || !contains(body, "fenghuo-collector") || contains(body, "<nav") || contains(body, "/pass\"") {
			t.Errorf("%s: the window answers %d:\n%s", name, status, body)
		}
		inspect(t, name, body)
		status, json := ask(t, h, "/api/accounts/"+uidD+"/window", "", with)
		if status != http.StatusOK {
			t.Errorf("%s: the JSON answers %d", name, status)
		}
		for _, other := range []string{uidC, uidE, "shop", testToken} {
			if contains(body, other) || contains(json, other) {
				t.Errorf("%s: the window of D shows %s", name, other)
			}
		}
		if rec := record(t, h, "/", "", with); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/accounts/"+uidD {
			t.Errorf("%s: the first page answers %d to %s", name, rec.Code, rec.Header().Get("Location"))
		}
		for _, target := range []string{
			"/accounts/" + uidC, "/api/accounts/" + uidC + "/window", "/accounts", "/api/accounts", "/events", "/events/" + s.Incident.ID, "/api/events", "/api/alerts", "/audit", "/api/audit",
			"/search", "/api/search?query=x", "/response", "/sources", "/api/sources", "/api/runs", "/api/parked", "/api/approvals", "/api/accounts/" + uidD + "/passes", "/accounts/" + uidD + "/../" + uidC,
		} {
			if status, body := ask(t, h, target, "", with); status != http.StatusForbidden || contains(body, "shop") {
				t.Errorf("%s: %s answers %d", name, target, status)
			}
		}
		for _, target := range []string{
			"/api/approvals/" + s.Run.ID, "/api/runs/" + s.Done.ID + "/undo", "/api/accounts/" + uidD + "/pass", "/accounts/" + uidD,
			"/api/accounts/" + uidD + "/passes/" + p.ID + "/revoke", "/accounts/" + uidD + "/passes/" + p.ID + "/revoke",
		} {
			if status, _ := ask(t, h, target, `{"decision":"approved"}`, with); status != http.StatusForbidden {
				t.Errorf("%s: POST %s answers %d", name, target, status)
			}
		}
	}
	if len(cloud.asked)+len(cloud.started)+len(cloud.reported) != 0 {
		t.Errorf("searched %v, started %v, reported %v", cloud.asked, cloud.started, cloud.reported)
	}
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangePass})
	if err != nil || len(trail) != 1 || trail[0].Account != uidD || strings.Contains(trail[0].Detail, p.Pass) {
		t.Errorf("the trail: %+v, %v", trail, err)
	}
}

func TestPassRefuses(t *testing.T) {
	t.Parallel()
	now := testNow
	h, db, _ := newConsole(t, Options{Now: func() time.Time { return now }})
	seed(t, db, same)
	p := givenPass(t, h, uidD, `{}`)
	other := givenPass(t, h, uidD, `{"days":30}`)
	part := strings.Split(p.Pass, ".")
	uid, id, end, sig := part[0], part[1], part[2], part[3]
	rest := end + "." + sig
	for name, token := range map[string]string{
		"of another account": uidC + "." + id + "." + rest, "made longer": uid + "." + id + ".99999999999." + sig, "without its signature": uid + "." + id + "." + end + ".", "signature only": sig,
		"with another id": uid + "." + other.ID + "." + rest, "without its id": uid + "." + rest, "a session for a pass": end + sig,
	} {
		if status, _ := ask(t, h, "/api/accounts/"+uidD+"/window", "", bring(token)); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _ := ask(t, h, "/api/overview", "", withCookie(rest)); status != http.StatusUnauthorized { // end.signature is the form of a session
		t.Errorf("a pass without its uid is a session: %d", status)
	}
	for body, want := range map[string]int{`{"days":91}`: 400, `{"days":-1}`: 400, `{"day":1}`: 400} {
		if status, _ := ask(t, h, "/api/accounts/"+uidD+"/pass", body); status != want {
			t.Errorf("%s answers %d", body, status)
		}
	}
	for target, want := range map[string]int{"/api/accounts/1100000000000009/pass": 404, "/api/accounts/12/pass": 400} {
		if status, _ := ask(t, h, target, `{}`); status != want {
			t.Errorf("%s answers %d, want %d", target, status, want)
		}
	}
	now = p.Ends
	if status, _ := ask(t, h, "/api/accounts/"+uidD+"/window", "", bring(p.Pass)); status != http.StatusUnauthorized {
		t.Errorf("after its end: %d", status)
	}
}

func TestWindowAsJSON(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{})
	seed(t, db, same)
	w := read[window.Window](t, h, "/api/accounts/"+uidD+"/window")
	if w.Account != uidD || w.Name != "payments" || len(w.Sources) == 0 || w.Sources[0].LastRead.IsZero() || w.Sources[0].Records == 0 || len(w.Roles) != 1 || len(w.Changes) != 1 {
		t.Errorf("%+v", w)
	}
	for _, target := range []string{"/api/accounts/1100000000000009/window", "/accounts/1100000000000009"} {
		if status, _ := ask(t, h, target, ""); status != http.StatusNotFound {
			t.Errorf("%s answers %d", target, status)
		}
	}
	// The form shows the pass once, on a page of its own.
	status, body := ask(t, h, "/accounts/"+uidD+"/pass", "next=/")
	if status != http.StatusOK || !contains(body, uidD+".") || !contains(body, "shown once") {
		t.Errorf("%d %s", status, body)
	}
}

// TestPassIsRevokedAlone: a revoked pass opens nothing from then on, wherever it is brought, and the others still do. What
// was done is in the trail, and whom each was for.
func TestPassIsRevokedAlone(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{})
	seed(t, db, same)
	one, two := givenPass(t, h, uidD, `{"for":" alice@payments.example "}`), givenPass(t, h, uidD, `{}`)
	status, page := ask(t, h, "/accounts/"+uidD, "")
	if status != http.StatusOK || !contains(page, "alice@payments.example") || !contains(page, one.ID) || strings.Count(page, "/revoke\"") != 2 || contains(page, one.Pass) {
		t.Errorf("the passes of the account: %d\n%s", status, page)
	}
	inspect(t, "window with passes", page)
	revoke := "/passes/" + one.ID + "/revoke"
	for target, want := range map[string]int{"/api/accounts/" + uidC + revoke: 404, "/api/accounts/" + uidD + "/passes/nothing/revoke": 404} {
		if status, _ := ask(t, h, target, `{}`); status != want {
			t.Errorf("%s answers %d, want %d", target, status, want)
		}
	}
	for range 2 { // the second time changes nothing
		if rec := record(t, h, "/accounts/"+uidD+revoke, "x=y"); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/accounts/"+uidD {
			t.Fatalf("%d to %s", rec.Code, rec.Header().Get("Location"))
		}
	}
	for name, with := range map[string]func(*http.Request){"bearer": bring(one.Pass), "cookie": withCookie(one.Pass)} {
		for _, target := range []string{"/accounts/" + uidD, "/api/accounts/" + uidD + "/window", "/"} {
			if status, body := ask(t, h, target, "", with); status != http.StatusUnauthorized || !contains(body, "revoked") || contains(body, "fenghuo-collector") {
				t.Errorf("%s, %s answers %d", name, target, status)
			}
		}
	}
	if rec := record(t, h, "/login", "token="+one.Pass, noToken); rec.Code != http.StatusUnauthorized || rec.Header().Get("Set-Cookie") != "" {
		t.Errorf("it logs in: %d, %s", rec.Code, rec.Header().Get("Set-Cookie"))
	}
	if status, _ := ask(t, h, "/accounts/"+uidD, "", bring(two.Pass)); status != http.StatusOK {
		t.Errorf("the other pass answers %d", status)
	}
	list := read[struct{ Passes []soc.Pass }](t, h, "/api/accounts/"+uidD+"/passes").Passes
	state := map[string]bool{}
	for _, p := range list {
		state[p.ID] = p.Opens(testNow)
	}
	if len(list) != 2 || state[one.ID] || !state[two.ID] {
		t.Errorf("listed: %+v", list)
	}
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangeRevoke})
	if err != nil || len(trail) != 1 || trail[0].Account != uidD || !strings.Contains(trail[0].Detail, one.ID) || !strings.HasPrefix(trail[0].Actor, "console") {
		t.Errorf("the trail: %+v, %v", trail, err)
	}
	if trail, err = db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangePass, Text: "for alice@payments.example"}); err != nil || len(trail) != 1 {
		t.Errorf("whom it was for: %+v, %v", trail, err)
	}
	for _, body := range []string{`{"for":"` + strings.Repeat("x", 101) + `"}`, `{"for":"a\u0000b"}`} {
		if status, _ := ask(t, h, "/api/accounts/"+uidD+"/pass", body); status != http.StatusBadRequest {
			t.Errorf("%.40s answers %d", body, status)
		}
	}
}

// TestPassesNeedTheStore: while the store does not answer, no pass opens anything, and a pass that it does not know is none.
func TestPassesNeedTheStore(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{})
	seed(t, db, same)
	p := givenPass(t, h, uidD, `{}`)
	another, anotherDB, _ := newConsole(t, Options{})
	seed(t, anotherDB, same)
	if status, _ := ask(t, another, "/api/accounts/"+uidD+"/window", "", bring(p.Pass)); status != http.StatusUnauthorized {
		t.Errorf("a pass without a row answers %d", status)
	}
	must(t, db.Close())
	if status, _ := ask(t, h, "/api/accounts/"+uidD+"/window", "", bring(p.Pass)); status != http.StatusServiceUnavailable {
		t.Errorf("without the store it answers %d", status)
	}
}
