package analytics

import (
	"database/sql/driver"
	"math"
	"math/rand/v2"
	"strconv"
)

func mathFunctions() map[string][]function {
	float := func(f func(float64) float64) []function { return forms(one(Double, Double, f)) }
	whole := func(f func(float64) float64) []function { // whole numbers stay what they are
		return forms(one(Bigint, Bigint, func(n int64) int64 { return n }), one(Double, Double, f))
	}
	random := function{result: Double, volatile: true, run: func(values) (driver.Value, error) { return rand.Float64(), nil }}
	below := function{args: []Type{Bigint}, result: Bigint, volatile: true, run: func(v values) (driver.Value, error) {
		if v[0].(int64) <= 0 {
			return nil, dataf("bound must be positive")
		}
		return rand.Int64N(v[0].(int64)), nil
	}}
	power := forms(two(Double, Double, Double, math.Pow))
	return map[string][]function{
		"abs":  forms(one(Bigint, Bigint, func(n int64) int64 { return max(n, -n) }), one(Double, Double, math.Abs)),
		"ceil": whole(math.Ceil), "ceiling": whole(math.Ceil), "floor": whole(math.Floor),
		"round":    append(whole(math.Round), two(Double, Bigint, Double, roundTo)),
		"truncate": float(math.Trunc),
		"sign":     forms(one(Bigint, Bigint, func(n int64) int64 { return int64(boolean(n > 0)) - boolean(n < 0) }), one(Double, Double, func(f float64) float64 { return float64(boolean(f > 0) - boolean(f < 0)) })),
		"sqrt":     float(math.Sqrt), "cbrt": float(math.Cbrt), "exp": float(math.Exp),
		"ln": float(math.Log), "log2": float(math.Log2), "log10": float(math.Log10),
		"log":   forms(two(Double, Double, Double, func(base, x float64) float64 { return math.Log(x) / math.Log(base) })),
		"power": power, "pow": clone(power),
		"mod": forms(
			function{args: []Type{Bigint, Bigint}, result: Bigint, sql: "f_remainder_(%s)"},
			function{args: []Type{Double, Double}, result: Double, sql: "f_remainder_(%s)"}),
		"random": forms(random, below), "rand": forms(random, below),
		"bitwise_and": forms(two(Bigint, Bigint, Bigint, func(a, b int64) int64 { return a & b })),
		"bitwise_or":  forms(two(Bigint, Bigint, Bigint, func(a, b int64) int64 { return a | b })),
		"bitwise_xor": forms(two(Bigint, Bigint, Bigint, func(a, b int64) int64 { return a ^ b })),
		"bitwise_not": forms(one(Bigint, Bigint, func(a int64) int64 { return ^a })),
		"to_base":     forms(function{args: []Type{Bigint, Bigint}, result: Varchar, run: toBase}),
		"from_base":   forms(function{args: []Type{Varchar, Bigint}, result: Bigint, run: fromBase}),
		"pi":          forms(function{result: Double, run: func(values) (driver.Value, error) { return math.Pi, nil }}),
	}
}

func radix(v driver.Value) (int, error) {
	if n := v.(int64); n >= 2 && n <= 36 {
		return int(n), nil
	}
	return 0, dataf("Radix must be between 2 and 36")
}

func toBase(v values) (driver.Value, error) {
	n, err := radix(v[1])
	if err != nil {
		return nil, err
	}
	return strconv.FormatInt(v[0].(int64), n), nil
}

func fromBase(v values) (driver.Value, error) {
	base, err := radix(v[1])
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(v[0].(string), base, 64)
	if err != nil {
		return nil, dataf("Not a valid base-%d number: %.100s", base, v[0])
	}
	return n, nil
}

func roundTo(f float64, n int64) float64 {
	scale := math.Pow10(int(min(max(n, -300), 300)))
	if r := math.Round(f*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r
	}
	return f
}

// divide and remainder follow the rules of whole numbers when both are, else those of IEEE 754.
func divide(v values) (driver.Value, error) {
	a, whole := v[0].(int64)
	if !whole {
		return v[0].(float64) / v[1].(float64), nil
	}
	switch b := v[1].(int64); {
	case b == 0:
		return nil, dataf("Division by zero")
	case b == -1 && a == math.MinInt64:
		return nil, dataf("bigint division overflow: %d / %d", a, b)
	default:
		return a / b, nil
	}
}

func remainder(v values) (driver.Value, error) {
	a, whole := v[0].(int64)
	if !whole {
		return math.Mod(v[0].(float64), v[1].(float64)), nil
	}
	switch b := v[1].(int64); b {
	case 0:
		return nil, dataf("Division by zero")
	case -1:
		return int64(0), nil
	default:
		return a % b, nil
	}
}
