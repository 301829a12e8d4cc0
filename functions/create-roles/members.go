package main

import (
	"context"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
)

// listAge is how long a list of the members is believed. An account that left the directory may be entered for so long.
const listAge = 30 * time.Second

// reader reads the directory.
type reader interface {
	ListAccounts(ctx context.Context) ([]directory.Account, error)
	GetAccount(ctx context.Context, uid string) (directory.Account, error)
}

// memberList asks the directory for all members at once, so that a run over many accounts does not ask for each. An
// account that is not in the list is asked for by itself: it may have joined since.
type memberList struct {
	list reader
	now  func() time.Time

	mu    sync.Mutex
	at    time.Time
	known map[string]directory.Account
}

// GetAccount returns a member; NotFound for everybody else.
func (m *memberList) GetAccount(ctx context.Context, uid string) (directory.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || m.now().Sub(m.at) >= listAge {
		all, err := m.list.ListAccounts(ctx)
		if err != nil {
			return directory.Account{}, err
		}
		m.at, m.known = m.now(), make(map[string]directory.Account, len(all))
		for _, a := range all {
			m.known[a.ID] = a
		}
	}
	if a, ok := m.known[uid]; ok {
		return a, nil
	}
	return m.list.GetAccount(ctx, uid)
}
