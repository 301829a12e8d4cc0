package analytics

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestWindows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`select method, row_number() over (partition by method order by __time__) as rn from log order by method, rn`, "GET|1\nGET|2\nPOST|1\nget|1\nnull|1"},
		{
			`select rank() over (order by status), dense_rank() over (order by status), percent_rank() over (order by status),
			cume_dist() over (order by status), ntile(2) over (order by status) from log order by status`,
			"1|1|0.0|0.4|1\n1|1|0.0|0.4|1\n3|2|0.5|0.6|1\n4|3|0.75|0.8|2\n5|4|1.0|1.0|2",
		},
		{
			`select lag(status) over (order by __time__), lead(status, 2, -1) over (order by __time__), lag(status, 1, 0.5) over (order by __time__) from log order by __time__`,
			"null|404|0.5\n200|500|200.0\n200|null|200.0\n404|-1|404.0\n500|-1|500.0",
		},
		{`select first_value(method) over (order by __time__), last_value(method) over (order by __time__),
			last_value(method) over (order by __time__ rows between unbounded preceding and unbounded following), nth_value(method, 2) over (order by __time__)
			from log order by __time__ limit 2`, "GET|GET|null|null\nGET|POST|null|POST"},
		{
			`select sum(status) over (order by __time__ rows 1 preceding), avg(latency) over (order by __time__ rows between 1 preceding and 1 following) from log order by __time__`,
			"200|1.0\n400|1.0\n604|2.75\n904|3.0\n500|3.0",
		},
		{`select count_if(status > 300) over (order by __time__), bool_or(status > 300) over (), sum(status) filter (where method = 'GET') over (order by __time__)
			from log order by __time__ limit 3`, "0|true|200\n0|true|200\n1|true|604"},
		{
			`select array_agg(method) over (order by __time__), approx_percentile(latency, 0.5) over (order by __time__), approx_distinct(status) over (partition by method),
			max_by(method, latency) over (order by __time__) from log order by __time__ limit 3`,
			`["GET"]|0.5|2|GET` + "\n" + `["GET","POST"]|1.5|1|POST` + "\n" + `["GET","POST","GET"]|1.5|2|POST`,
		},
		// Over groups
		{`select method, count(*) as c, sum(count(*)) over (), count(*) * 100.0 / sum(count(*)) over () as share, rank() over (order by count(*) desc)
			from log group by method order by c desc, method limit 2`, "GET|2|5|40.0|1\nPOST|1|5|20.0|2"},
		{
			`select date_trunc('hour', __time__) as h, count(*) - lag(count(*), 1, 0) over (order by date_trunc('hour', __time__)) from log group by h order by h limit 2`,
			"2020-06-17 14:00:00.000|2\n2020-06-17 15:00:00.000|0",
		},
		{`select count(*), row_number() over () from log`, "5|1"},
		// Around and inside
		{
			`select method, status from (select method, status, row_number() over (partition by method order by status desc) as rn from log) where rn = 1 order by status`,
			"POST|200\nGET|404\nget|500\nnull|null",
		},
		{`select method from log order by row_number() over (order by __time__ desc) limit 2`, "null\nget"},
		{`select distinct rank() over (order by method) from log order by 1`, "1\n3\n4\n5"},
		{`select if(row_number() over (order by __time__) = 1, 'first', 'other') from log order by __time__ limit 2`, "first\nother"},
		{`select sum(status) over (rows between 2 following and 1 following) from log limit 1`, "null"},
		{`select typeof(sum(latency) over ()), typeof(ntile(2) over ()) from log limit 1`, "double|bigint"},
		{`select count(*) over from log`, "5"}, // a name
	} {
		got, err := ask(t, c.text)
		if err != nil {
			t.Errorf("%s\n%v", c.text, err)
			continue
		}
		if diff := gocmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n-want +got:\n%s", c.text, diff)
		}
	}
}

func TestWindowsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`select status from log where row_number() over () = 1`, "a window function is not allowed here"},
		{`select status, row_number() over () as rn from log having rn = 1`, "HAVING clause cannot contain window functions"},
		{`select count(*) from log group by row_number() over ()`, "GROUP BY clause cannot contain aggregations and window functions"},
		{`select row_number() over () from log group by 1`, "GROUP BY clause cannot contain aggregations and window functions"},
		{`select sum(row_number() over ()) from log`, "Cannot nest window functions inside aggregation 'sum'"},
		{`select sum(rank() over (order by status)) over () from log`, "Cannot nest window functions inside window function 'sum'"},
		{`select rank() over (order by rank() over ()) from log`, "Cannot nest window functions inside window function 'rank'"},
		{`select method, rank() over (order by status) from log group by method`, "'status' must be an aggregate expression"},
		{`select method, sum(count(*)) filter (where status > 1) over () from log group by method`, "'status' must be an aggregate expression"},
		{`select method, sum(count(*)) over (partition by status) from log group by method`, "'status' must be an aggregate expression"},
		{`select row_number() from log`, "Window function row_number requires an OVER clause"},
		{`select lower(method) over () from log`, "lower is no window function and no aggregation"},
		{`select nosuch(1) over () from log`, "Function nosuch not registered"},
		{`select rank(1) over () from log`, "Unexpected parameters (bigint) for function rank"},
		{`select ntile(0) over () from log`, "Unexpected parameters (bigint) for function ntile"},
		{`select nth_value(status, 0) over () from log`, "Unexpected parameters (bigint, bigint) for function nth_value"},
		{`select lag(status, -1) over () from log`, "Unexpected parameters (bigint, bigint) for function lag"},
		{`select lag(status, status) over () from log`, "Unexpected parameters (bigint, bigint) for function lag"},
		{`select lag(status, 1, 'x') over () from log`, "Unexpected parameters (bigint, bigint, varchar) for function lag"},
		{`select rank() over (order by status rows 1 preceding) from log`, "Cannot specify window frame for rank function"},
		{`select sum(status) over (order by status range 1 preceding) from log`, "Window frame RANGE is only supported with UNBOUNDED and CURRENT ROW"},
		{`select sum(status) over (rows between current row and 1 preceding) from log`, "Window frame starting from CURRENT ROW cannot end with 1 PRECEDING"},
		{`select sum(status) over (rows between unbounded following and current row) from log`, "Window frame start cannot be UNBOUNDED FOLLOWING"},
		{`select sum(status) over (rows between 1 preceding and unbounded preceding) from log`, "Window frame end cannot be UNBOUNDED PRECEDING"},
		{`select sum(status) over (rows 1 following) from log`, "Window frame starting from 1 FOLLOWING cannot end with CURRENT ROW"},
		{`select sum(status) over (rows between status preceding and current row) from log`, "mismatched input 'status'"},
		{`select sum(status) over (status) from log`, "mismatched input 'status'"},
		{`select row_number() over w, 1 from log`, "mismatched input 'w'. Expecting: the end of the statement"},
		{`select first_value(method) over w.x from log`, "mismatched input 'w'. Expecting: the end of the statement"},
		{`select lag(status) ignore nulls over (order by __time__) from log`, "IGNORE NULLS is not offered here"},
		{`select array_agg(method) over (order by __time__ rows 1 preceding) from log`, "array_agg over such a window is not offered here"},
		{`select count(distinct status) over () from log`, "count over such a window is not offered here"},
		{`select geometric_mean(latency) over () from log`, "geometric_mean over such a window is not offered here"},
		{`select status from log union select 1 order by row_number() over ()`, "a window function is not allowed here"},
		{`select (select max(a.status) over () from log b limit 1) from log a`, "over a column of a query around is not offered here"},
		{`select (select rank() over (order by a.status) from log b limit 1) from log a`, "a window over a column of a query around is not offered here"},
		{`select rank() over (partition by body) from log`, "Type json is not orderable"},
		{`select sum(9223372036854775807) over () from log`, "overflow"},
	} {
		got, err := ask(t, c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot %q, %v, want error %q", c.text, got, err, c.want)
		}
	}
}

// TestWindowsAgree compares windows with what is said plainly here, on random rows.
func TestWindowsAgree(t *testing.T) {
	t.Parallel()
	columns := []Column{{Name: "id", Type: Bigint}, {Name: "k", Type: Varchar}, {Name: "n", Type: Bigint}}
	s, err := Prepare(`select id, row_number() over (partition by k order by n desc, id), rank() over (partition by k order by n desc),
		sum(n) over (partition by k order by id rows between 2 preceding and 1 following), lag(n, 2, -1) over (partition by k order by id),
		count(n) over (partition by k) from log order by id limit 1000`, now,
		func(string) ([]Column, bool, error) { return columns, true, nil })
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		rows := make([]windowRow, rnd.IntN(80))
		table := make([][]any, len(rows))
		for i := range rows {
			rows[i] = windowRow{i, fmt.Sprintf("k%d", rnd.IntN(4)), rnd.IntN(5)}
			table[i] = []any{int64(i), rows[i].k, int64(rows[i].n)}
		}
		r, err := s.Run(t.Context(), sourceOf(table))
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(slowWindows(rows), r.Rows); diff != "" {
			t.Fatalf("seed %d -want +got:\n%s", seed, diff)
		}
	}
}

type windowRow struct {
	id int
	k  string
	n  int
}

// slowWindows is what TestWindowsAgree asks. Rows come in the order of their ids.
func slowWindows(rows []windowRow) [][]string {
	var out [][]string
	for _, row := range rows {
		var part []windowRow
		for _, other := range rows {
			if other.k == row.k {
				part = append(part, other)
			}
		}
		at := slices.Index(part, row)
		sum := 0
		for _, other := range part[max(at-2, 0):min(at+2, len(part))] {
			sum += other.n
		}
		lag := -1
		if at >= 2 {
			lag = part[at-2].n
		}
		rank := 1
		for _, other := range part {
			if other.n > row.n {
				rank++
			}
		}
		count := len(part)
		slices.SortFunc(part, func(a, b windowRow) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.id, b.id)) })
		out = append(out, []string{
			fmt.Sprint(row.id), fmt.Sprint(slices.Index(part, row) + 1), fmt.Sprint(rank), fmt.Sprint(sum), fmt.Sprint(lag), fmt.Sprint(count),
		})
	}
	return out
}
