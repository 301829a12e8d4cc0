package sls

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func saved(name, more string) []byte {
	return fmt.Appendf(nil, `{"savedsearchName":%q,"searchQuery":"* | select count(1)","logstore":"audit","topic":""%s}`, name, more)
}

func TestSavedSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	arn := "acs:log:cn-hangzhou:" + accountC + ":project/shop-logs/savedsearch/"
	r := func(method, target string, body []byte) request {
		return request{method: method, target: "/savedsearches" + target, project: "shop-logs", body: body}
	}
	other := r("GET", "/pv-by-minute", nil)
	other.key = "d"
	runSteps(t, w, []step{
		{"create", r("POST", "", saved("pv-by-minute", `,"displayName":"PV","filterjson":"{}"`)), 200, "", "log:CreateSavedSearch " + arn + "pv-by-minute"},
		{"again", r("POST", "", saved("pv-by-minute", "")), 400, "SavedSearchAlreadyExist", ""},
		{"a second", r("POST", "", saved("abc", "")), 200, "", ""},
		{"a short name", r("POST", "", saved("ab", "")), 400, "PostBodyInvalid", ""},
		{"a long name", r("POST", "", saved(strings.Repeat("a", 64), "")), 400, "PostBodyInvalid", ""},
		{"no query", r("POST", "", []byte(`{"savedsearchName":"abcd","logstore":"audit"}`)), 400, "PostBodyInvalid", ""},
		{"no Logstore", r("POST", "", []byte(`{"savedsearchName":"abcd","searchQuery":"*"}`)), 400, "PostBodyInvalid", ""},
		{"no JSON", r("POST", "", []byte(`[`)), 400, "PostBodyInvalid", ""},
		{"null", r("POST", "", []byte(`null`)), 400, "PostBodyInvalid", ""},
		{"of another account", other, 401, "Unauthorized", ""},
		{"absent", r("GET", "/absent", nil), 404, "SavedSearchNotExist", "log:GetSavedSearch " + arn + "absent"},
		{"update the absent", r("PUT", "/absent", saved("absent", "")), 404, "SavedSearchNotExist", ""},
		{"delete the absent", r("DELETE", "/absent", nil), 404, "SavedSearchNotExist", ""},
		{"update by another name", r("PUT", "/abc", saved("abcd", "")), 400, "PostBodyInvalid", ""},
		{"update", r("PUT", "/abc", saved("abc", `,"displayName":"new"`)), 200, "", "log:UpdateSavedSearch " + arn + "abc"},
		{"list", r("GET", "", nil), 200, "", "log:ListSavedSearch " + arn + "*"},
		{"list badly", r("GET", "?size=-1", nil), 400, "ParameterInvalid", ""},
	})
	var got map[string]string
	w.do(r("GET", "/pv-by-minute", nil)).decode(t, &got)
	want := map[string]string{"savedsearchName": "pv-by-minute", "displayName": "PV", "searchQuery": "* | select count(1)", "logstore": "audit", "topic": "", "filterjson": "{}"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	type page struct {
		Count, Total     int
		SavedSearches    []string
		SavedSearchItems []struct{ SavedsearchName, DisplayName string }
	}
	var list page
	headers := r("GET", "", nil) // as the Go SDK sends them
	headers.header = map[string]string{"offset": "1", "size": "1"}
	w.do(headers).decode(t, &list)
	wanted := page{1, 2, []string{"pv-by-minute"}, []struct{ SavedsearchName, DisplayName string }{{"pv-by-minute", "PV"}}}
	if d := cmp.Diff(wanted, list); d != "" {
		t.Error(d)
	}
	runSteps(t, w, []step{
		{"delete", r("DELETE", "/abc", nil), 200, "", "log:DeleteSavedSearch " + arn + "abc"},
		{"gone", r("GET", "/abc", nil), 404, "SavedSearchNotExist", ""},
	})
}
