package org

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const scopeExample = `
version: 1
site: cn
include:
  folders: [fd-prod]
  tags: [{key: env, value: prod}]
  accounts: ["1300000000000009"]
exclude:
  accounts: ["1300000000000002"]
response:
  tags: [{key: respond}]
new_accounts: join
`

func TestParseScope(t *testing.T) {
	t.Parallel()
	s, err := ParseScope([]byte(scopeExample))
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseScope(s.JSON())
	if diff := cmp.Diff(s, again); err != nil || diff != "" {
		t.Errorf("JSON of a document is a document: %v\n%s", err, diff)
	}
	for name, tt := range map[string]struct{ change, to, says string }{
		"version":         {"version: 1", "version: 2", "version is 2"},
		"site":            {"site: cn", "site: mars", `site is "mars"`},
		"misspelled":      {"exclude:", "exlude:", "exlude"},
		"uid as a number": {`["1300000000000002"]`, "[13]", "16 digits"},
		"uid twice":       {`["1300000000000009"]`, `["1300000000000009", "1300000000000009"]`, "twice"},
		"folder by name":  {"fd-prod", "Production", "id of a folder"},
		"tag without key": {"key: respond", "value: x", "no key"},
		"rule":            {"new_accounts: join", "new_accounts: maybe", "join or ignore"},
		"two documents":   {"new_accounts: join", "new_accounts: join\n---\nversion: 1", "more than one"},
	} {
		_, err := ParseScope([]byte(strings.Replace(scopeExample, tt.change, tt.to, 1)))
		if soc.KindOf(err) != soc.Invalid || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want Invalid that says %q", name, err, tt.says)
		}
	}
	if _, err := ParseScope([]byte("version: 1\nsite: cn\n")); soc.KindOf(err) != soc.Invalid {
		t.Errorf("a document that chooses nothing: %v", err)
	}
	if _, err := ParseScope(make([]byte, maxDocument+1)); soc.KindOf(err) != soc.Invalid {
		t.Errorf("a document that is too large: %v", err)
	}
}

func FuzzParseScope(f *testing.F) {
	f.Add([]byte(scopeExample))
	f.Add([]byte(`{"version":1,"site":"cn","include":{"all":true}}`))
	f.Add([]byte("version: 1\ninclude: {all: yes}\n&a [*a]"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := ParseScope(body)
		if err != nil {
			if soc.KindOf(err) != soc.Invalid {
				t.Errorf("kind %s: %v", soc.KindOf(err), err)
			}
			return
		}
		if again, err := ParseScope(s.JSON()); err != nil || !cmp.Equal(s, again) {
			t.Errorf("%+v is read again as %+v, %v", s, again, err)
		}
	})
}

func member(n int, path string, tags ...Tag) DirectoryMember {
	return DirectoryMember{UID: uid(n), Name: "n", Status: "InviteSuccess", Path: path + "/" + uid(n), Tags: tags}
}

func TestPlanScope(t *testing.T) {
	t.Parallel()
	doc, err := ParseScope([]byte(scopeExample))
	if err != nil {
		t.Fatal(err)
	}
	changing := member(6, "rd-1/r-1/fd-prod")
	changing.Status = "PromoteVerifying"
	members := []DirectoryMember{
		member(1, "rd-1/r-1/fd-prod/fd-web"), member(2, "rd-1/r-1/fd-prod"), member(3, "rd-1/r-1", Tag{"env", "prod"}, Tag{"respond", "yes"}),
		member(4, "rd-1/r-1", Tag{"env", "test"}), member(5, "rd-1/r-1/fd-prod", Tag{"respond", ""}), changing, member(7, "rd-1/r-1/fd-prod"),
	}
	accounts := []soc.Account{
		{UID: uid(1), State: soc.AccountJoined},
		{UID: uid(4), State: soc.AccountJoined},
		{UID: uid(5), State: soc.AccountJoined},
		{UID: uid(8), State: soc.AccountJoined},
		{UID: uid(2), State: soc.AccountLeft},
	}
	p := PlanScope(doc, members, accounts, uid(7))
	got := map[string][]string{}
	for name, list := range map[string][]Planned{"join": p.Join, "leave": p.Leave, "change": p.Change, "left out": p.Left} {
		for _, a := range list {
			line := a.Account
			if a.Response {
				line += " response"
			}
			got[name] = append(got[name], line)
		}
	}
	want := map[string][]string{
		"join": {uid(3) + " response"}, "leave": {uid(4), uid(8)}, "change": {uid(5) + " response"},
		"left out": {uid(6), "1300000000000009"},
	}
	if diff := cmp.Diff(want, got); diff != "" || p.Keep != 1 || p.Monitors != 3 {
		t.Errorf("keep %d, monitors %d (-want +got):\n%s", p.Keep, p.Monitors, diff)
	}
	if err := p.CheckHash(p.Hash); err != nil {
		t.Error(err)
	}
	for _, shown := range []string{"", strings.Repeat("0", 64)} {
		if err := p.CheckHash(shown); soc.KindOf(err) != soc.Conflict || soc.NextOf(err) == "" {
			t.Errorf("hash %q: %v, want Conflict with advice: accounts would leave", shown, err)
		}
	}
	if q := PlanScope(doc, members, accounts[:4], uid(7)); q.Hash != p.Hash {
		t.Error("an account that left long ago changes the hash")
	}
	if q := PlanScope(doc, members[:4], accounts, uid(7)); q.Hash == p.Hash {
		t.Error("another plan has the same hash")
	}
}
