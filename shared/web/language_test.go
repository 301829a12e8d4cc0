package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

var (
	usedKey  = regexp.MustCompile(`\bt "([a-z0-9_.]+)"`)
	usedFrom = regexp.MustCompile(`\bt \(print "([a-z.]+)" [.$]`)
	verb     = regexp.MustCompile(`%[.0-9]*[a-z%]`)
)

// TestLanguagesAreComplete wants every key in both languages with the same values, and every key that is used.
func TestLanguagesAreComplete(t *testing.T) {
	t.Parallel()
	en, err := loadWords(english)
	must(t, err)
	zh, err := loadWords(chinese)
	must(t, err)
	for key, text := range en {
		if zh[key] == "" || text == "" {
			t.Errorf("%s is missing in a language", key)
		}
		if a, b := verb.FindAllString(text, -1), verb.FindAllString(zh[key], -1); !slices.Equal(slices.DeleteFunc(a, percent), slices.DeleteFunc(b, percent)) {
			t.Errorf("%s takes %v in English, %v in Chinese", key, a, b)
		}
	}
	for key := range zh {
		if en[key] == "" {
			t.Errorf("%s is missing in English", key)
		}
	}
	used := dynamicKeys()
	files, err := templateFiles.ReadDir("templates")
	must(t, err)
	for _, f := range files {
		body, err := templateFiles.ReadFile("templates/" + f.Name())
		must(t, err)
		for _, m := range usedKey.FindAllStringSubmatch(string(body), -1) {
			used[m[1]] = true
		}
		for _, m := range usedFrom.FindAllStringSubmatch(string(body), -1) {
			if !slices.ContainsFunc(slices.Collect(mapKeys(used)), func(k string) bool { return strings.HasPrefix(k, m[1]) }) {
				t.Errorf("%s uses keys that begin with %s, which no test lists", f.Name(), m[1])
			}
		}
		for n, line := range strings.Split(string(body), "\n") {
			if bare := regexp.MustCompile(`\{\{.*?\}\}|<[^>]*>`).ReplaceAllString(line, ""); regexp.MustCompile(`[\p{Han}]|[A-Za-z]{3,}`).MatchString(bare) && !strings.Contains(line, `<code>{"accounts"`) && !strings.Contains(line, `lang="en"`) {
				t.Errorf("%s:%d has text outside the languages: %s", f.Name(), n+1, bare)
			}
		}
	}
	for key := range used {
		if en[key] == "" {
			t.Errorf("%s is used and missing", key)
		}
	}
	for key := range en {
		if base := strings.TrimSuffix(key, ".one"); !used[base] {
			t.Errorf("%s is not used", key)
		}
	}
}

func percent(s string) bool { return s == "%%" }

func mapKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// dynamicKeys are the keys that templates and code put together, from the lists of states that they are for.
func dynamicKeys() map[string]bool {
	used := map[string]bool{}
	add := func(prefix string, ends ...string) {
		for _, e := range ends {
			used[prefix+e] = true
		}
	}
	for _, h := range healths {
		add("health.", string(h))
		if h != soc.Healthy && h != soc.Off {
			add("lead.", string(h))
		}
	}
	for _, l := range append(levels, 0) {
		add("level.", l.String())
	}
	for _, s := range states {
		add("state.", string(s))
	}
	for _, s := range sentences {
		used[s.key] = true
	}
	for _, r := range ranges {
		add("range.", r.Name)
	}
	add("store.", StreamLogs, AlertLogs, ArchiveLogs)
	for _, e := range examples {
		add("example.", e.ID)
	}
	add("account.", "pending", "joining", "joined", "failed", "leaving", "left", "suspended")
	add("role.", "created", "unchanged", "repaired", "removed", "missing", "drifted", "kept", "failed", "removing")
	add("run.", "planned", "waiting", "rejected", "running", "done", "partial", "undone")
	add("task.", "planned", "running", "succeeded", "failed", "undone")
	add("entity.", "ip", "access_key", "user", "role", "bucket", "host", "domain")
	add("part.", "attacker", "victim", "means")
	add("line.kind.", "alert", "opened", "state", "response", "task", "approval", "note")
	add("line.task.", "Done", "Undone", "Failed")
	add("kind.", "Invalid", "NotFound", "Conflict", "Denied", "Throttled", "Unavailable", "Timeout", "Unsupported", "Internal")
	add("login.", "WrongToken", "TooManyWrongTokens")
	add("failure.", "NoPage")
	add("gap.", "seconds", "minutes", "hours", "days", "exact")
	add("event", ".title")
	return used
}

func TestLanguageOfARequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ target, cookie, accept, want string }{
		{"/", "", "", english},
		{"/", "", "zh-CN,zh;q=0.9,en;q=0.8", chinese},
		{"/", "", "zh;q=0.3, en-US;q=0.7", english},
		{"/", "", "fr, zh-TW;q=0.5", chinese},
		{"/", "", "zh;q=x, en", english},
		{"/", english, "zh-CN", english},
		{"/?lang=zh-CN", english, "en", chinese},
		{"/?lang=tlh", "tlh", "en", english},
	} {
		r := httptest.NewRequest(http.MethodGet, c.target, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
		}
		if got := languageOf(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	h, _, _ := newConsole(t, Options{})
	rec := record(t, h, "/?lang=zh-CN", "")
	if !strings.Contains(rec.Body.String(), `<html lang="zh-CN">`) || !strings.Contains(rec.Header().Get("Set-Cookie"), "lang=zh-CN") {
		t.Errorf("?lang=zh-CN: cookie %q", rec.Header().Get("Set-Cookie"))
	}
}

func TestRetell(t *testing.T) {
	t.Parallel()
	zh, err := loadWords(chinese)
	must(t, err)
	p := &page{Lang: chinese, words: zh}
	for text, want := range map[string]string{
		"Playbook block-ip is partial: 2 succeeded, 1 failed.": "剧本 block-ip 部分完成：成功 2，失败 1。",
		"State changed from new to in_progress.":               "状态由“新建”变为“处理中”。",
	} {
		if got := retell(p, text, soc.Task{}); got.Text != want || got.Lang != chinese {
			t.Errorf("%s: %+v", text, got)
		}
	}
	task := soc.Task{ID: "task-1", Summary: "Block it", SummaryZH: "封禁"}
	if got := retell(p, "Failed: Block it (Forbidden)", task); got.Text != "失败：封禁 (Forbidden)" {
		t.Errorf("task: %+v", got)
	}
	if got := p.Told("no Logstore was found yet"); got != (retold{"尚未发现 Logstore", chinese}) {
		t.Errorf("detail of a source: %+v", got)
	}
	en, err := loadWords(english)
	must(t, err)
	if got := retell(&page{Lang: english, words: en}, "State changed from new to in_progress.", soc.Task{}); got.Text != "State changed from New to In progress." {
		t.Errorf("state in English: %+v", got)
	}
	if got := retell(p, "something else", soc.Task{}); got != (retold{"something else", english}) {
		t.Errorf("unknown: %+v", got)
	}
}
