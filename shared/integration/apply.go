package integration

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Store keeps policies and data sources.
type Store interface {
	// SavePolicies writes the policies and keeps the set that was there before under the snapshot id, together. A
	// snapshot id that exists keeps its first content. An entry like by is added to the audit trail for each account in
	// which a policy changes.
	SavePolicies(ctx context.Context, snapshotID string, set []soc.Policy, by soc.AuditEntry) error
	DataSources(ctx context.Context) ([]soc.DataSource, error)
	SaveDataSource(ctx context.Context, d soc.DataSource) error
}

// Failure is a data source that could not be written.
type Failure struct {
	Source string `json:"source"`
	Reason string `json:"reason"`
}

// CheckHash refuses a plan that is not the one that was shown, as a Conflict.
func (p Plan) CheckHash(shown string) error {
	if shown == p.Hash {
		return nil
	}
	return &soc.Error{
		Kind: soc.Conflict, Op: "apply integration", Err: errors.New("the plan is not the one that was shown"),
		Next: "look at the new plan, then apply it with its hash",
	}
}

// Apply writes the policies of a plan, with a snapshot of what was there before, and a data source for each of them in
// the region, even when its policy is off. Data sources that exist, in any region, are switched on or off with their
// policy. Applying again changes nothing. A data source that cannot be written does not stop the others.
//
// By says who makes the change, when, from where and why; the audit trail gets an entry like it for each account.
func Apply(ctx context.Context, s Store, p Plan, snapshotID, region string, by soc.AuditEntry) ([]Failure, error) {
	set := p.Policies()
	for i := range set {
		set[i].UpdatedAt = by.At
	}
	if err := s.SavePolicies(ctx, snapshotID, set, by); err != nil {
		return nil, err
	}
	have, err := s.DataSources(ctx)
	if err != nil {
		return nil, err
	}
	failures := []Failure{}
	for _, d := range sources(have, set, region) {
		if err := s.SaveDataSource(ctx, d); err != nil {
			failures = append(failures, Failure{d.Name, err.Error()})
		}
	}
	return failures, nil
}

// sources returns the data sources that the policies change or need.
func sources(have []soc.DataSource, set []soc.Policy, region string) []soc.DataSource {
	var out []soc.DataSource
	for _, p := range set {
		here := false
		for _, d := range have {
			if d.Template != p.Template || d.Account != p.Account {
				continue
			}
			here = here || d.Region == region
			if d.Enabled != p.Enabled {
				d.Enabled = p.Enabled
				d.Health, d.Detail = initial(p.Enabled)
				out = append(out, d)
			}
		}
		if !here {
			d := soc.DataSource{
				Name: soc.DataSourceName(p.Template, region, p.Account), Template: p.Template,
				Account: p.Account, Region: region, Enabled: p.Enabled,
			}
			d.Health, d.Detail = initial(p.Enabled)
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b soc.DataSource) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func initial(enabled bool) (soc.Health, string) {
	if enabled {
		return soc.Initialising, "the policy was just switched on"
	}
	return soc.Off, "the policy is switched off"
}
