package main

import (
	"context"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type directoryStub struct {
	members     []string
	lists, gets int
}

func (d *directoryStub) ListAccounts(context.Context) (out []directory.Account, _ error) {
	d.lists++
	for _, uid := range d.members {
		out = append(out, directory.Account{ID: uid})
	}
	return out, nil
}

func (d *directoryStub) GetAccount(_ context.Context, uid string) (directory.Account, error) {
	d.gets++
	for _, m := range d.members {
		if m == uid {
			return directory.Account{ID: uid}, nil
		}
	}
	return directory.Account{}, &soc.Error{Kind: soc.NotFound, Op: "GetAccount"}
}

func TestMemberList(t *testing.T) {
	t.Parallel()
	d := &directoryStub{members: []string{shop}}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m := &memberList{list: d, now: func() time.Time { return now }}
	ask := func(uid string, want soc.Kind, lists, gets int) {
		t.Helper()
		if _, err := m.GetAccount(t.Context(), uid); soc.KindOf(err) != want || d.lists != lists || d.gets != gets {
			t.Errorf("%s: %v after %d lists and %d gets; want %q, %d, %d", uid, err, d.lists, d.gets, want, lists, gets)
		}
	}
	ask(shop, "", 1, 0)
	ask(shop, "", 1, 0)
	ask(nobody, soc.NotFound, 1, 1)
	d.members = []string{nobody} // shop left, nobody joined
	ask(nobody, "", 1, 2)
	now = now.Add(listAge)
	ask(nobody, "", 2, 2)
	ask(shop, soc.NotFound, 2, 3)
}

// TestEntry: a member that cannot be entered is not a member without roles.
func TestEntry(t *testing.T) {
	t.Parallel()
	for kind, want := range map[soc.Kind]soc.Kind{soc.NotFound: soc.Denied, soc.Denied: soc.Denied, soc.Throttled: soc.Throttled, "": ""} {
		_, err := entry(shop, func(context.Context) (k openapi.Credentials, err error) {
			if kind != "" {
				err = &soc.Error{Kind: kind, Op: "AssumeRole"}
			}
			return k, err
		})(t.Context())
		if soc.KindOf(err) != want || kind == soc.NotFound && soc.NextOf(err) == "" {
			t.Errorf("%s: %v, want %s", kind, err, want)
		}
	}
}
