package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestAuditIsSearched by who, account, action, time and text, in pages, as a page and as JSON.
func TestAuditIsSearched(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{})
	seed(t, db, same)
	for i := range 250 {
		must(t, db.Audit(t.Context(), store.AuditEntry{
			At: testNow.Add(time.Duration(i) * time.Hour), Actor: []string{"onboard", "Alice, as stated to onboard"}[i%2], Origin: "run-1", Action: []string{"account.join", "account.leave"}[i%2],
			Account: []string{uidC, uidD}[i%2], Detail: fmt.Sprintf("entry-%03d.", i), Before: "{}", After: "{}",
		}))
	}
	day := testNow.AddDate(0, 0, 1).UTC().Format(time.DateOnly)
	whole := len(read[auditView](t, h, "/api/audit?offset=200").Rows) + 200
	for query, want := range map[string]struct {
		rows int
		more bool
	}{
		"":                                     {100, true},
		"?offset=200":                          {whole - 200, false},
		"?by=alice":                            {100, true},
		"?by=alice&offset=100":                 {25, false},
		"?by=ALICE&text=entry-00":              {5, false},
		"?action=account.join&account=" + uidC: {100, true},
		"?action=account.join&account=" + uidD: {0, false},
		"?since=" + day + "&until=" + testNow.AddDate(0, 0, 2).UTC().Format(time.DateOnly): {24, false},
		"?text=entry-249&verify=1": {1, false},
	} {
		v := read[auditView](t, h, "/api/audit"+query)
		if len(v.Rows) != want.rows || v.More != want.more || v.Rows == nil {
			t.Errorf("%s: %d entries, more %v, want %+v", query, len(v.Rows), v.More, want)
		}
		if strings.Contains(query, "verify") != (v.Chain != nil) || v.Chain != nil && (v.Chain.Entries != whole || v.Chain.Broken != "" || v.Chain.Last == "") {
			t.Errorf("%s: chain %+v of %d", query, v.Chain, whole)
		}
		status, body := ask(t, h, "/audit"+query, "")
		if status != http.StatusOK || strings.Count(body, "entry-") < want.rows-(whole-250) {
			t.Errorf("%s: the page answers %d with %d entries", query, status, strings.Count(body, "entry-"))
		}
		inspect(t, "/audit"+query, body)
	}
	for _, query := range []string{"?since=soon", "?until=2026-99-99", "?offset=-1"} {
		if status, _ := ask(t, h, "/api/audit"+query, ""); status != http.StatusBadRequest {
			t.Errorf("%s answers %d", query, status)
		}
	}
}
