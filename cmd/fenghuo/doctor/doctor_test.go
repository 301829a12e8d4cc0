package doctor

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func TestManifestIsOfTheAdministrator(t *testing.T) {
	t.Parallel()
	m, err := readManifest(fenghuo.Manifest, fenghuo.Template)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range m.functions {
		names = append(names, f.name)
		if f.name == "detect" {
			if d := cmp.Diff(map[string]string{"stream": "log"}, f.triggers); d != "" {
				t.Error(d)
			}
		}
	}
	for _, other := range []string{"delegate", "create-roles"} {
		if slices.Contains(names, other) {
			t.Errorf("%s is a function of the management account", other)
		}
	}
	if len(names) < 11 || !slices.Contains(m.flows, "onboard-accounts") || slices.Contains(m.flows, "setup-delegation") ||
		!slices.Contains(m.logstores, "trigger-jobs") || slices.Contains(m.indexed, "trigger-jobs") || !slices.Contains(m.indexed, "stream") {
		t.Errorf("functions %v, flows %v, Logstores %v, indexes %v", names, m.flows, m.logstores, m.indexed)
	}
}

// TestConfigurationNamesTheOdd: the function that stands apart is named, and no value is shown.
func TestConfigurationNamesTheOdd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(map[string]function.Description)
		says  string
	}{
		"alike":              {func(map[string]function.Description) {}, ""},
		"another store":      {func(f map[string]function.Description) { f["b"].Environment["SOC_STORE"] = "sqlite:/other" }, "SOC_STORE of b differs"},
		"no external id":     {func(f map[string]function.Description) { delete(f["c"].Environment, "SOC_EXTERNAL_ID") }, "SOC_EXTERNAL_ID of c differs"},
		"another management": {func(f map[string]function.Description) { setAll(f, "SOC_MANAGEMENT_ACCOUNT", "9") }, "names 9; the directory belongs to 1"},
	} {
		e := &examination{now: link{id: "configuration"}, seen: facts{management: "1", functions: map[string]function.Description{}}}
		for _, f := range []string{"a", "b", "c"} {
			e.manifest.functions = append(e.manifest.functions, deployed{name: f})
			e.seen.functions[f] = function.Description{Name: f, Environment: map[string]string{"SOC_STORE": "sqlite:/same", "SOC_EXTERNAL_ID": "the-secret", "SOC_MANAGEMENT_ACCOUNT": "1"}}
		}
		tt.spoil(e.seen.functions)
		configuration(t.Context(), e)
		r := report(e.out)
		if r.Healthy != (tt.says == "") || !r.Healthy && !strings.Contains(r.Broken.Evidence, tt.says) {
			t.Errorf("%s: %+v", name, e.out)
		}
		for _, f := range e.out {
			if text := f.Evidence + f.EvidenceZH + f.Subject + f.Fix; strings.Contains(text, "the-secret") || strings.Contains(text, "sqlite:") {
				t.Errorf("%s shows a value: %s", name, text)
			}
		}
	}
}

func setAll(f map[string]function.Description, key, value string) {
	for _, d := range f {
		d.Environment[key] = value
	}
}

func TestWhatCannotBeSeenIsBrokenOnlyAlone(t *testing.T) {
	t.Parallel()
	down := &soc.Error{Kind: soc.Unavailable, Op: "x"}
	for _, tt := range []struct {
		before org.Verdict
		err    error
		want   org.Verdict
	}{{org.Pass, down, org.Fail}, {org.Fail, down, org.Unknown}, {org.Pass, &soc.Error{Kind: soc.Denied, Op: "x"}, org.Unknown}} {
		e := &examination{}
		e.add(tt.before, "", "", text{}, text{})
		e.unseen("y", tt.err, text{})
		if got := e.out[1].Result; got != tt.want {
			t.Errorf("after %s, %v: %s, want %s", tt.before, tt.err, got, tt.want)
		}
	}
}

// TestUnreachableCloudIsNoMatterOfKeys: nothing answers at the address, so the doctor must not send anybody for new keys.
func TestUnreachableCloudIsNoMatterOfKeys(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	l.Close()
	keys := openapi.Static(openapi.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"})
	r, err := Examine(t.Context(), Options{API: openapi.New(openapi.Config{Endpoint: base, Region: "cn-hangzhou", Credentials: keys}), Endpoint: base})
	if err != nil || r.Broken == nil || r.Broken.ID != "identity" || !strings.Contains(r.Broken.Fix, "can be reached") {
		t.Fatalf("%v, %+v", err, r.Broken)
	}
	for _, f := range r.Links[1:] {
		if f.Result != org.Unknown || !strings.HasPrefix(f.Evidence, "Not examined") || strings.Contains(f.Evidence, "not valid") {
			t.Errorf("%+v", f)
		}
	}
}

func TestDifferencesHaveWords(t *testing.T) {
	t.Parallel()
	for _, d := range []string{"trust", "external_id", "policy_missing:p", "policy_changed:p", "policy_detached:p", "policy_foreign:p", "unwanted"} {
		got := differs(soc.RoleState{Name: "r", State: org.RoleDrifted, Differs: []string{d}})
		if _, name, found := strings.Cut(d, ":"); len(got.en) < len("Role r: .")+5 || !strings.Contains(got.zh, "角色 r：") || found && !strings.Contains(got.zh, name) {
			t.Errorf("%s: %+v", d, got)
		}
	}
}
