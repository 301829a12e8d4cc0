package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// state is what the store knew when the scan began.
type state struct {
	accounts []soc.Account
	policies []soc.Policy
	sources  []soc.DataSource
	shards   map[store.Shard]store.ShardState
}

func (h *handler) read(ctx context.Context) (s state, err error) {
	if s.accounts, err = h.store.Accounts(ctx); err != nil {
		return s, err
	}
	if s.policies, err = h.store.Policies(ctx); err != nil {
		return s, err
	}
	if s.sources, err = h.store.DataSources(ctx); err != nil {
		return s, err
	}
	all, err := h.store.Shards(ctx)
	s.shards = make(map[store.Shard]store.ShardState, len(all))
	for _, st := range all {
		s.shards[st.Shard] = st
	}
	return s, err
}

// scan is the scan of one account.
type scan struct {
	*handler
	known  state
	uid    string
	member member

	sources, shards, added int
	problems               []problem
}

// logstores lists the Logstores of the account that fit the templates, by template id.
func (s *scan) logstores(ctx context.Context, templates []catalog.Template) (map[string][]soc.LogStore, error) {
	projects, err := s.member.Projects(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][]soc.LogStore{}
	for _, p := range projects {
		if !slices.ContainsFunc(templates, func(t catalog.Template) bool { return t.MatchesProject(p, s.uid, s.region) }) {
			continue
		}
		names, err := s.member.Logstores(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, l := range names {
			for _, t := range templates {
				if t.Matches(p, l, s.uid, s.region) {
					out[t.ID] = append(out[t.ID], soc.LogStore{Project: p, Logstore: l})
				}
			}
		}
	}
	return out, nil
}

// run scans the account. Its error means that the store could not be written.
func (s *scan) run(ctx context.Context) error {
	var on []soc.Policy
	var templates []catalog.Template
	for _, p := range s.known.policies {
		if t, err := s.catalog.Template(p.Template); err == nil && p.Account == s.uid && p.Enabled {
			on, templates = append(on, p), append(templates, t)
		}
	}
	if len(on) == 0 {
		return nil
	}
	found, err := s.logstores(ctx, templates)
	if err != nil && soc.Retryable(err) {
		// Nothing is known to be wrong with the account: its sources keep the health that they have.
		s.problem("", err)
		return nil
	}
	for i, p := range on {
		d := s.source(p)
		o := integration.Observation{Enabled: true, Since: p.UpdatedAt, SilentAfter: templates[i].SilentAfter}
		if err != nil {
			s.problem(d.Name, err)
			o.Problem = err.Error()
		} else if e := s.scanSource(ctx, p, &d, found[p.Template], &o); e != nil {
			return e
		}
		s.sources++
		o.Stores = len(d.Stores)
		d.Health, d.Detail = integration.Assess(o, s.now())
		if err := s.store.SaveDataSource(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// source returns the data source of a policy in this region, new if there is none.
func (s *scan) source(p soc.Policy) soc.DataSource {
	name := soc.DataSourceName(p.Template, s.region, s.uid)
	for _, d := range s.known.sources {
		if d.Name == name {
			d.Enabled = true
			return d
		}
	}
	return soc.DataSource{Name: name, Template: p.Template, Account: s.uid, Region: s.region, Enabled: true}
}

// scanSource brings the Logstores and shards of a source up to date and notes how far they were read.
func (s *scan) scanSource(ctx context.Context, p soc.Policy, d *soc.DataSource, found []soc.LogStore, o *integration.Observation) error {
	if !p.AutoAdd && len(d.Stores) > 0 { // only those that were there when the policy was switched on
		found = slices.DeleteFunc(found, func(l soc.LogStore) bool {
			return !slices.ContainsFunc(d.Stores, func(k soc.LogStore) bool { return k.Project == l.Project && k.Logstore == l.Logstore })
		})
	}
	for i := range found {
		list, err := s.member.Shards(ctx, found[i].Project, found[i].Logstore)
		if err != nil {
			s.unreadable(d.Name, err, o)
			continue
		}
		found[i].Shards = len(list)
		var shards []store.NewShard
		for _, shard := range list {
			h := store.Shard{
				Source: d.Name, Account: s.uid, Region: s.region, Template: p.Template,
				Project: found[i].Project, Logstore: found[i].Logstore, Shard: shard.ID,
			}
			shards = append(shards, store.NewShard{Shard: h, Parents: sls.Parents(list, shard)})
			s.observe(ctx, h, o)
		}
		n, err := s.store.AddShards(ctx, shards)
		if err != nil {
			return err
		}
		s.shards += len(list)
		s.added += n
	}
	if len(found) > 0 || o.Problem == "" {
		d.Stores = found
	}
	return nil
}

// observe notes how far a shard was read and whether data waits behind that.
func (s *scan) observe(ctx context.Context, h store.Shard, o *integration.Observation) {
	st := s.known.shards[h]
	p := integration.Progress{Shard: h.String(), Finished: st.Finished, Error: st.Error, LastRead: st.LastReadAt, LastLog: st.LastLogAt}
	if !st.Finished {
		from := st.Cursor
		var err error
		if !st.HasCursor {
			from, err = s.member.Position(ctx, h.Project, h.Logstore, h.Shard, "begin")
		}
		var end int64
		if err == nil {
			end, err = s.member.Position(ctx, h.Project, h.Logstore, h.Shard, "end")
		}
		if err != nil {
			s.unreadable(h.Source, err, o)
		}
		p.Waiting = err == nil && end > from
	}
	o.Shards = append(o.Shards, p)
}

// unreadable notes a read that did not work. One that may work later says nothing about the source's health.
func (s *scan) unreadable(source string, err error, o *integration.Observation) {
	s.problem(source, err)
	if !soc.Retryable(err) {
		o.Problem = err.Error()
	}
}

func (s *scan) problem(source string, err error) {
	s.problems = append(s.problems, problem{s.uid, source, err.Error(), soc.NextOf(err)})
}

func compare(a, b problem) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Reason, b.Reason))
}
