package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func choose(named []string, known []soc.Account) ([]string, error) {
	if len(named) > 0 && !slices.Equal(named, []string{"*"}) {
		for _, uid := range named {
			if !org.ValidUID(uid) {
				return nil, &soc.Error{Kind: soc.Invalid, Op: "diagnose", Err: fmt.Errorf("%q is not an account id", uid), Next: "give uids as 16 digits in quotes"}
			}
		}
		return named, nil
	}
	var out []string
	for _, a := range known {
		if a.State != soc.AccountLeft {
			out = append(out, a.UID)
		}
	}
	return out, nil
}

func (h *handler) read(ctx context.Context) (diagnosis.State, error) {
	s := diagnosis.State{Catalog: h.catalog, Region: h.region}
	var err error
	if s.Accounts, err = h.store.Accounts(ctx); err != nil {
		return s, err
	}
	if s.Policies, err = h.store.Policies(ctx); err != nil {
		return s, err
	}
	if s.Sources, err = h.store.DataSources(ctx); err != nil {
		return s, err
	}
	all, err := h.store.Shards(ctx)
	for _, st := range all {
		s.Shards = append(s.Shards, diagnosis.Shard{
			Source: st.Source, Project: st.Project, Logstore: st.Logstore, Shard: st.Shard.Shard,
			Cursor: st.Cursor, HasCursor: st.HasCursor, Finished: st.Finished, Error: st.Error, LastRead: st.LastReadAt, LastLog: st.LastLogAt,
		})
	}
	return s, err
}
