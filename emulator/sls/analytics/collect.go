package analytics

import (
	"cmp"
	"database/sql/driver"
	"errors"
	"math"
	"strings"

	"modernc.org/sqlite"
)

// collector is an aggregation that the engine does not have: it sees every row of a group and then says the result.
type collector struct {
	add    func(args values) error
	result func() (driver.Value, error)
}

func (c *collector) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	if len(args) > 1 && args[1] == nil || c.add == nil {
		return nil
	}
	return marked2(c.add(args))
}

func marked2(err error) error {
	if err == nil {
		return nil
	}
	return marked(err)
}

func (c *collector) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return errors.New("no window functions") // they are refused before
}

func (c *collector) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	v, err := c.result()
	return v, marked2(err)
}

func (c *collector) Final(*sqlite.FunctionContext) {}

// maxCollected bounds the values that one collector keeps.
const maxCollected = 4_000_000

// collectors make one collector for each group.
var collectors = map[string]func() *collector{
	"g_max_by":      func() *collector { return best(1) },
	"g_min_by":      func() *collector { return best(-1) },
	"g_max_n":       func() *collector { return ranking(1) },
	"g_min_n":       func() *collector { return ranking(-1) },
	"g_percentile":  func() *collector { return percentiles(false) },
	"g_percentiles": func() *collector { return percentiles(true) },
	"g_distinct":    distinct,
	"g_array_agg":   list,
	"g_stddev_samp": func() *collector { return spread(1, true) },
	"g_stddev_pop":  func() *collector { return spread(0, true) },
	"g_var_samp":    func() *collector { return spread(1, false) },
	"g_var_pop":     func() *collector { return spread(0, false) },
}

// best keeps the first argument of the row whose second is largest (sign 1) or smallest (−1).
func best(sign int) *collector {
	var value, key driver.Value
	return &collector{
		add: func(a values) error {
			if key == nil || sign*compare(a[1], key) > 0 {
				value, key = kept(a[0]), kept(a[1])
			}
			return nil
		},
		result: func() (driver.Value, error) { return value, nil },
	}
}

func kept(v driver.Value) driver.Value {
	if s, ok := v.(string); ok {
		return strings.Clone(s)
	}
	return v
}

// compare orders two values of one type.
func compare(a, b driver.Value) int {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b)
		}
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	}
	return cmp.Compare(asFloat(a), asFloat(b))
}

func asFloat(v driver.Value) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

func distinct() *collector {
	seen := map[driver.Value]bool{}
	return &collector{
		add: func(a values) error {
			if a[0] != nil {
				seen[kept(a[0])] = true
			}
			if len(seen) > maxCollected {
				return dataf("approx_distinct over more than %d values", maxCollected)
			}
			return nil
		},
		result: func() (driver.Value, error) { return int64(len(seen)), nil },
	}
}

func list() *collector {
	var all values
	size := 0
	return &collector{
		add: func(a values) error {
			s, _ := a[0].(string)
			if size += len(s) + 1; size > maxText {
				return dataf("an array of more than %d bytes", maxText)
			}
			all = append(all, kept(a[0]))
			return nil
		},
		result: func() (driver.Value, error) {
			if len(all) == 0 {
				return nil, nil
			}
			return array(all)
		},
	}
}

// spread is the variance or its root; less is 1 for a sample and 0 for all.
func spread(less int, root bool) *collector {
	n, mean, sum := 0, 0.0, 0.0
	return &collector{
		add: func(a values) error {
			if a[0] == nil {
				return nil
			}
			x := asFloat(a[0])
			n++
			d := x - mean
			mean += d / float64(n)
			sum += d * (x - mean)
			return nil
		},
		result: func() (driver.Value, error) {
			if n <= less {
				return nil, nil
			}
			v := sum / float64(n-less)
			if root {
				v = math.Sqrt(v)
			}
			return v, nil
		},
	}
}
