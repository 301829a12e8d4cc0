package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// storeFunctions are the functions that open the store.
var storeFunctions = []string{"onboard", "integrate", "discover", "collect", "detect", "archive", "correlate", "respond", "notify", "diagnose", "console"}

// seen is what the doctor says, as JSON.
type seen struct {
	Healthy bool
	Broken  *struct{ ID, Account, Subject, Evidence, Fix, Result string }
	Links   []struct {
		ID, Account, Subject, Evidence, Result string
		Lag                                    *diagnosis.Lag
	}
}

func (c cloud) doctor(t *testing.T) seen {
	t.Helper()
	out, errs, code := c.fenghuo(t, accountB, "doctor", "--json")
	var s seen
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("doctor: %v, exit %d\n%s%s", err, code, out, errs)
	}
	if (code == 0) != s.Healthy || s.Healthy != (s.Broken == nil) {
		t.Errorf("exit code %d, healthy %v, broken %+v", code, s.Healthy, s.Broken)
	}
	return s
}

// fault is one thing that is broken, with what heals it again.
type fault struct {
	name               string
	breaks, heals      func() error
	id, about, because string // of the link that must be named first
}

// TestDoctorNamesTheBrokenLink breaks one thing after the other in a running world. The doctor names each as the first
// broken link, and finds none before the first fault and after the last one was mended.
func TestDoctorNamesTheBrokenLink(t *testing.T) {
	t.Parallel()
	c := start(t, world(t, "example"))
	c.deploy(t)
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{"*"}, "response": true}).must(t)
	c.run(t, accountB, "apply-integration", integration("increment", []string{"alibaba_cloud_actiontrail_event"}, []string{"*"}, "")).must(t)
	db := c.open(t)
	written := c.write(t, 9, 600)
	c.awaitRecords(t, db, map[string]int{accountC: min(1, written[accountC]), accountD: 1, accountE: 1})

	if s := c.doctor(t); !s.Healthy {
		t.Fatalf("a whole chain: %+v", s.Broken)
	} else {
		measured := map[string]bool{}
		for _, l := range s.Links {
			if l.Lag != nil && !l.Lag.LastRead.IsZero() && !l.Lag.LastLog.IsZero() && strings.Contains(l.Evidence, "groups of logs wait") {
				measured[l.Account] = true
			}
		}
		if !measured[accountC] || !measured[accountD] || !measured[accountE] {
			t.Errorf("how far behind each source is: %+v", s.Links)
		}
	}
	for _, f := range c.faults(t) {
		t.Run(f.name, func(t *testing.T) {
			if err := f.breaks(); err != nil {
				t.Fatal(err)
			}
			s := c.doctor(t)
			if s.Broken == nil {
				t.Fatalf("nothing was found broken:\n%+v", s.Links)
			}
			if s.Broken.ID != f.id || !strings.Contains(s.Broken.Account+" "+s.Broken.Subject, f.about) || !strings.Contains(s.Broken.Evidence, f.because) {
				t.Errorf("the doctor names %+v, want %s of %q because of %q", *s.Broken, f.id, f.about, f.because)
			}
			if s.Broken.Fix == "" {
				t.Error("it does not say what to do")
			}
			if err := f.heals(); err != nil { // else the next fault would not be the first broken link
				t.Fatal(err)
			}
		})
	}
	if s := c.doctor(t); !s.Healthy {
		t.Errorf("mended, and still broken: %+v", *s.Broken)
	}
	out, errs, code := c.fenghuo(t, accountB, "doctor", "--lang", "zh")
	if code != 0 || !strings.Contains(out, "没有断开的环节") || !strings.Contains(out, "威胁分析委派管理员") {
		t.Errorf("the table in Chinese: %d\n%s%s", code, out, errs)
	}
}

// faults are seeded one at a time, in the order of the chain.
func (c cloud) faults(t *testing.T) []fault {
	t.Helper()
	const sas, siem = "sas.aliyuncs.com", "cloudsiem.sas.aliyuncs.com"
	ctx := t.Context()
	rd, b, member := directory.New(c.as(accountA)), ram.New(c.as(accountB)), ram.New(c.as(accountC))
	central := c.project(accountB, "fenghuo-"+accountB+"-cn-hangzhou")
	index, err := central.GetIndex(ctx, "stream")
	if err != nil {
		t.Fatal(err)
	}
	const collector = "fenghuo-collector"
	role, err := member.GetRole(ctx, collector)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := member.GetPolicy(ctx, ram.Custom, collector)
	if err != nil {
		t.Fatal(err)
	}
	trust := func(document string) func() error {
		return func() error {
			_, err := member.UpdateRole(ctx, collector, ram.RoleUpdate{TrustPolicy: document})
			return err
		}
	}
	set := func(document string) func() error {
		return func() error { _, err := member.SetPolicy(ctx, collector, document); return err }
	}
	again := func(only ...string) func() error { return func() error { c.deploy(t, only...); return nil } }
	deleted := func(action, path string) func() error {
		return func() error { return c.functionAPI(ctx, http.MethodDelete, action, path, nil) }
	}
	with := func(key, value string, only ...string) func() error {
		return func() error { c.deployWith(t, map[string]string{key: value}, only...); return nil }
	}
	brokerRole, err := ram.New(c.as(accountA)).GetRole(ctx, "fenghuo-broker")
	if err != nil {
		t.Fatal(err)
	}
	broker := func(document string) func() error {
		return func() error {
			_, err := ram.New(c.as(accountA)).UpdateRole(ctx, "fenghuo-broker", ram.RoleUpdate{TrustPolicy: document})
			return err
		}
	}
	const trail, linked = "actiontrail_audit", "AliyunServiceRoleForSasRd"
	trails := c.project(accountE, "actiontrail-"+accountE+"-cn-hangzhou")
	logstore, err := trails.GetLogstore(ctx, trail)
	if err != nil {
		t.Fatal(err)
	}
	return []fault{
		{
			"trusted service switched off", func() error { return c.Directory().Distrust(accountA, siem) }, func() error { return c.Directory().Trust(accountA, siem) },
			"trusted_access", siem, "Off for " + siem,
		},
		{
			"half a delegation missing, Security Center", func() error { return rd.DeregisterDelegatedAdministrator(ctx, accountB, sas) },
			func() error { return rd.RegisterDelegatedAdministrator(ctx, accountB, sas) }, "delegation_security", sas, "does not administer",
		},
		{
			"half a delegation missing, threat analysis", func() error { return rd.DeregisterDelegatedAdministrator(ctx, accountB, siem) },
			func() error { return rd.RegisterDelegatedAdministrator(ctx, accountB, siem) }, "delegation_analysis", siem, "not threat analysis",
		},
		{
			"index missing", func() error { return central.DeleteIndex(ctx, "stream") }, func() error { return central.CreateIndex(ctx, "stream", index) },
			"indexes", "stream", "has no index",
		},
		{
			"function deleted", func() error {
				return errors.Join(deleted("DeleteTrigger", "functions/archive/triggers/stream")(), deleted("DeleteFunction", "functions/archive")())
			}, again("archive"), "functions", "archive", "does not exist",
		},
		{
			"a function shows another external id", with("SOC_EXTERNAL_ID", "an-external-id-of-others", "collect"), again("collect"),
			"configuration", "collect", "SOC_EXTERNAL_ID of collect differs",
		},
		{
			"role of the flows without its permission", func() error { return b.DetachPolicyFromRole(ctx, ram.Custom, "fenghuo-flow", "fenghuo-flow") },
			func() error { return b.AttachPolicyToRole(ctx, ram.Custom, "fenghuo-flow", "fenghuo-flow") }, "roles", "fenghuo-flow", "not attached",
		},
		{
			"store unreachable", with("SOC_STORE", "sqlite:/nowhere/state.db", storeFunctions...), again(storeFunctions...),
			"store", "", "open store",
		},
		{
			"function does not start", with("SOC_OWN_NETWORKS", "not a network", "correlate"), again("correlate"),
			"start", "correlate", "read configuration",
		},
		{"trigger deleted", deleted("DeleteTrigger", "functions/detect/triggers/stream"), again("detect"), "triggers", "detect/stream", "no trigger stream"},
		{
			"trigger switched off", func() error {
				return c.functionAPI(ctx, http.MethodPut, "UpdateTrigger", "functions/collect/triggers/every-minute", map[string]any{"triggerConfig": `{"cronExpression":"@every 1m","enable":false,"payload":""}`})
			}, again("collect"), "triggers", "collect/every-minute", "switched off",
		},
		{
			"broker role does not trust onboard", broker(strings.Replace(brokerRole.TrustPolicy, "fenghuo-onboard", "fenghuo-notify", 1)), broker(brokerRole.TrustPolicy),
			"broker", "fenghuo-broker", "AssumeRole",
		},
		{
			"trust of a collector role changed", trust(strings.Replace(role.TrustPolicy, ":role/fenghuo-collect\"", ":role/fenghuo-respond\"", 1)), trust(role.TrustPolicy),
			"member_roles", accountC + " " + collector, "trust policy was changed",
		},
		{
			"a member asks for another external id", trust(strings.Replace(role.TrustPolicy, externalID, "an-external-id-of-others", 1)), trust(role.TrustPolicy),
			"member_roles", accountC + " " + collector, "another external id",
		},
		{
			"statement taken out of a policy", set(firstStatement(t, policy.Document)), set(policy.Document),
			"member_roles", accountC + " " + collector, "policy was changed (fenghuo-collector)",
		},
		{
			"service-linked role deleted", func() error {
				// The cloud refuses it while Security Center monitors the member.
				if err := directory.New(c.as(accountB)).SetMonitored(ctx, []string{accountD, accountE}); err != nil {
					return err
				}
				if _, err := member.DeleteServiceLinkedRole(ctx, linked); err != nil {
					return err
				}
				return gone(ctx, func(ctx context.Context) error { _, err := member.GetRole(ctx, linked); return err })
			}, func() error { _, err := member.CreateServiceLinkedRole(ctx, "rd.sas.aliyuncs.com"); return err },
			"member_roles", accountC + " " + linked, "does not exist",
		},
		{
			"member's Logstore deleted", func() error { return trails.DeleteLogstore(ctx, trail) }, func() error { return trails.CreateLogstore(ctx, logstore) },
			"logstore", accountE + " alibaba_cloud_actiontrail_event", "does not exist any more",
		},
		{"end of the audit trail cut off", c.cutTrail(t), c.mendTrail(t), "audit", "", "cut off"},
		{
			"a function fails when it runs", func() error {
				_, err := c.operator(accountB).invoke(ctx, accountB, "discover", `nonsense`)
				if soc.KindOf(err) != soc.Invalid {
					return fmt.Errorf("discover accepts nonsense: %w", err)
				}
				return c.awaitLog(ctx, central, `"FC Invoke End" and discover and Error`)
			}, again("discover"), "runs", "discover", "not JSON",
		},
	}
}

// firstStatement is a policy with its first statement only.
func firstStatement(t *testing.T, document string) string {
	t.Helper()
	var d struct {
		Version   string
		Statement []json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &d); err != nil || len(d.Statement) < 2 {
		t.Fatalf("policy %s: %v", document, err)
	}
	d.Statement = d.Statement[:1]
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// awaitLog waits until a line of a function can be searched.
func (c cloud) awaitLog(ctx context.Context, central *sls.Project, query string) error {
	for {
		now := time.Now()
		r, err := central.GetLogs(ctx, "functions", sls.Query{From: now.Add(-time.Minute), To: now.Add(time.Minute), Query: query})
		if err != nil || len(r.Logs) > 0 {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gone waits for the end of a deletion that the cloud does in its own time.
func gone(ctx context.Context, role func(context.Context) error) error {
	for {
		if err := role(ctx); soc.KindOf(err) == soc.NotFound {
			return nil
		} else if err != nil {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// functionAPI calls Function Compute of B as its operator (ACS3-HMAC-SHA256, fc.md §4.5).
func (c cloud) functionAPI(ctx context.Context, method, action, path string, body any) error {
	payload := []byte{}
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Endpoint()+"/2023-03-30/"+path, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	k, sum := c.Operator(accountB), func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	headers := [][2]string{
		{"host", req.URL.Host},
		{"x-acs-action", action},
		{"x-acs-content-sha256", sum(payload)},
		{"x-acs-date", time.Now().UTC().Format("2006-01-02T15:04:05Z")},
		{"x-acs-signature-nonce", fmt.Sprint(time.Now().UnixNano())},
		{"x-acs-version", "2023-03-30"},
	}
	canonical, names := method+"\n"+req.URL.EscapedPath()+"\n\n", ""
	for _, h := range headers {
		canonical, names = canonical+h[0]+":"+h[1]+"\n", names+";"+h[0]
		req.Header.Set(h[0], h[1])
	}
	names = names[1:]
	m := hmac.New(sha256.New, []byte(k.AccessKeySecret))
	m.Write([]byte("ACS3-HMAC-SHA256\n" + sum([]byte(canonical+"\n"+names+"\n"+sum(payload)))))
	req.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+k.AccessKeyID+",SignedHeaders="+names+",Signature="+hex.EncodeToString(m.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s %s: %s %s", method, path, resp.Status, text)
	}
	return nil
}
