package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"
)

// unusedInStory are the grants that the story has no use for, each with when it is used. Everything else that
// template.yaml grants must be used in it: a grant that nothing uses is one too many.
var unusedInStory = map[string]string{
	"fenghuo-archive log:GetCursorOrData":                               "while log storage is on",
	"fenghuo-archive log:PostLogStoreLogs":                              "while log storage is on",
	"fenghuo-collect fc:InvokeFunction":                                 "with more than one worker",
	"fenghuo-collector log:GetLogStore":                                 "by diagnose, for a Logstore whose project can be read",
	"fenghuo-collector log:GetProject":                                  "by diagnose, for a role that works",
	"fenghuo-console fnf:DescribeExecution":                             "when a flow was started under that name before",
	"fenghuo-console log:GetLogStoreLogs":                               "on the search page",
	"fenghuo-correlate fnf:DescribeExecution":                           "when a playbook was started before and not noted",
	"fenghuo-create-roles resourcemanager:GetAccount":                   "for an account that is not in the list of members",
	"fenghuo-onboard log:GetLogStore":                                   "for the dates of a receipt, when an account leaves",
	"fenghuo-onboard resourcemanager:GetAccount":                        "by follow, on members that may be closing",
	"fenghuo-delegate resourcemanager:DeregisterDelegatedAdministrator": "when delegation is taken back",
}

// role is what is read of a role in template.yaml.
type role struct {
	Type       string `yaml:"Type"`
	Condition  string `yaml:"Condition"`
	Properties struct {
		RoleName string `yaml:"RoleName"`
		Policies []struct {
			PolicyDocument struct {
				Statement []struct {
					Action []string `yaml:"Action"`
				} `yaml:"Statement"`
			} `yaml:"PolicyDocument"`
		} `yaml:"Policies"`
	} `yaml:"Properties"`
}

// checkGrants compares what the roles of template.yaml may do with what the cloud was asked for.
func checkGrants(t *testing.T, c cloud) {
	b, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]yaml.Node `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(b, &template); err != nil {
		t.Fatal(err)
	}
	accounts := map[string][]string{"Management": {accountA}, "Administrator": {accountB}, "Member": members, "Responder": members}
	grants := 0
	for name, node := range template.Resources {
		var r role
		if err := node.Decode(&r); err != nil || r.Type != "ALIYUN::RAM::Role" {
			continue // other resources have other shapes
		}
		if accounts[r.Condition] == nil {
			t.Fatalf("role %s: condition %q", name, r.Condition)
		}
		for _, p := range r.Properties.Policies {
			for _, s := range p.PolicyDocument.Statement {
				for _, action := range s.Action {
					grants++
					grant := r.Properties.RoleName + " " + action
					used := 0
					for _, uid := range accounts[r.Condition] {
						used += c.IAM().Used("acs:ram::" + uid + ":role/" + r.Properties.RoleName)[action]
					}
					if used == 0 && unusedInStory[grant] == "" {
						t.Errorf("%s is granted and never used", grant)
					}
				}
			}
		}
	}
	if grants < 40 {
		t.Errorf("only %d grants were found in the template", grants)
	}
}
