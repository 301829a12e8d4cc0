package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const externalID = "an-external-id-of-tests" // as deployInto sets it

// administratorRoles are the roles of the administrator's functions.
var administratorRoles = []string{
	"fenghuo-onboard", "fenghuo-integrate", "fenghuo-discover", "fenghuo-collect", "fenghuo-detect", "fenghuo-archive",
	"fenghuo-correlate", "fenghuo-respond", "fenghuo-notify", "fenghuo-diagnose", "fenghuo-console",
}

// TestSecurity tries, against a deployed system with three members, what nobody must be able to do.
func TestSecurity(t *testing.T) {
	t.Parallel()
	c := start(t, world(t, "example"))
	c.deploy(t, append([]string{"collect"}, accountFunctions...)...)
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{accountC, accountD}, "response": true}).must(t)
	c.run(t, accountB, "apply-integration", integration("increment", []string{"recommended"}, []string{"*"}, "")).must(t)
	for name, test := range map[string]func(*testing.T, cloud){
		"the administrator enters a member by the broker only": noWayIn,
		"the external id is asked for":                         wrongExternalID,
		"only the named function takes a role":                 onlyNamedFunctions,
		"the broker gives the fixed set and nothing else":      brokerRefuses,
		"a collector credential writes nowhere":                collectorWritesNowhere,
		"a member reads nothing of another":                    membersAreApart,
		"response is off where it was not switched on":         noResponder,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
	t.Run("session names carry function and request", func(t *testing.T) { sessionNames(t, c) })
}

// noWayIn: none of the administrator's roles may take the access role of a member, make or change a role there, or call
// create-roles without the broker.
func noWayIn(t *testing.T, c cloud) {
	for _, role := range administratorRoles {
		f := c.function(t, accountB, role)
		for _, target := range []string{"ResourceDirectoryAccountAccessRole", "resourcedirectoryaccountaccessrole", "AliyunServiceRoleForSasRd", "AliyunServiceRoleForSasCloudSiem"} {
			_, err := f.enter(t.Context(), accountC, target, externalID)
			denied(t, role+" takes "+target, err)
		}
		_, err := f.invoke(t.Context(), accountA, "create-roles", `{"operation":"ensure","account":"`+accountC+`"}`)
		denied(t, role+" calls create-roles", err)
		if role != "fenghuo-onboard" {
			_, err := f.enter(t.Context(), accountA, "fenghuo-broker", externalID)
			denied(t, role+" takes the broker role", err)
		}
		for _, name := range []string{"fenghuo-create-roles", "fenghuo-delegate", "fenghuo-flow"} {
			_, err := f.enter(t.Context(), accountA, name, externalID)
			denied(t, role+" takes "+name+" of the management account", err)
		}
	}
	for _, member := range []string{"fenghuo-collector", "fenghuo-responder"} {
		function := map[string]string{"fenghuo-collector": "fenghuo-collect", "fenghuo-responder": "fenghuo-respond"}[member]
		in, err := c.function(t, accountB, function).enter(t.Context(), accountC, member, externalID)
		if err != nil {
			t.Fatal(err)
		}
		api := ram.New(in.api())
		_, err = api.CreateRole(t.Context(), "intruder", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::`+accountB+`:root"]}}]}`, "", 0)
		denied(t, member+" makes a role", err)
		_, err = api.UpdateRole(t.Context(), member, ram.RoleUpdate{TrustPolicy: `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + accountB + `:root"]}}]}`})
		denied(t, member+" changes its trust", err)
		_, err = api.SetPolicy(t.Context(), member, `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
		denied(t, member+" changes its policy", err)
		denied(t, member+" attaches a policy", api.AttachPolicyToRole(t.Context(), ram.System, "AdministratorAccess", member))
		_, err = api.CreateServiceLinkedRole(t.Context(), "cspm.sas.aliyuncs.com")
		denied(t, member+" makes a service-linked role", err)
	}
}

func wrongExternalID(t *testing.T, c cloud) {
	for _, tt := range []struct{ function, account, role string }{
		{"fenghuo-collect", accountC, "fenghuo-collector"},
		{"fenghuo-discover", accountC, "fenghuo-collector"},
		{"fenghuo-diagnose", accountC, "fenghuo-collector"},
		{"fenghuo-respond", accountC, "fenghuo-responder"},
		{"fenghuo-onboard", accountA, "fenghuo-broker"},
	} {
		f := c.function(t, accountB, tt.function)
		for _, id := range []string{"", "an-external-id-of-others", strings.ToUpper(externalID), externalID + "x"} {
			_, err := f.enter(t.Context(), tt.account, tt.role, id)
			denied(t, fmt.Sprintf("%s takes %s with external id %q", tt.function, tt.role, id), err)
		}
		if _, err := f.enter(t.Context(), tt.account, tt.role, externalID); err != nil {
			t.Errorf("%s cannot take %s with the right external id: %v", tt.function, tt.role, err)
		}
	}
}

// onlyNamedFunctions: the collector role is for three functions, the responder role for one, and for no other account.
func onlyNamedFunctions(t *testing.T, c cloud) {
	may := map[string][]string{"fenghuo-collector": {"fenghuo-collect", "fenghuo-discover", "fenghuo-diagnose"}, "fenghuo-responder": {"fenghuo-respond"}}
	for target, functions := range may {
		for _, role := range administratorRoles {
			_, err := c.function(t, accountB, role).enter(t.Context(), accountC, target, externalID)
			if allowed := strings.Contains(strings.Join(functions, " ")+" ", role+" "); allowed && err != nil {
				t.Errorf("%s cannot take %s: %v", role, target, err)
			} else if !allowed {
				denied(t, role+" takes "+target, err)
			}
		}
		for _, uid := range []string{accountA, accountB, accountD, accountE} {
			_, err := c.operator(uid).enter(t.Context(), accountC, target, externalID)
			denied(t, "the operator of "+uid+" takes "+target+" in C", err)
		}
	}
}

func brokerRefuses(t *testing.T, c cloud) {
	broker, err := c.function(t, accountB, "fenghuo-onboard").enter(t.Context(), accountA, "fenghuo-broker", externalID)
	if err != nil {
		t.Fatal(err)
	}
	before := c.roles(t, accountC)
	for name, payload := range map[string]string{
		"a policy of its own":     `{"operation":"ensure","account":"` + accountC + `","policy":"{}"}`,
		"a role of its own":       `{"operation":"ensure","account":"` + accountC + `","role":"intruder"}`,
		"an unknown operation":    `{"operation":"grant","account":"` + accountC + `"}`,
		"the management account":  `{"operation":"ensure","account":"` + accountA + `"}`,
		"an account that is none": `{"operation":"ensure","account":"1100000000000009"}`,
		"a path":                  `{"operation":"ensure","account":"../` + accountC + `"}`,
		"a list":                  `["` + accountC + `"]`,
	} {
		answer, err := broker.invoke(t.Context(), accountA, "create-roles", payload)
		if err == nil && !strings.Contains(string(answer), `"refused"`) {
			t.Errorf("%s: create-roles answers %s", name, answer)
		}
	}
	if after := c.roles(t, accountC); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("refused requests changed roles:\n%v\n%v", before, after)
	}
	for _, function := range []string{"delegate", "other"} {
		_, err := broker.invoke(t.Context(), accountA, function, `{}`)
		denied(t, "the broker role invokes "+function, err)
	}
	_, err = broker.enter(t.Context(), accountC, "ResourceDirectoryAccountAccessRole", "")
	denied(t, "the broker role enters a member", err)
	_, err = ram.New(broker.api()).CreateRole(t.Context(), "intruder", `{"Version":"1","Statement":[]}`, "", 0)
	denied(t, "the broker role makes a role", err)
	// The fixed set, for any member and however often, is what it does.
	answer, err := broker.invoke(t.Context(), accountA, "create-roles", `{"operation":"verify","account":"`+accountC+`","response":true}`)
	if err != nil || !strings.Contains(string(answer), `"ok"`) {
		t.Errorf("verify: %s, %v", answer, err)
	}
}

func collectorWritesNowhere(t *testing.T, c cloud) {
	in, err := c.function(t, accountB, "fenghuo-collect").enter(t.Context(), accountC, "fenghuo-collector", externalID)
	if err != nil {
		t.Fatal(err)
	}
	project, logstore := "wafnew-project-"+accountC+"-cn-hangzhou", "wafnew-logstore"
	if _, err := in.logs(project).ListShards(t.Context(), logstore); err != nil {
		t.Fatalf("the collector cannot even read: %v", err)
	}
	for _, p := range []struct{ project, logstore string }{
		{project, logstore},
		{"actiontrail-" + accountC + "-cn-hangzhou", "actiontrail_audit"},
		{"fenghuo-" + accountB + "-cn-hangzhou", "stream"},
		{"fenghuo-" + accountB + "-cn-hangzhou", "alerts"},
		{"wafnew-project-" + accountD + "-cn-hangzhou", logstore},
	} {
		err := in.logs(p.project).PutLogs(t.Context(), p.logstore, logGroup(), "")
		denied(t, "the collector of C writes into "+p.project+"/"+p.logstore, err)
	}
	_, err = in.invoke(t.Context(), accountC, "any", `{}`)
	denied(t, "the collector invokes a function", err)
	if got := c.IAM().Used(sts.RoleARN(accountC, "fenghuo-collector")); len(got) == 0 {
		t.Error("the collector's calls are not recorded: the test sees nothing")
	} else {
		for action := range got {
			if !strings.HasPrefix(action, "log:Get") && !strings.HasPrefix(action, "log:List") {
				t.Errorf("the collector role was allowed %s", action)
			}
		}
	}
}

// membersAreApart: neither a member's operator nor the collector of one member reads another's logs, and no member reads
// what the administrator holds of others.
func membersAreApart(t *testing.T, c cloud) {
	read := func(who identity, project, logstore string) error {
		_, err := who.logs(project).Cursor(t.Context(), logstore, 0, "begin")
		return err
	}
	collector, err := c.function(t, accountB, "fenghuo-collect").enter(t.Context(), accountC, "fenghuo-collector", externalID)
	if err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]identity{"the operator of C": c.operator(accountC), "the collector of C": collector} {
		denied(t, name+" reads D", read(who, "wafnew-project-"+accountD+"-cn-hangzhou", "wafnew-logstore"))
		denied(t, name+" reads the central stream", read(who, "fenghuo-"+accountB+"-cn-hangzhou", "stream"))
		denied(t, name+" reads the alerts", read(who, "fenghuo-"+accountB+"-cn-hangzhou", "alerts"))
		_, err := who.invoke(t.Context(), accountB, "onboard", `{"operation":"window","account":"`+accountD+`"}`)
		if kind := soc.KindOf(err); kind != soc.Denied && kind != soc.NotFound { // it looks for the function in the caller's account
			t.Errorf("%s asks onboard: %v", name, err)
		}
	}
	var own, other map[string]any
	c.onboard(t, map[string]any{"operation": "window", "account": accountC}, &own)
	c.onboard(t, map[string]any{"operation": "window", "account": accountD}, &other)
	for _, w := range []struct {
		window map[string]any
		own    string
		others []string
	}{{own, accountC, []string{accountD, accountE}}, {other, accountD, []string{accountC, accountE}}} {
		text := fmt.Sprint(w.window)
		for _, uid := range w.others {
			if strings.Contains(text, uid) {
				t.Errorf("the window of %s shows something of %s", w.own, uid)
			}
		}
		if !strings.Contains(text, w.own) || strings.Contains(text, externalID) {
			t.Errorf("the window of %s: %s", w.own, text)
		}
	}
}

func noResponder(t *testing.T, c cloud) {
	c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{accountE}}).must(t)
	if have := names(c.roles(t, accountE)); strings.Contains(strings.Join(have, " "), "fenghuo-responder") {
		t.Errorf("E has %v, and response was not switched on there", have)
	}
	_, err := c.function(t, accountB, "fenghuo-respond").enter(t.Context(), accountE, "fenghuo-responder", externalID)
	if kind := soc.KindOf(err); kind != soc.Denied && kind != soc.NotFound {
		t.Errorf("respond enters E: %v", err)
	}
}

// sessionNames: whoever reads a member's audit log finds the function and the request in the name of the session.
func sessionNames(t *testing.T, c cloud) {
	seen := map[string]bool{}
	for _, s := range c.IAM().Sessions() {
		for _, f := range []string{"collect", "discover", "create-roles", "onboard"} {
			if rest, ok := strings.CutPrefix(s.Session, f+"-"); ok && len(rest) >= 8 {
				seen[f+" in "+s.Role] = true
			}
		}
		if s.Role == "fenghuo-broker" && s.Session != "test" && !seen["onboard in fenghuo-broker"] {
			t.Errorf("session %q of role %s names no request", s.Session, s.Role)
		}
	}
	for _, want := range []string{"discover in fenghuo-collector", "create-roles in ResourceDirectoryAccountAccessRole", "onboard in fenghuo-broker"} {
		if !seen[want] {
			t.Errorf("no session of %s; seen: %v", want, seen)
		}
	}
}

// logGroup is one log, as it goes over the wire.
func logGroup() []byte {
	var b sls.Builder
	b.StartLog(1_700_000_000, 0)
	b.Field("intruder", "was here")
	return b.Bytes()
}
