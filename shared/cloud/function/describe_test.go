package function

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		body := map[string]string{
			"/2023-03-30/functions/collect GetFunction": `{"functionName":"collect","role":"acs:ram::1:role/x","environmentVariables":{"A":"b"},"lastModifiedTime":"2026-01-02T03:04:05Z"}`,
			"/2023-03-30/functions/collect/triggers ListTriggers": `{"triggers":[
				{"triggerName":"timer","triggerType":"timer","triggerConfig":"{\"cronExpression\":\"@every 1m\",\"enable\":false}"},
				{"triggerName":"web","triggerType":"http","triggerConfig":"{\"authType\":\"anonymous\"}"},
				{"triggerName":"stream","triggerType":"log","triggerConfig":"{\"enable\":true}","invocationRole":"acs:ram::1:role/t"}]}`,
		}[r.URL.Path+" "+r.Header.Get("x-acs-action")]
		if body == "" {
			w.WriteHeader(http.StatusNotFound)
			body = `{"Code":"FunctionNotFound","Message":"no such function"}`
		}
		_, _ = w.Write([]byte(body))
	})
	d, err := c.Describe(t.Context(), "collect")
	if diff := cmp.Diff(Description{"collect", "acs:ram::1:role/x", map[string]string{"A": "b"}, "2026-01-02T03:04:05Z"}, d); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	list, err := c.Triggers(t.Context(), "collect")
	want := []Trigger{{"timer", "timer", false, ""}, {"web", "http", true, ""}, {"stream", "log", true, "acs:ram::1:role/t"}}
	if diff := cmp.Diff(want, list); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := c.Describe(t.Context(), "other"); soc.KindOf(err) != soc.NotFound {
		t.Errorf("a function that is not there: %v", err)
	}
	if _, err := c.Triggers(t.Context(), "other"); soc.KindOf(err) != soc.NotFound {
		t.Errorf("triggers of a function that is not there: %v", err)
	}
}
