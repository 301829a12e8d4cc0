package analytics

import (
	"database/sql/driver"
	"slices"
)

// mostRanked is the largest number of rows that max, min, max_by and min_by give.
const mostRanked = 10_000

// mostRankedText bounds the texts among them, in bytes.
const mostRankedText = 8 << 20

// ranking keeps the first arguments of the rows whose last but one is among the n largest (sign 1) or smallest (−1); n
// is the last argument.
func ranking(sign int) *collector {
	type ranked struct{ value, key driver.Value }
	var all []ranked
	n, size := 0, 0
	bytes := func(v driver.Value) int { s, _ := v.(string); return len(s) }
	cut := func() {
		slices.SortStableFunc(all, func(a, b ranked) int { return -sign * compare(a.key, b.key) })
		clear(all[min(n, len(all)):])
		all = all[:min(n, len(all))]
		size = 0
		for _, r := range all {
			size += bytes(r.value) + bytes(r.key)
		}
	}
	return &collector{
		add: func(a values) error {
			limit, _ := a[len(a)-1].(int64)
			if limit < 1 || limit > mostRanked {
				return dataf("the number of values must be from 1 to %d", mostRanked)
			}
			if n = int(limit); a[len(a)-2] == nil {
				return nil
			}
			all = append(all, ranked{kept(a[0]), kept(a[len(a)-2])})
			size += bytes(a[0]) + bytes(a[len(a)-2])
			if len(all) > 2*n+1024 || size > mostRankedText {
				cut()
			}
			if size > mostRankedText {
				return dataf("the values are larger than %d bytes", mostRankedText)
			}
			return nil
		},
		result: func() (driver.Value, error) {
			if len(all) == 0 {
				return nil, nil
			}
			cut()
			var list values
			for _, r := range all {
				list = append(list, r.value)
			}
			return array(list)
		},
	}
}

// percentiles picks the value at one place, or those at a list of places.
func percentiles(many bool) *collector {
	var list []driver.Value
	var places values
	return &collector{
		add: func(a values) error {
			if a[0] == nil {
				return nil
			}
			if places == nil { // they are the same for all rows
				if places = (values{a[1]}); many {
					places = elements(a[1], Double)
				}
				for _, p := range places {
					if p == nil || !(asFloat(p) >= 0 && asFloat(p) <= 1) {
						return dataf("Percentile must be between 0 and 1")
					}
				}
			}
			if len(list) >= maxCollected {
				return dataf("approx_percentile over more than %d values", maxCollected)
			}
			list = append(list, a[0])
			return nil
		},
		result: func() (driver.Value, error) {
			if len(list) == 0 {
				return nil, nil
			}
			slices.SortFunc(list, compare)
			var out values
			for _, p := range places {
				out = append(out, list[min(int(asFloat(p)*float64(len(list))), len(list)-1)])
			}
			if many {
				return array(out)
			}
			return out[0], nil
		},
	}
}
