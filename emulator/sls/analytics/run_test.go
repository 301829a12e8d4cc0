package analytics

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDeadline stops a statement that would run for hours.
func TestDeadline(t *testing.T) {
	t.Parallel()
	s, err := Prepare(`select count(*) from log a, log b, log c, log d where a.x + b.x + c.x + d.x = -1`, now,
		func(string) ([]Column, bool, error) { return []Column{{Name: "x", Type: Bigint}}, true, nil })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = s.Run(ctx, func(_ context.Context, _ string, _ []int, add func([]any) error) error {
		for i := range int64(1000) {
			if err := add([]any{i}); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

// TestContextEndsWhileRowsCome ends the context at any place of loading.
func TestContextEndsWhileRowsCome(t *testing.T) {
	t.Parallel()
	s, err := Prepare(`select method, count(*) from log group by 1`, now, tables)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{0, 1, 300, 511, 512, 513, 2000} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Run(ctx, func(_ context.Context, _ string, _ []int, add func([]any) error) error {
			for i := range 2001 {
				if i == after {
					cancel()
				}
				if err := add([]any{"x"}); err != nil {
					return err
				}
			}
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d rows: %v", after, err)
		}
	}
}

// TestSourceFails hands an error of the source on.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	s, err := Prepare(`select method`, now, tables)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if _, err = s.Run(t.Context(), func(context.Context, string, []int, func([]any) error) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestHostile sends names and values that mean something to the engine, and looks that they come back as they are.
func TestHostile(t *testing.T) {
	t.Parallel()
	texts := []string{
		"'; drop table t0; --", `"`, `""; select 1`, "a\x00b", "\xff\xfe", "?1", "c0", "rowid", strings.Repeat("x", 100_000), "%_", "NULL", "0x10", "1e999", " ", "日志",
	}
	for _, name := range texts {
		if len(name) > 1000 {
			continue
		}
		text := `select "` + strings.ReplaceAll(name, `"`, `""`) + `" as v, count(*) from log group by 1 order by 2 limit 1000`
		s, err := Prepare(text, now, func(string) ([]Column, bool, error) { return []Column{{Name: name, Type: Varchar}}, true, nil })
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		r, err := s.Run(t.Context(), func(_ context.Context, _ string, _ []int, add func([]any) error) error {
			for _, v := range texts {
				if err := add([]any{v}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		var got []string
		for _, row := range r.Rows {
			got = append(got, row[0])
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(texts))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q -want +got:\n%s", name, diff)
		}
	}
}

// TestGroupsAgree compares a grouped statement with the same sum made slowly here, on random rows.
func TestGroupsAgree(t *testing.T) {
	t.Parallel()
	columns := []Column{{Name: "k", Type: Varchar}, {Name: "n", Type: Bigint}, {Name: "f", Type: Double}}
	s, err := Prepare(`select k, count(*) as c, count(n), sum(n), min(f), max(n) - min(n), approx_distinct(n), sum(n) / count(n)
		from log where n is null or n <> 3 group by k having count(n) > 0 order by k limit 1000`, now,
		func(string) ([]Column, bool, error) { return columns, true, nil })
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		rows := make([][]any, rnd.IntN(2000))
		for i := range rows {
			rows[i] = []any{nil, nil, nil}
			if rnd.IntN(10) > 0 {
				rows[i][0] = fmt.Sprintf("k%02d", rnd.IntN(20))
			}
			if rnd.IntN(10) > 0 {
				rows[i][1] = rnd.Int64N(200) - 100
			}
			if rnd.IntN(10) > 0 {
				rows[i][2] = float64(rnd.IntN(1000)) / 8
			}
		}
		r, err := s.Run(t.Context(), sourceOf(rows))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slowGroups(rows), r.Rows); diff != "" {
			t.Fatalf("seed %d -want +got:\n%s", seed, diff)
		}
	}
}

// sourceOf gives rows, each with the columns that a statement uses.
func sourceOf(rows [][]any) Source {
	return func(_ context.Context, _ string, used []int, add func([]any) error) error {
		for _, row := range rows {
			var values []any
			for _, i := range used {
				values = append(values, row[i])
			}
			if err := add(values); err != nil {
				return err
			}
		}
		return nil
	}
}

// slowGroups is what TestGroupsAgree asks, said plainly.
func slowGroups(rows [][]any) [][]string {
	groups := map[any][][]any{}
	for _, row := range rows {
		if row[1] != int64(3) {
			groups[row[0]] = append(groups[row[0]], row)
		}
	}
	var out [][]string
	for k, list := range groups {
		var sum, lo, hi, n int64
		least := any(nil)
		seen := map[int64]bool{}
		for _, row := range list {
			if f, ok := row[2].(float64); ok && (least == nil || f < least.(float64)) {
				least = f
			}
			v, ok := row[1].(int64)
			if !ok {
				continue
			}
			if n == 0 || v < lo {
				lo = v
			}
			if n == 0 || v > hi {
				hi = v
			}
			n++
			sum += v
			seen[v] = true
		}
		if n == 0 {
			continue
		}
		out = append(out, []string{
			format(k, Varchar), fmt.Sprint(len(list)), fmt.Sprint(n), fmt.Sprint(sum), format(least, Double),
			fmt.Sprint(hi - lo), fmt.Sprint(len(seen)), fmt.Sprint(sum / n),
		})
	}
	slices.SortFunc(out, func(a, b []string) int { // the key null sorts last
		if (a[0] == "null") != (b[0] == "null") {
			if a[0] == "null" {
				return 1
			}
			return -1
		}
		return strings.Compare(a[0], b[0])
	})
	return out
}

// TestFunctionsStayHere opens the driver that everybody shares and does not find the functions of this package.
func TestFunctionsStayHere(t *testing.T) {
	t.Parallel()
	if _, err := ask(t, `select 1 / (status - status + 1)`); err != nil { // they are registered by now
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var n int
	if err := db.QueryRowContext(t.Context(), `select f_divide_(4, 2)`).Scan(&n); err == nil || !strings.Contains(err.Error(), "no such function") {
		t.Errorf("%d, %v", n, err)
	}
}

// FuzzStatement looks that no text makes the checker panic, and that whatever it lets through the engine understands.
func FuzzStatement(f *testing.F) {
	for _, s := range []string{
		`select count(*)`, `select method, count(*) c from log group by 1 having count(*) > 1 order by c desc limit 1, 2`,
		`with a as (select status s from log) select a.s, b.status from a left join log b on a.s = b.status where b.method like '%x'`,
		`select case when status in (1, 2) then 'a' else cast(latency as varchar) end from (select * from log) x`,
		`select date_trunc('day', __time__), max_by(method, status), split(method, ',')[1] group by 1 union all select now(), null, 'x'`,
		`select (select max(b.status) from log b where b.method = a.method) from log a where exists (select 1)`,
		`select -(-9223372036854775808), 1.e5, "we""ird; drop", interval '1' day + now() -- x`, `select "a" 'b' || ? ; /*`,
		`select rank() over (partition by method order by status desc nulls first), lag(status, 2, 0.5) over (order by host) from log`,
		`select try(a / 0), n from log cross join unnest(cast(json_extract(body, '$.n') as array(bigint))) with ordinality as t(a, n) where contains(array[1, null], a)`,
		`select sum(count(*)) over (order by max(status) rows between 2 preceding and current row), array_agg(method) filter (where status > 1) over () from log group by method`,
	} {
		f.Add(s)
	}
	f.Add(doubled(3))
	f.Add(laughs(3))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Prepare(text, now, tables)
		var known *Error
		if err != nil {
			if !errors.As(err, &known) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err = s.Run(ctx, source); err != nil && !errors.As(err, &known) && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%q became %q: %v", text, s.sql, err)
		}
	})
}

// BenchmarkGroup groups 100,000 rows.
func BenchmarkGroup(b *testing.B) {
	columns := []Column{{Name: "method", Type: Varchar}, {Name: "status", Type: Bigint}, {Name: "__time__", Type: Bigint}}
	s, err := Prepare(`select method, date_trunc('hour', __time__) as h, count(*), avg(status) group by method, h order by 3 desc`, now,
		func(string) ([]Column, bool, error) { return columns, true, nil })
	if err != nil {
		b.Fatal(err)
	}
	const n = 100_000
	b.ReportAllocs()
	for b.Loop() {
		r, err := s.Run(b.Context(), func(_ context.Context, _ string, _ []int, add func([]any) error) error {
			values := make([]any, 3)
			for i := range n {
				values[0], values[1], values[2] = methods[i%4], int64(200+i%7*50), int64(1592374067+i)
				if err := add(values); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(r.Rows) != 100 {
			b.Fatal(len(r.Rows), err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

var methods = []string{"GET", "POST", "PUT", "DELETE"}
