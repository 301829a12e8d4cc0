package analytics

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"modernc.org/sqlite"
)

// engine is the driver with the functions of the dialect. Nothing else in the process uses it, and it holds no state
// of a query.
var engine = sync.OnceValues(func() (*sqlite.Driver, error) {
	d := &sqlite.Driver{}
	var errs []error
	add := func(name string, n int, volatile bool, run func(values) (driver.Value, error)) {
		errs = append(errs, d.RegisterFunction(name, &sqlite.FunctionImpl{
			NArgs: int32(n), Deterministic: !volatile, Scalar: guarded(run),
		}))
	}
	for _, list := range functions {
		for _, f := range list {
			if f.run == nil {
				continue
			}
			n := len(f.args)
			if f.more {
				n = -1
			}
			add(f.name, n, f.volatile, f.run)
			if !f.sure {
				add(quietly+f.name, n, f.volatile, hushed(f.run))
			}
		}
	}
	for _, f := range []struct {
		name string
		n    int
		run  func(values) (driver.Value, error)
	}{{"f_divide_", 2, divide}, {"f_remainder_", 2, remainder}, {"f_like_", -1, likeFunction}, {"f_cast_", 4, castValue}} {
		add(f.name, f.n, false, f.run)
		add(quietly+f.name, f.n, false, hushed(f.run))
	}
	add("f_many_rows_", 0, true, func(values) (driver.Value, error) {
		return nil, dataf("Scalar sub-query has returned multiple rows")
	})
	for name, make := range collectors {
		errs = append(errs, d.RegisterFunction(name, &sqlite.FunctionImpl{
			NArgs: -1, Deterministic: true,
			MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) { return make(), nil },
		}))
	}
	return d, errors.Join(errs...)
})

// marker begins an error that a function gives, inside the text that the engine makes of it.
const marker = "\x01data\x01"

// guarded makes null of null, and an error of a panic: the engine cannot stand one.
func guarded(run func(values) (driver.Value, error)) func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *sqlite.FunctionContext, args []driver.Value) (v driver.Value, err error) {
		defer func() {
			if p := recover(); p != nil {
				v, err = nil, fmt.Errorf("a function panicked: %v", p)
			}
		}()
		for _, a := range args {
			if a == nil {
				return nil, nil
			}
		}
		if v, err = run(args); err != nil {
			return nil, marked(err)
		}
		return v, nil
	}
}

func marked(err error) error {
	if errors.Is(err, errData) {
		return errors.New(marker + strings.TrimPrefix(err.Error(), errData.Error()+": ") + marker)
	}
	return err
}

func likeFunction(v values) (driver.Value, error) {
	escape := rune(0)
	if len(v) == 3 {
		var size int
		if escape, size = utf8.DecodeRuneInString(v[2].(string)); size == 0 || size != len(v[2].(string)) {
			return nil, dataf("Escape string must be a single character")
		}
	}
	ok, err := like(v[0].(string), v[1].(string), escape)
	return truth(ok), err
}

// castValue casts v[0] from type v[1] to v[2]; v[3] makes null of what cannot be cast.
func castValue(v values) (driver.Value, error) {
	from, to := Type(v[1].(int64)), Type(v[2].(int64))
	out, ok := cast(v[0], from, to)
	switch {
	case ok:
		return out, nil
	case v[3].(int64) == 1:
		return nil, nil
	}
	return nil, dataf("Cannot cast '%.200s' to %s", format(v[0], from), to)
}
