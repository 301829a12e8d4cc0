package ros_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/ros"
)

// TestStackGroupLimits has a row for every number of section 4.3 of the accounts sheet: what is allowed, and one more.
func TestStackGroupLimits(t *testing.T) {
	t.Parallel()
	list := func(n int, form string) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(form, i))
		}
		return `["` + strings.Join(out, `","`) + `"]`
	}
	const accounts, regions = "19%014d", "cn-region-%d"
	template := func(n int) string { return roleTemplate + "#" + strings.Repeat("x", n-len(roleTemplate)-1) }
	for _, tt := range []struct {
		name, action string
		params       func(n int) []string // n of what is limited
		limit        int
		want         string
	}{
		{"accounts of a call", "CreateStackInstances", func(n int) []string {
			return []string{"StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "AccountIds", list(n, accounts)}
		}, 20, "400 InvalidParameter"},
		{"regions of a call", "CreateStackInstances", func(n int) []string {
			return []string{"StackGroupName", "g", "RegionIds", list(n, regions), "AccountIds", list(1, accounts)}
		}, 20, "400 InvalidParameter"},
		{"tolerated failures", "UpdateStackGroup", func(n int) []string {
			return []string{"StackGroupName", "g", "OperationPreferences", `{"FailureToleranceCount":` + strconv.Itoa(n) + `}`}
		}, 20, "400 InvalidParameter"},
		{"accounts at once", "UpdateStackGroup", func(n int) []string {
			return []string{"StackGroupName", "g", "OperationPreferences", `{"MaxConcurrentCount":` + strconv.Itoa(n) + `}`}
		}, 20, "400 InvalidParameter"},
		{"bytes of a template", "UpdateStackGroup", func(n int) []string { return []string{"StackGroupName", "g", "TemplateBody", template(n)} }, 524288, "400 InvalidSchema"},
		{"instances of a page", "ListStackInstances", func(n int) []string { return []string{"StackGroupName", "g", "PageSize", strconv.Itoa(n)} }, 50, "400 InvalidParameter"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &slowWorld{groupCloud(t, ros.Options{})}
			w.done("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate)
			if _, code := w.do(tt.action, tt.params(tt.limit)...); code != "" {
				t.Errorf("%d: %s", tt.limit, code)
			}
			w.ros.Wait()
			if _, code := w.do(tt.action, tt.params(tt.limit+1)...); code != tt.want {
				t.Errorf("%d: %q, want %q", tt.limit+1, code, tt.want)
			}
		})
	}
	t.Run("groups and instances", func(t *testing.T) {
		t.Parallel()
		w := &slowWorld{groupCloud(t, ros.Options{})}
		for n := range 100 {
			w.done("CreateStackGroup", "StackGroupName", fmt.Sprintf("g%d", n), "TemplateBody", roleTemplate)
		}
		if _, code := w.do("CreateStackGroup", "StackGroupName", "more", "TemplateBody", roleTemplate); code != "400 QuotaExceeded" {
			t.Errorf("the 101st group: %q", code)
		}
		for n := range 5 { // all fail, there are no roles: an instance counts all the same
			w.done("CreateStackInstances", "StackGroupName", "g0", "RegionIds", list(20, fmt.Sprintf("r%d-%%d", n)), "AccountIds", list(20, accounts))
			w.ros.Wait()
		}
		if _, code := w.do("CreateStackInstances", "StackGroupName", "g0", "RegionIds", `["r9-0"]`, "AccountIds", list(1, accounts)); code != "400 QuotaExceeded" {
			t.Errorf("the 2001st instance: %q", code)
		}
	})
}
