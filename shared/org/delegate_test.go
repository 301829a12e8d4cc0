package org

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type fakeDirectory struct {
	info     DirectoryInfo
	members  map[string]MemberInfo
	trusted  []string
	services map[string][]string // uid → principals
	writes   []string
	lose     bool // registrations are accepted and forgotten
}

func newFakeDirectory() *fakeDirectory {
	return &fakeDirectory{
		info:     DirectoryInfo{ID: "rd-1", ManagementAccount: mgmt, Enterprise: "Fenghuo Example Co., Ltd."},
		members:  map[string]MemberInfo{admin: {UID: admin, Name: "security", Status: "InviteSuccess", Enterprise: "Fenghuo Example Co., Ltd."}},
		services: map[string][]string{},
	}
}

func (f *fakeDirectory) ResourceDirectory(context.Context) (DirectoryInfo, error) {
	if f.info.ID == "" {
		return f.info, gone("directory")
	}
	return f.info, nil
}

func (f *fakeDirectory) Member(_ context.Context, uid string) (MemberInfo, error) {
	if m, ok := f.members[uid]; ok {
		return m, nil
	}
	return MemberInfo{}, gone(uid)
}

func (f *fakeDirectory) TrustedServices(context.Context) ([]string, error) { return f.trusted, nil }

func (f *fakeDirectory) Administrators(_ context.Context, p string) ([]string, error) {
	var out []string
	for uid, s := range f.services {
		if slices.Contains(s, p) {
			out = append(out, uid)
		}
	}
	return out, nil
}

func (f *fakeDirectory) ServicesOf(_ context.Context, uid string) ([]string, error) {
	return slices.Clone(f.services[uid]), nil
}

func (f *fakeDirectory) EnableTrustedAccess(_ context.Context, p string) error {
	f.trusted = append(f.trusted, p)
	f.writes = append(f.writes, "enable "+p)
	return nil
}

func (f *fakeDirectory) Register(_ context.Context, uid, p string) error {
	if slices.Contains(f.services[uid], p) {
		return &soc.Error{Kind: soc.Conflict, Op: "register"}
	}
	if !f.lose {
		f.services[uid] = append(f.services[uid], p)
	}
	f.writes = append(f.writes, "register "+p)
	return nil
}

func (f *fakeDirectory) Deregister(_ context.Context, uid, p string) error {
	f.services[uid] = slices.DeleteFunc(f.services[uid], func(s string) bool { return s == p })
	f.writes = append(f.writes, "deregister "+p)
	return nil
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil           func(f *fakeDirectory)
		self, candidate string
		fails           string // ids of the checks that fail
	}{
		"all good":           {nil, mgmt, admin, ""},
		"no directory":       {func(f *fakeDirectory) { f.info = DirectoryInfo{} }, mgmt, admin, "directory"},
		"not the management": {nil, admin, admin, "management_account"},
		"not a uid":          {nil, mgmt, "security", "candidate"},
		"two things at once": {nil, admin, "security", "management_account candidate"},
		"being closed":       {func(f *fakeDirectory) { m := f.members[admin]; m.Closing = true; f.members[admin] = m }, mgmt, admin, "member"},
		"three things at once": {func(f *fakeDirectory) {
			m := f.members[admin]
			m.Enterprise, m.Closing = "Other", true
			f.members[admin] = m
			crowd(f, 10)
		}, mgmt, admin, "member same_enterprise administrators"},
		"itself":                {nil, mgmt, mgmt, "candidate"},
		"not a member":          {nil, mgmt, shop, "member"},
		"member in change":      {func(f *fakeDirectory) { m := f.members[admin]; m.Status = "PromoteVerifying"; f.members[admin] = m }, mgmt, admin, "member"},
		"other enterprise":      {func(f *fakeDirectory) { m := f.members[admin]; m.Enterprise = "Other"; f.members[admin] = m }, mgmt, admin, "same_enterprise"},
		"unknown enterprise":    {func(f *fakeDirectory) { f.info.Enterprise = "" }, mgmt, admin, ""},
		"ten others":            {func(f *fakeDirectory) { crowd(f, 10) }, mgmt, admin, "administrators"},
		"one of ten already":    {func(f *fakeDirectory) { crowd(f, 9); f.services[admin] = Principals() }, mgmt, admin, ""},
		"trusted access is off": {func(f *fakeDirectory) { f.trusted = nil }, mgmt, admin, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			if tt.spoil != nil {
				tt.spoil(f)
			}
			got, err := Check(t.Context(), f, tt.self, tt.candidate)
			if err != nil {
				t.Fatal(err)
			}
			var fails []string
			for _, c := range got {
				if c.Result != Fail {
					continue
				}
				fails = append(fails, c.ID)
				if c.Evidence == "" || c.EvidenceZH == "" || c.Fix == "" || c.FixZH == "" {
					t.Errorf("a failed check must say what was seen and what to do: %+v", c)
				}
				if c.ID == "administrators" && (!strings.Contains(c.Evidence, Principals()[0]) || !strings.Contains(c.Evidence, Principals()[1])) {
					t.Errorf("both services are full: %s", c.Evidence)
				}
			}
			if got := strings.Join(fails, " "); got != tt.fails {
				t.Errorf("%q failed, want %q", got, tt.fails)
			}
			if len(f.writes) > 0 {
				t.Errorf("a check wrote %v", f.writes)
			}
		})
	}
}

// TestEnterpriseFindings: what the API shows decides the two checks; what it does not show stays unknown.
func TestEnterpriseFindings(t *testing.T) {
	t.Parallel()
	const ours = "Fenghuo Example Co., Ltd."
	for name, tt := range map[string]struct {
		management, member string
		want               map[string]Verdict
		evidence           string // of same_enterprise
	}{
		"same":    {ours, ours, map[string]Verdict{"enterprise": Pass, "same_enterprise": Pass}, `Verified as "` + ours + `".`},
		"another": {ours, "Other", map[string]Verdict{"enterprise": Pass, "same_enterprise": Fail}, `The management account belongs to "` + ours + `", account ` + admin + ` to "Other".`},
		"written differently": {
			ours, "FENGHUO EXAMPLE",
			map[string]Verdict{"enterprise": Pass, "same_enterprise": Unknown},
			`The names are written differently: "` + ours + `" and "FENGHUO EXAMPLE". An invitation into the directory requires the same legal entity.`,
		},
		"member not shown": {
			ours, "",
			map[string]Verdict{"enterprise": Pass, "same_enterprise": Unknown},
			"The API does not show it; an invitation into the directory requires the same legal entity.",
		},
		"management not shown": {
			"", ours,
			map[string]Verdict{"enterprise": Unknown, "same_enterprise": Unknown},
			"The API does not show it; an invitation into the directory requires the same legal entity.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeDirectory()
			f.info.Enterprise = tt.management
			f.members[admin] = MemberInfo{UID: admin, Status: "InviteSuccess", Enterprise: tt.member}
			findings, err := Check(t.Context(), f, mgmt, admin)
			if err != nil {
				t.Fatal(err)
			}
			got, evidence := map[string]Verdict{}, ""
			for _, f := range findings {
				switch f.ID {
				case "same_enterprise":
					evidence = f.Evidence
					fallthrough
				case "enterprise":
					got[f.ID] = f.Result
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || evidence != tt.evidence {
				t.Errorf("evidence %q, want %q; -want +got:\n%s", evidence, tt.evidence, diff)
			}
		})
	}
}

func crowd(f *fakeDirectory, n int) {
	for i := range n {
		f.services[fmt.Sprintf("12%014d", i)] = Principals()
	}
}

func TestDesignate(t *testing.T) {
	t.Parallel()
	f := newFakeDirectory()
	p := Principals()
	got, err := Designate(t.Context(), f, admin)
	if diff := cmp.Diff([]Delegation{{p[0], Registered}, {p[1], Registered}}, got); err != nil || diff != "" {
		t.Errorf("first: %v\n%s", err, diff)
	}
	if want := []string{"enable " + p[0], "enable " + p[1], "register " + p[0], "register " + p[1]}; !cmp.Equal(want, f.writes) {
		t.Errorf("writes %v, want %v", f.writes, want)
	}
	f.writes = nil
	got, err = Designate(t.Context(), f, admin)
	if diff := cmp.Diff([]Delegation{{p[0], DelegationSame}, {p[1], DelegationSame}}, got); err != nil || diff != "" || len(f.writes) > 0 {
		t.Errorf("second: %v, writes %v\n%s", err, f.writes, diff)
	}
	f.services[admin] = []string{p[0]}
	got, err = Designate(t.Context(), f, admin)
	if diff := cmp.Diff([]Delegation{{p[0], DelegationSame}, {p[1], DelegationRepairs}}, got); err != nil || diff != "" {
		t.Errorf("half: %v\n%s", err, diff)
	}
	got, err = Undesignate(t.Context(), f, admin)
	if diff := cmp.Diff([]Delegation{{p[1], DelegationRemoved}, {p[0], DelegationRemoved}}, got); err != nil || diff != "" || len(f.services[admin]) > 0 {
		t.Errorf("remove: %v, left %v\n%s", err, f.services[admin], diff)
	}
	f.lose = true
	if _, err := Designate(t.Context(), f, admin); soc.KindOf(err) != soc.Conflict {
		t.Errorf("a registration that did not last: %v, want Conflict", err)
	}
}
