package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// TestApplyInputFits: 2,000 accounts can be named; what a flow cannot take is said before anything is started.
func TestApplyInputFits(t *testing.T) {
	t.Parallel()
	named := func(n int) org.Scope {
		s := org.Scope{Version: 1, Site: "cn"}
		for i := range n {
			s.Include.Accounts = append(s.Include.Accounts, fmt.Sprintf("11%014d", i))
		}
		return s
	}
	if in, err := applyInput(named(2000), strings.Repeat("a", 64), "acs:ram::1100000000000002:user/operator"); err != nil || len(in) == 0 {
		t.Errorf("%d bytes, %v", len(in), err)
	}
	if _, err := applyInput(named(4000), "", ""); soc.KindOf(err) != soc.Invalid || !strings.Contains(soc.NextOf(err), "folder") {
		t.Error(err)
	}
}
