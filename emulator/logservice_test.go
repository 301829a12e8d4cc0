package emulator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	emulatedsls "github.com/fenghuo-soc/fenghuo/emulator/sls"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// worldWith writes the example world with a log_service of its own and loads it.
func worldWith(t *testing.T, settings string) (World, error) {
	t.Helper()
	text, err := worlds.ReadFile("worlds/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(file, append(text, "log_service: "+settings+"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadWorld(file)
}

// TestLogServiceSettings: quotas and the delay of a world file reach our client.
func TestLogServiceSettings(t *testing.T) {
	t.Parallel()
	w, err := worldWith(t, "{documented_quotas: true, quotas: {logstores: 2}, propagation_delay: 1h}")
	if err != nil {
		t.Fatal(err)
	}
	w.Logs.Records = 0
	s, err := Start(Options{World: w})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil { // the test's own context has ended by now
			t.Error(err)
		}
	})
	p := logsOf(s)
	wantCode := func(what string, err error, code string) {
		t.Helper()
		var e *soc.Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	store := sls.LogstoreInfo{Name: "second", TTLDays: 1, Shards: 1}
	if err := p.CreateLogstore(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	store.Name = "third"
	wantCode("a Logstore too many", p.CreateLogstore(t.Context(), store), "ProjectQuotaExceed")
	if got := s.SLS().CountLogstores(testProject); got != 2 {
		t.Errorf("%d Logstores", got)
	}
	list, err := p.ListLogstores(t.Context())
	if err != nil || len(list) != 1 || list[0] != testStore {
		t.Errorf("a new Logstore shows at once: %v, %v", list, err)
	}
}

func TestLogServiceSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"{quotas: {projects: -1}}":   "a quota is below 0",
		"{propagation_delay: -1s}":   "a delay is below 0",
		"{search_delay: -1s}":        "a delay is below 0",
		"{search_logs: -1}":          "a number of logs is below 0",
		"{quotas: {logstoers: 5}}":   `there is no field "logstoers"`,
		"{propagation_delay: later}": "later",
	} {
		if _, err := worldWith(t, settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

// TestDocumentedQuotasInDocs: what docs/emulator.md prints is a valid world file with the quotas of the documentation.
func TestDocumentedQuotasInDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/emulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```yaml\nlog_service:\n")
	block, _, closed := strings.Cut(after, "```")
	if !found || !closed {
		t.Fatal("docs/emulator.md has no example of log_service")
	}
	w, err := worldWith(t, "\n"+block)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(emulatedsls.DocumentedQuotas(), w.LogService.Quotas); d != "" {
		t.Errorf("-documented +printed:\n%s", d)
	}
}
