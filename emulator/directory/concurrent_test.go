package directory_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
)

// The identity service keeps the service-linked roles.
var _ directory.Roles = (*iam.Service)(nil)

// TestConcurrentUse lets many members join while hooks and readers ask where accounts stand; run it with -race.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	var s *directory.Service
	s = directory.New(directory.Options{
		Limits: directory.Limits{Members: 100},
		Accounts: func(id string) (directory.Account, bool) {
			s.MemberOf(id)
			return directory.Account{Name: "a" + id}, true
		},
		OnJoin: func(id, _ string) { s.PathOf(id) },
	})
	if err := s.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			id := fmt.Sprintf("12%014d", i)
			if err := s.AddMember(uidA, id, "member "+id, "invited"); err != nil {
				t.Error(err)
			}
			if rd, path := s.PrincipalRD(id); rd == "" || path == "" {
				t.Errorf("%s stands nowhere", id)
			}
		})
	}
	all.Wait()
}
