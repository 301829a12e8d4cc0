package org

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const (
	mgmt   = "1100000000000001"
	admin  = "1100000000000002"
	shop   = "1100000000000003"
	secret = "external-id-of-the-directory"
)

// templateBytes is the project's own template: package org must render what is deployed.
func templateBytes(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func memberSet(t testing.TB, response bool) RoleSet {
	t.Helper()
	set, err := MemberRoles(templateBytes(t), Member{Account: shop, Administrator: admin, Management: mgmt, ExternalID: secret, Response: response})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// fakeRAM is one account's RAM. calls counts writes; fail makes one of them fail.
type fakeRAM struct {
	roles    map[string]string
	policies map[string]string
	attached map[string][]Attachment
	writes   []string
	fail     map[string]error
	inUse    bool // the service-linked roles
}

func newFakeRAM() *fakeRAM {
	return &fakeRAM{roles: map[string]string{}, policies: map[string]string{}, attached: map[string][]Attachment{}, fail: map[string]error{}}
}

func gone(what string) error { return &soc.Error{Kind: soc.NotFound, Op: "find", Resource: what} }

func (f *fakeRAM) write(what string) error {
	f.writes = append(f.writes, what)
	return f.fail[what]
}

func (f *fakeRAM) Trust(_ context.Context, role string) (string, error) {
	if doc, ok := f.roles[role]; ok {
		return doc, nil
	}
	return "", gone(role)
}

func (f *fakeRAM) CreateRole(_ context.Context, role, _, trust string) error {
	f.roles[role] = trust
	return f.write("CreateRole " + role)
}

func (f *fakeRAM) SetTrust(_ context.Context, role, doc string) error {
	f.roles[role] = doc
	return f.write("SetTrust " + role)
}

func (f *fakeRAM) DeleteRole(_ context.Context, role string) error {
	if len(f.attached[role]) > 0 {
		return &soc.Error{Kind: soc.Conflict, Op: "delete role"}
	}
	delete(f.roles, role)
	return f.write("DeleteRole " + role)
}

func (f *fakeRAM) CreateServiceRole(_ context.Context, service string) error {
	for _, s := range ServiceRoles() {
		if s.Service == service {
			f.roles[s.Name] = "{}"
		}
	}
	return f.write("CreateServiceRole " + service)
}

func (f *fakeRAM) DeleteServiceRole(_ context.Context, role string) (string, error) {
	if f.inUse {
		return RoleKept, nil
	}
	delete(f.roles, role)
	return soc.RoleRemoving, f.write("DeleteServiceRole " + role)
}

func (f *fakeRAM) PolicyDocument(_ context.Context, p string) (string, error) {
	if doc, ok := f.policies[p]; ok {
		return doc, nil
	}
	return "", gone(p)
}

func (f *fakeRAM) CreatePolicy(_ context.Context, p, doc string) error {
	f.policies[p] = doc
	return f.write("CreatePolicy " + p)
}

func (f *fakeRAM) SetPolicy(_ context.Context, p, doc string) error {
	f.policies[p] = doc
	return f.write("SetPolicy " + p)
}

func (f *fakeRAM) DeletePolicy(_ context.Context, p string) error {
	if _, ok := f.policies[p]; !ok {
		return gone(p)
	}
	delete(f.policies, p)
	return f.write("DeletePolicy " + p)
}

func (f *fakeRAM) Attachments(_ context.Context, role string) ([]Attachment, error) {
	if _, ok := f.roles[role]; !ok {
		return nil, gone(role)
	}
	return slices.Clone(f.attached[role]), nil
}

func (f *fakeRAM) Attach(_ context.Context, role string, a Attachment) error {
	f.attached[role] = append(f.attached[role], a)
	return f.write("Attach " + a.Name + " to " + role)
}

func (f *fakeRAM) Detach(_ context.Context, role string, a Attachment) error {
	f.attached[role] = slices.DeleteFunc(f.attached[role], func(x Attachment) bool { return x == a })
	return f.write("Detach " + a.Name + " from " + role)
}

func states(rs []soc.RoleState) map[string]string {
	out := map[string]string{}
	for _, r := range rs {
		out[r.Name] = r.State
	}
	return out
}

func differs(rs []soc.RoleState) map[string][]string {
	out := map[string][]string{}
	for _, r := range rs {
		out[r.Name] = r.Differs
	}
	return out
}

func mustEnsure(t *testing.T, f *fakeRAM, set RoleSet) map[string]string {
	t.Helper()
	got, err := Ensure(t.Context(), f, set)
	if err != nil {
		t.Fatal(err)
	}
	return states(got)
}

const (
	collector, responder = "fenghuo-collector", "fenghuo-responder"
	slrRD, slrSiem       = "AliyunServiceRoleForSasRd", "AliyunServiceRoleForSasCloudSiem"
)

func TestEnsureCreatesOnceAndVerifies(t *testing.T) {
	t.Parallel()
	f, set := newFakeRAM(), memberSet(t, true)
	want := map[string]string{slrRD: RoleCreated, slrSiem: RoleCreated, collector: RoleCreated, responder: RoleCreated}
	if diff := cmp.Diff(want, mustEnsure(t, f, set)); diff != "" {
		t.Errorf("first run (-want +got):\n%s", diff)
	}
	f.writes = nil
	for name := range want {
		want[name] = RoleUnchanged
	}
	if diff := cmp.Diff(want, mustEnsure(t, f, set)); diff != "" || len(f.writes) > 0 {
		t.Errorf("second run wrote %v (-want +got):\n%s", f.writes, diff)
	}
	got, err := Verify(t.Context(), f, set)
	if diff := cmp.Diff(want, states(got)); err != nil || diff != "" {
		t.Errorf("verify: %v (-want +got):\n%s", err, diff)
	}
}

func TestEnsureRepairsDrift(t *testing.T) {
	t.Parallel()
	set := memberSet(t, false)
	for name, tt := range map[string]struct {
		spoil   func(f *fakeRAM)
		writes  []string
		differs []string
	}{
		"trust opened": {func(f *fakeRAM) {
			f.roles[collector] = strings.Replace(f.roles[collector], "role/fenghuo-collect", "root", 1)
		}, []string{"SetTrust " + collector}, []string{"trust"}},
		"external id changed": {func(f *fakeRAM) {
			f.roles[collector] = strings.Replace(f.roles[collector], secret, secret+"x", 1)
		}, []string{"SetTrust " + collector}, []string{"external_id"}},
		"external id dropped": {func(f *fakeRAM) {
			f.roles[collector] = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + admin + `:role/fenghuo-collect"]}}]}`
		}, []string{"SetTrust " + collector}, []string{"trust"}},
		"policy widened": {func(f *fakeRAM) {
			f.policies[collector] = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"log:*","Resource":"*"}]}`
		}, []string{"SetPolicy " + collector}, []string{"policy_changed:" + collector}},
		"foreign policy attached": {func(f *fakeRAM) {
			f.attached[collector] = append(f.attached[collector], Attachment{"AdministratorAccess", "System"})
		}, []string{"Detach AdministratorAccess from " + collector}, []string{"policy_foreign:AdministratorAccess"}},
		"policy detached": {func(f *fakeRAM) { f.attached[collector] = nil }, []string{"Attach " + collector + " to " + collector}, []string{"policy_detached:" + collector}},
		"policy deleted": {
			func(f *fakeRAM) { delete(f.policies, collector); f.attached[collector] = nil },
			[]string{"CreatePolicy " + collector, "Attach " + collector + " to " + collector},
			[]string{"policy_missing:" + collector, "policy_detached:" + collector},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeRAM()
			mustEnsure(t, f, set)
			before := maps.Clone(f.policies)
			tt.spoil(f)
			f.writes = nil
			got, err := Verify(t.Context(), f, set)
			if err != nil || states(got)[collector] != RoleDrifted || len(f.writes) > 0 {
				t.Errorf("verify = %v, %v, writes %v; want drifted and no write", got, err, f.writes)
			}
			if d := cmp.Diff(tt.differs, differs(got)[collector]); d != "" {
				t.Errorf("differences (-want +got):\n%s", d)
			}
			if got := mustEnsure(t, f, set); got[collector] != RoleRepaired {
				t.Errorf("ensure: %v, want repaired", got)
			}
			if diff := cmp.Diff(tt.writes, f.writes); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			if got, err := Verify(t.Context(), f, set); err != nil || states(got)[collector] != RoleUnchanged || !cmp.Equal(before, f.policies) {
				t.Errorf("after repair: %v, %v", got, err)
			}
		})
	}
}

func TestEnsureSwitchesResponseOff(t *testing.T) {
	t.Parallel()
	f := newFakeRAM()
	mustEnsure(t, f, memberSet(t, true))
	off := memberSet(t, false)
	if got, err := Verify(t.Context(), f, off); err != nil || states(got)[responder] != RoleDrifted {
		t.Errorf("verify with a responder that should be absent: %v, %v", got, err)
	}
	if got := mustEnsure(t, f, off); got[responder] != RoleRemoved {
		t.Errorf("ensure: %v, want responder removed", got)
	}
	if _, ok := f.policies[responder]; ok || f.roles[responder] != "" {
		t.Error("the responder role or its policy is still there")
	}
	if got := mustEnsure(t, f, off); got[responder] != "" {
		t.Errorf("again: %v, want no word about a role that is absent as it should be", got)
	}
}

func TestEnsureGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	f := newFakeRAM()
	f.fail["CreateRole "+collector] = &soc.Error{Kind: soc.Denied, Op: "create role"}
	got, err := Ensure(t.Context(), f, memberSet(t, true))
	if soc.KindOf(err) != soc.Denied {
		t.Errorf("error %v, want Denied", err)
	}
	want := map[string]string{slrRD: RoleCreated, slrSiem: RoleCreated, collector: RoleFailed, responder: RoleCreated}
	if diff := cmp.Diff(want, states(got)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	f := newFakeRAM()
	mustEnsure(t, f, memberSet(t, true))
	f.attached[collector] = append(f.attached[collector], Attachment{"ReadOnlyAccess", "System"})
	got, err := Remove(t.Context(), f, memberSet(t, false)) // the responder goes although response is off now
	want := map[string]string{collector: RoleRemoved, responder: RoleRemoved, slrRD: soc.RoleRemoving, slrSiem: soc.RoleRemoving}
	if diff := cmp.Diff(want, states(got)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if len(f.policies) > 0 {
		t.Errorf("policies left behind: %v", f.policies)
	}
	got, err = Remove(t.Context(), f, memberSet(t, false))
	if err != nil || states(got)[collector] != RoleMissing || states(got)[slrRD] != RoleMissing {
		t.Errorf("again: %v, %v; want missing", got, err)
	}
	f.roles[collector] = "{}"
	f.fail["DeleteRole "+collector] = errors.New("boom")
	if _, err := Remove(t.Context(), f, memberSet(t, false)); err == nil {
		t.Error("an error of the cloud is not reported")
	}
}

func TestRemoveKeepsWhatIsInUse(t *testing.T) {
	t.Parallel()
	f := newFakeRAM()
	mustEnsure(t, f, memberSet(t, false))
	f.inUse = true
	got, err := Remove(t.Context(), f, memberSet(t, false))
	if err != nil || states(got)[slrRD] != RoleKept || f.roles[slrRD] == "" {
		t.Errorf("%v, %v; want the service-linked roles kept", got, err)
	}
}

// TestClaim: a member belongs to one administrator at a time; drift of our own roles is no other administrator.
func TestClaim(t *testing.T) {
	t.Parallel()
	set, other := memberSet(t, false), "1100000000000007"
	for name, tt := range map[string]struct {
		trust string
		kind  soc.Kind
	}{
		"nobody's":          {"", ""},
		"ours":              {set.Roles[0].Trust, ""},
		"another's":         {strings.ReplaceAll(set.Roles[0].Trust, admin, other), soc.Conflict},
		"ours, opened wide": {strings.Replace(set.Roles[0].Trust, "role/fenghuo-collect", "root", 1), ""},
	} {
		f := newFakeRAM()
		if tt.trust != "" {
			f.roles[collector] = tt.trust
		}
		got, err := Claim(t.Context(), f, set)
		if soc.KindOf(err) != tt.kind || (err == nil) != (len(got) > 0) || err != nil && (len(f.writes) > 0 || !strings.Contains(soc.NextOf(err), other)) {
			t.Errorf("%s: %v, %v, writes %v", name, got, err, f.writes)
		}
	}
}
