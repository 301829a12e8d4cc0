package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// roleStub gives the credentials of generation n until it is told to forget them.
type roleStub struct{ n, asked int }

func (s *roleStub) Get(context.Context, sts.Role) (sts.Credentials, error) {
	s.asked++
	return sts.Credentials{Credentials: openapi.Credentials{AccessKeyID: fmt.Sprint(s.n)}}, nil
}

func (s *roleStub) Forget(_ sts.Role, stale sts.Credentials) {
	if stale.AccessKeyID == fmt.Sprint(s.n) {
		s.n++
	}
}

// readerStub denies the first reads.
type readerStub struct {
	collect.Reader
	kind          soc.Kind
	denied, calls int
}

func (s *readerStub) Pull(context.Context, string, int, sls.Cursor, sls.PullOptions) (*sls.Page, error) {
	if s.calls++; s.calls <= s.denied {
		return nil, &soc.Error{Kind: s.kind, Op: "pull logs"}
	}
	return &sls.Page{}, nil
}

func TestRenewing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind   soc.Kind
		denied int
		want   soc.Kind
		calls  int
	}{
		"allowed":         {"", 0, "", 1},
		"dead for once":   {soc.Denied, 1, "", 2},
		"denied for good": {soc.Denied, 9, soc.Denied, 2},
		"another error":   {soc.Unavailable, 1, soc.Unavailable, 1},
	} {
		in := &readerStub{kind: tt.kind, denied: tt.denied}
		r := &renewing{Reader: in, roles: &roleStub{}, used: sts.Credentials{Credentials: openapi.Credentials{AccessKeyID: "0"}}}
		if _, err := r.Pull(t.Context(), "l", 0, 0, sls.PullOptions{}); soc.KindOf(err) != tt.want || in.calls != tt.calls {
			t.Errorf("%s: %v after %d calls, want %q after %d", name, err, in.calls, tt.want, tt.calls)
		}
	}
}
