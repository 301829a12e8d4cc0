package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
)

// TestMissingPermission takes one statement out of a role of template.yaml. The story stops where it is needed, and the
// error names what the cloud denied: action, resource and role. So a grant that stands in the template is one that the
// functions need.
func TestMissingPermission(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, statement  string
		stage            demo.Stage
		action, resource string
		role             string
	}{
		{
			"onboard may not assume the broker", `
              - Effect: Allow
                Action: ['sts:AssumeRole']
                Resource:
                  - Fn::Sub: 'acs:ram::${ManagementAccountId}:role/fenghuo-broker'`,
			demo.StageOnboard, "sts:AssumeRole", "acs:ram::" + accountA + ":role/fenghuo-broker", "acs:ram::" + accountB + ":role/fenghuo-onboard",
		},
		{
			"detect may not write alerts", `
              - Effect: Allow
                Action: ['log:PostLogStoreLogs']
                Resource:
                  - Fn::Sub: 'acs:log:${ALIYUN::Region}:${ALIYUN::AccountId}:project/fenghuo-${ALIYUN::AccountId}-${ALIYUN::Region}/logstore/alerts'`,
			demo.StageDetect, "log:PostLogStoreLogs", "project/fenghuo-" + accountB + "-cn-hangzhou/logstore/alerts", "acs:ram::" + accountB + ":role/fenghuo-detect",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tell(t, demo.Options{Root: manifests(t, edit{"template.yaml", tt.statement, ""}), Records: 400, Patience: 3 * time.Second})
			if err == nil {
				t.Fatal("the story went well without the permission")
			}
			text := err.Error()
			if !strings.HasPrefix(text, string(tt.stage)+": ") {
				t.Errorf("the story stopped elsewhere, want stage %s: %s", tt.stage, text)
			}
			var denial string
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "the cloud denied: "+tt.action+" ") {
					denial = line
				}
			}
			if !strings.Contains(denial, tt.resource) || !strings.Contains(denial, tt.role) {
				t.Errorf("the error does not name %s, %s and %s:\n%s", tt.action, tt.resource, tt.role, text)
			}
			if n := strings.Count(text, "the cloud denied: "); n != 1 {
				t.Errorf("%d denials, want the one:\n%s", n, text)
			}
		})
	}
}
