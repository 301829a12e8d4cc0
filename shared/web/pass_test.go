package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
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
			"/accounts/" + uidC, "/api/accounts/" + uidC + "/window", "/accounts", "/api/accounts", "/events", "/events/" + s.Incident.ID, "/api/events", "/api/alerts",
			"/search", "/api/search?query=x", "/response", "/sources", "/api/sources", "/api/runs", "/api/parked", "/api/approvals", "/accounts/" + uidD + "/../" + uidC,
		} {
			if status, body := ask(t, h, target, "", with); status != http.StatusForbidden || contains(body, "shop") {
				t.Errorf("%s: %s answers %d", name, target, status)
			}
		}
		for _, target := range []string{"/api/approvals/" + s.Run.ID, "/api/runs/" + s.Done.ID + "/undo", "/api/accounts/" + uidD + "/pass", "/accounts/" + uidD} {
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
	uid, rest, _ := strings.Cut(p.Pass, ".")
	end, sig, _ := strings.Cut(rest, ".")
	for name, token := range map[string]string{
		"of another account": uidC + "." + rest, "made longer": uid + ".99999999999." + sig, "without its signature": uid + "." + end + ".", "signature only": sig,
		"a session for a pass": strings.Replace(rest, ".", "", 1),
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
