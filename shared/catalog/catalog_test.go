package catalog

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func load(t *testing.T) *Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMatch(t *testing.T) {
	t.Parallel()
	const d, region = "1100000000000004", "cn-hangzhou"
	for _, tt := range []struct{ project, logstore, want string }{
		{"actiontrail-" + d + "-cn-hangzhou", "actiontrail_audit", "alibaba_cloud_actiontrail_event"},
		{"whatever-the-owner-likes", "actiontrail_x", "alibaba_cloud_actiontrail_event"},
		{"wafnew-project-" + d + "-cn-hangzhou", "wafnew-logstore", "alibaba_cloud_waf_flow"},
		{"wafng-project-" + d + "-cn-hangzhou", "wafng-logstore", "alibaba_cloud_waf_flow"},
		{"cloudfirewall-project-" + d + "-cn-hangzhou", "cloudfirewall-logstore", "alibaba_cloud_cfw_flow"},
		{"sas-log-" + d + "-cn-hangzhou", "sas-log", "alibaba_cloud_sas_log"},
		{"oss-log-" + d + "-cn-hangzhou", "oss-log-store", "alibaba_cloud_oss_access"},
		{"oss-log-1100000000000005-cn-hangzhou", "oss-log-store", ""}, // another account's name
		{"oss-log-" + d + "-cn-beijing", "oss-log-store", ""},         // another region's name
		{"wafnew-project-" + d + "-cn-hangzhou", "wafng-logstore", ""},
		{"p", "actiontrail", ""},
	} {
		got, ok := load(t).Match(tt.project, tt.logstore, d, region)
		if got.ID != tt.want || ok != (tt.want != "") {
			t.Errorf("Match(%q, %q) = %q, %v; want %q", tt.project, tt.logstore, got.ID, ok, tt.want)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	c := load(t)
	got, err := c.Select([]string{"alibaba_cloud_oss_access", Recommended, "alibaba_cloud_waf_flow"})
	want := []string{"alibaba_cloud_actiontrail_event", "alibaba_cloud_cfw_flow", "alibaba_cloud_oss_access", "alibaba_cloud_sas_log", "alibaba_cloud_waf_flow"}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("Select = %v, %v; want %v", got, err, want)
	}
	if rec, _ := c.Select([]string{Recommended}); slices.Contains(rec, "alibaba_cloud_oss_access") {
		t.Error("OSS access logs are not in the product's recommended policy")
	}
	if _, err := c.Select([]string{"waf"}); soc.KindOf(err) != soc.NotFound || soc.NextOf(err) == "" {
		t.Errorf("Select of an unknown id: %v, want NotFound with advice", err)
	}
	if _, err := c.Select(nil); soc.KindOf(err) != soc.Invalid {
		t.Errorf("Select of nothing: %v, want Invalid", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const good = "- {id: abc, product: p, title: t, title_zh: t, service: s, silent_after: 1h, stores: [{project: p, logstore: l}]}\n"
	if _, err := Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"twice":         good + good,
		"unknown key":   strings.Replace(good, "product:", "prodcut:", 1),
		"no store":      strings.Replace(good, "{project: p, logstore: l}", "", 1),
		"half a store":  strings.Replace(good, ", logstore: l", "", 1),
		"no time":       strings.Replace(good, "silent_after: 1h, ", "", 1),
		"reserved name": strings.Replace(good, "abc", Recommended, 1),
		"not YAML":      "\t",
	} {
		if _, err := Parse([]byte(body)); soc.KindOf(err) != soc.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}

// FuzzGlob compares glob with the regular expression that means the same.
func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"*", ""}, {"a*", "ab"}, {"a*b*c", "aXbXbc"}, {"*ab", "ab"}, {"a*a", "a"}, {"abc", "abc"}, {"", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 50 || strings.ToValidUTF8(pattern, "") != pattern || strings.ToValidUTF8(name, "") != name {
			return
		}
		re := regexp.MustCompile(`(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`)
		if got, want := glob(pattern, name), re.MatchString(name); got != want {
			t.Errorf("glob(%q, %q) = %v, want %v", pattern, name, got, want)
		}
	})
}
