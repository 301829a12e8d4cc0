package ros

import (
	"encoding/json"
	"slices"
)

// preferences are how an operation on instances goes about it: in each region a number of accounts at once, until more
// have failed than are tolerated.
type preferences struct {
	FailureToleranceCount, FailureTolerancePercentage, MaxConcurrentCount, MaxConcurrentPercentage *int
	RegionConcurrencyType                                                                          string // SEQUENTIAL, PARALLEL
	RegionIdsOrder                                                                                 []string
}

// readPreferences reads OperationPreferences.
func readPreferences(text string) (p preferences, err error) {
	if text == "" {
		return p, nil
	}
	if json.Unmarshal([]byte(text), &p) != nil {
		return p, invalid("OperationPreferences", "the value is not JSON of the documented shape")
	}
	within := func(n *int, low, high int) bool { return n == nil || *n >= low && *n <= high }
	switch {
	case p.FailureToleranceCount != nil && p.FailureTolerancePercentage != nil, p.MaxConcurrentCount != nil && p.MaxConcurrentPercentage != nil:
		return p, invalid("OperationPreferences", "a count and a percentage exclude each other")
	case !within(p.FailureToleranceCount, 0, 20), !within(p.FailureTolerancePercentage, 0, 100),
		!within(p.MaxConcurrentCount, 1, 20), !within(p.MaxConcurrentPercentage, 1, 100):
		return p, invalid("OperationPreferences", "a number is out of range")
	case !slices.Contains([]string{"", "SEQUENTIAL", "PARALLEL"}, p.RegionConcurrencyType):
		return p, invalid("OperationPreferences", "RegionConcurrencyType is SEQUENTIAL or PARALLEL")
	}
	return p, nil
}

// tolerated is how many of the accounts of a region may fail. Percentages are rounded down, as documented.
func (p preferences) tolerated(accounts int) int {
	switch {
	case p.FailureToleranceCount != nil:
		return *p.FailureToleranceCount
	case p.FailureTolerancePercentage != nil:
		return accounts * *p.FailureTolerancePercentage / 100
	}
	return 0
}

// atOnce is how many accounts of a region are worked on at the same time, 1 at least.
func (p preferences) atOnce(accounts int) int {
	switch {
	case p.MaxConcurrentCount != nil:
		return *p.MaxConcurrentCount
	case p.MaxConcurrentPercentage != nil:
		return max(accounts**p.MaxConcurrentPercentage/100, 1)
	}
	return 1
}

// regions are the regions of a list in the order in which they are worked on: those of RegionIdsOrder first.
func (p preferences) regions(list []*instance) []string {
	var out []string
	add := func(region string) {
		if !slices.Contains(out, region) && slices.ContainsFunc(list, func(in *instance) bool { return in.region == region }) {
			out = append(out, region)
		}
	}
	for _, region := range p.RegionIdsOrder {
		add(region)
	}
	for _, in := range list {
		add(in.region)
	}
	return out
}
