package analytics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is the time of all tests: 2024-05-06 07:08:09 in Zone.
var now = time.Date(2024, 5, 6, 7, 8, 9, 0, Zone)

// logs are the columns and rows that the tests ask.
var logs = []Column{
	{Name: "status", Type: Bigint},
	{Name: "method", Type: Varchar},
	{Name: "latency", Type: Double},
	{Name: "body", Type: JSON},
	{Name: "body.user", Type: Varchar},
	{Name: "__time__", Type: Bigint},
	{Name: "Host", Type: Varchar},
	{Name: "host", Type: Varchar},
	{Name: `we"ird; drop`, Type: Varchar},
}

var rows = [][]any{
	{int64(200), "GET", 0.5, `{"user":"ann","n":[1,2]}`, "ann", int64(1592374067), "A", "a", "x"},
	{int64(200), "POST", 1.5, `{"user":"bob"}`, "bob", int64(1592374127), "B", "b", "'y"},
	{int64(404), "GET", nil, `not json`, nil, int64(1592377667), "A", "c", nil},
	{int64(500), "get", 4.0, nil, "ann", int64(1592380000), "C", "d", "z"},
	{nil, nil, 2.0, nil, nil, int64(1592390000), nil, "e", ""},
}

func tables(name string) ([]Column, bool, error) { return logs, name == "log", nil }

func source(_ context.Context, _ string, columns []int, add func([]any) error) error {
	values := make([]any, len(columns))
	for _, row := range rows {
		for i, c := range columns {
			values[i] = row[c]
		}
		if err := add(values); err != nil {
			return err
		}
	}
	return nil
}

// ask runs a statement and gives the rows as lines of values with | between them.
func ask(t *testing.T, text string) (string, error) {
	t.Helper()
	s, err := Prepare(text, now, tables)
	if err != nil {
		return "", err
	}
	r, err := s.Run(t.Context(), source)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, row := range r.Rows {
		lines = append(lines, strings.Join(row, "|"))
	}
	return strings.Join(lines, "\n"), nil
}

func TestStatements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		// Aggregation
		{`select count(*)`, "5"},
		{`SELECT COUNT(*) FROM log`, "5"},
		{`select count(1) as c, count(status), count(distinct status), count() from log`, "5|4|3|5"},
		{`select sum(status), avg(status), min(status), max(status)`, "1304|326.0|200|500"},
		{`select sum(latency), avg(latency), min(method), max(method)`, "8.0|2.0|GET|get"},
		{`select sum(status) from log where status > 9999`, "null"},
		{`select count(*), count_if(status = 200), bool_and(status > 0), bool_or(status > 499)`, "5|2|true|true"},
		{`select approx_distinct(method), approx_distinct(method, 0.1), approx_percentile(latency, 0.5)`, "3|3|2.0"},
		{`select max_by(method, latency), min_by(method, latency), max_by("body.user", __time__)`, "get|GET|null"},
		{`select arbitrary(method) from log where status = 404`, "GET"},
		{`select stddev(latency), var_pop(latency), geometric_mean(latency)`, "1.4719601443879744|1.625|1.5650845800732873"},
		{`select array_agg(method) from log where status = 200`, `["GET","POST"]`},
		{`select count(*) filter (where status = 200), sum(status) filter (where method = 'GET')`, "2|604"},
		{`select sum(distinct status), count(distinct method)`, "1104|3"},
		{`select sum(status) / count(*), sum(status) * 1.0 / count(*)`, "260|260.8"},
		// Grouping
		{`select method, count(*) as c group by method order by c desc, method`, "GET|2\nPOST|1\nget|1\nnull|1"},
		{`select method, count(*) group by 1 order by 2 desc, 1 limit 1`, "GET|2"},
		{`select lower(method) as m, sum(latency) as s group by m having s > 1 order by m nulls first`, "null|2.0\nget|4.5\npost|1.5"},
		{`select status / 100 * 100, count(*) where status is not null group by status / 100 order by 1`, "200|2\n400|1\n500|1"},
		{`select status, method group by status, method having count(*) > 0 and status >= 404 order by status`, "404|GET\n500|get"},
		{`select date_trunc('hour', __time__) as h, count(*) group by h order by h limit 2`, "2020-06-17 14:00:00.000|2\n2020-06-17 15:00:00.000|2"},
		{`select method from log group by method order by max(status) desc limit 1`, "get"},
		{`select count(*) from log group by status order by status desc`, "1\n1\n2\n1"},
		{`select case when status < 400 then 'ok' else 'bad' end as class, count(*) group by case when status < 400 then 'ok' else 'bad' end order by 1`, "bad|3\nok|2"},
		{`select 1 having count(*) > 4`, "1"},
		// Order and limit
		{`select status order by status limit 2, 2`, "404\n500"},
		{`select status order by status limit 2 offset 1`, "200\n404"},
		{`select status order by status offset 3 limit 1`, "500"},
		{`select status order by status desc limit 2`, "500\n404"},
		{`select status order by status desc nulls first limit 1`, "null"},
		{`select distinct status order by status`, "200\n404\n500\nnull"},
		{`select status as s order by -s limit 1`, "500"},
		{`select status order by latency * 2 desc limit 1`, "500"},
		// Expressions
		{`select status + 1, status - 1, status * 2, status % 3, -status from log where status = 404`, "405|403|808|2|-404"},
		{`select 7 / 2, -7 / 2, 7 % -2, 7 / 2.0, 1e0 / 0, 7.0 % 4 limit 1`, "3|-3|1|3.5|Infinity|3.0"},
		{`select 1 + 2 * 3, (1 + 2) * 3, 2 - 1 - 1, 'a' || 'b' || 'c' limit 1`, "7|9|0|abc"},
		{`select true, false, null, not true, 1 = 1 and 2 > 3 or true limit 1`, "true|false|null|false|true"},
		{`select status from log where not status = 200 and status between 400 and 404`, "404"},
		{`select status from log where status not between 400 and 600 limit 1`, "200"},
		{`select status from log where method in ('get', 'POST') order by 1`, "200\n500"},
		{`select count(*) from log where status not in (200, 404)`, "1"},
		{`select count(*) from log where method like 'G%'`, "2"},
		{`select count(*) from log where method not like '_OST'`, "3"},
		{`select 'a%b' like 'a#%b' escape '#', 'axb' like 'a#%b' escape '#', '' like '%', 'ab' like '%b', 'aab' like 'a%ab%' limit 1`, "true|false|true|true|true"},
		{`select count(*) from log where status is null or "body.user" is not null`, "4"},
		{`select coalesce(method, 'none'), nullif(status, 200), if(status > 400, 'e', 'o') order by __time__ desc limit 2`, "none|null|o\nget|500|e"},
		{`select case method when 'GET' then 1 when 'POST' then 2.5 end order by __time__`, "1.0\n2.5\n1.0\nnull\nnull"},
		{`select greatest(1, 3, 2), least(1.5, 2), typeof(1), typeof(status / 2.0), typeof(null) limit 1`, "3|1.5|bigint|double|unknown"},
		{`select cast('12' as bigint) + 1, cast(1.5 as bigint), cast(2 as varchar) || '!', cast(1 as double), cast('true' as boolean) limit 1`, "13|2|2!|1.0|true"},
		{`select try_cast('x' as bigint), try_cast('1e3' as double), try_cast('0x1p4' as double), cast(null as varchar) limit 1`, "null|1000.0|null|null"},
		{`select cast('2020-06-17 14:07:47' as timestamp), date '2020-01-02', cast(timestamp '2020-01-02 03:04:05' as date) limit 1`, "2020-06-17 14:07:47.000|2020-01-02|2020-01-02"},
		{`select 9223372036854775807, -9223372036854775808, 1e16, 1.5e-7, 123456789.25 limit 1`, "9223372036854775807|-9223372036854775808|1.0E16|1.5E-7|123456789.25"},
		// Text
		{`select lower('ÄB'), upper('straß'), length('日志'), reverse('日志'), trim('  a '), substr('hello', 2, 3), substr('hello', -3) limit 1`, "äb|STRAß|2|志日|a|ell|llo"},
		{`select strpos('日志服务', '服'), position('b' in 'abc'), replace('aXbX', 'X', '-'), replace('aXb', 'X'), concat('a', 'b', 'c') limit 1`, "3|2|a-b-|ab|abc"},
		{`select split_part('a.b.c', '.', 2), split_part('a.b', '.', 9), split('a,b', ',')[2], cardinality(split('a,b', ',')), lpad('7', 3, '0'), rpad('7', 2, 'x') limit 1`, "b|null|b|2|007|7x"},
		{`select regexp_like('abc123', '\d+'), regexp_extract('abc123', '[a-z]+'), regexp_extract('k=v', '(\w)=(\w)', 2), regexp_extract('a', 'b'), regexp_replace('a1b2', '(\d)', '<$1>') limit 1`, "true|abc|v|null|a<1>b<2>"},
		{`select starts_with('abc', 'ab'), chr(26085), url_decode('a%20b'), url_extract_host('https://x.cn:8/p?q=1'), url_extract_parameter('http://x/?a=b', 'a') limit 1`, "true|日|a b|x.cn|b"},
		// Time
		{`select from_unixtime(__time__), to_unixtime(from_unixtime(__time__)) order by __time__ limit 1`, "2020-06-17 14:07:47.000|1592374067.0"},
		{`select date_trunc('day', from_unixtime(1592374067)), date_trunc('week', 1592374067), date_trunc('month', date '2020-06-17'), date_trunc('quarter', 1592374067) limit 1`, "2020-06-17 00:00:00.000|2020-06-15 00:00:00.000|2020-06-01|2020-04-01 00:00:00.000"},
		{`select date_format(from_unixtime(1592374067), '%Y-%m-%d %H:%i:%s'), date_format(1592374067, '%k%%') limit 1`, "2020-06-17 14:07:47|14%"},
		{`select date_parse('2020-06-17 14:07', '%Y-%m-%d %H:%i'), to_unixtime(date_parse('17/06/2020', '%d/%m/%Y')) limit 1`, "2020-06-17 14:07:00.000|1592323200.0"},
		{`select date_add('month', 1, timestamp '2020-01-31 00:00:00'), date_diff('hour', from_unixtime(0), from_unixtime(7200)), date_diff('month', date '2020-01-31', date '2020-02-29') limit 1`, "2020-02-29 00:00:00.000|2|1"},
		{`select current_date, current_timestamp - interval '1' hour, now(), year(now()), extract(hour from now()), day_of_week(now()) limit 1`, "2024-05-06|2024-05-06 06:08:09.000|2024-05-06 07:08:09.000|2024|7|1"},
		{`select count(*) from log where from_unixtime(__time__) < timestamp '2020-06-17 15:00:00'`, "2"},
		{`select count(*) from log where from_unixtime(__time__) >= '2020-06-17 15:00:00' and from_unixtime(__time__) between '2020-06-17' and '2020-06-18'`, "3"},
		{`select __time__ - __time__ % 60 as t, count(*) group by __time__ - __time__ % 60 order by t limit 1`, "1592374020|1"},
		// JSON
		{`select json_extract_scalar(body, '$.user'), json_extract(body, '$.n'), json_extract_scalar(body, '$.n[1]'), json_extract_scalar(body, '$["user"]') order by __time__ limit 3`, "ann|[1,2]|2|ann\nbob|null|null|bob\nnull|null|null|null"},
		{`select json_array_length('[1,2,3]'), json_size('{"a":{"b":1}}', '$.a'), json_format(json_parse('{"a": 1.50}')), json_extract_scalar('{"a":true}', 'a') limit 1`, `3|1|{"a":1.50}|true`},
		{`select "body.user", count(*) where "body.user" is not null group by "body.user" order by 2 desc`, "ann|2\nbob|1"},
		// Queries in queries
		{`select max(c) from (select method, count(*) as c from log group by method)`, "2"},
		{`select a.m, a.c from (select method as m, count(*) as c from log group by method) a where a.c > 1`, "GET|2"},
		{`with g as (select method, count(*) as c from log group by method), h as (select * from g where c > 1) select * from h`, "GET|2"},
		{`with g(m) as (select method from log) select count(m) from g`, "4"},
		{`select count(*) from log where status in (select max(status) from log)`, "1"},
		{`select status from log where latency = (select max(latency) from log)`, "500"},
		{`select count(*) from log a where exists (select 1 from log b where b.status = a.status and b.__time__ <> a.__time__)`, "2"},
		{`select a.method, b.c from log a join (select method, count(*) as c from log group by method) b on a.method = b.method order by a.__time__ limit 1`, "GET|2"},
		{`select count(*) from log a left join log b on a.status = b.status`, "7"},
		{`select status, count(*) from log a join log b using (status) group by status order by 1`, "200|4\n404|1\n500|1"},
		{`select method from log where status = 404 union all select 'x' union select 'x'`, "GET\nx"},
		{`select 1 union select 2 order by 1 desc`, "2\n1"},
		{`(select status from log order by status limit 1) union all (select status from log order by status desc limit 1) order by 1`, "200\n500"},
		{`select status from log intersect select 404 from log`, "404"},
		{`select s from (select distinct status as s from log except select 200 from log) order by s`, "404\n500\nnull"},
		{`select (select count(*) from log) - count(status) from log`, "1"},
		// Names
		{`select Host, host, "Host" from log where "host" = 'c'`, "A|c|A"},
		{`select "we""ird; drop" from log where host = 'b'`, "'y"},
		{`select l.STATUS from log as l where L.host = 'c' -- a comment`, "404"},
		{`select count(*) /* another; one */ as "select"`, "5"},
		{`select 'it''s; drop table t0' limit 1`, "it's; drop table t0"},
	} {
		got, err := ask(t, c.text)
		if err != nil {
			t.Errorf("%s\n%v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n-want +got:\n%s", c.text, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		// Names
		{`select nosuch`, "line 1:8: Column 'nosuch' cannot be resolved; please add the column in the index attribute"},
		{`select "x"`, "line 1:8: Column 'x' cannot be resolved"},
		{`select status from log where method = "GET"`, "Column 'GET' cannot be resolved"},
		{`select body.user`, `a field inside JSON is written "body.user"`},
		{`select HOST`, "Column 'HOST' is ambiguous"},
		{`select x.status from log`, "Column 'x.status' cannot be resolved"},
		{`select rowid`, "Column 'rowid'"},
		{`select _rowid_ from log`, "Column '_rowid_'"},
		{`select c0 from log`, "Column 'c0'"},
		{`select status as s where s > 1`, "Column 's' cannot be resolved"},
		{`select * from t0`, "Table t0 does not exist"},
		{`select * from sqlite_master`, "Table sqlite_master does not exist"},
		{`select * from pragma_table_info('t0')`, "mismatched input '('"},
		{`select * from main.t0`, "a table with a schema is not offered here"},
		{`select status from log, log`, "ambiguous"},
		{`select x.* from log`, "Table 'x' not found"},
		{`with a as (select 1 as x) select y from a`, "Column 'y'"},
		{`with a(x, y) as (select 1) select x from a`, "2 column aliases"},
		// Functions
		{`select nosuch(1)`, "line 1:8: Function nosuch not registered"},
		{`select printf('%d', 1)`, "Function printf not registered"},
		{`select load_extension('x')`, "Function load_extension not registered"},
		{`select f_divide_(1, 2)`, "not registered"},
		{`select hex('a')`, "not registered"},
		{`select ip_to_country(host)`, "the function ip_to_country is not offered here"},
		{`select histogram(status) over ()`, "the function histogram is not offered here"},
		{`select md5(to_utf8('a'))`, "a value of type varbinary as a result is not offered here"},
		{`select * from (select to_utf8(method) as b from log)`, "a value of type varbinary as a result is not offered here"},
		{`select md5('a')`, "Unexpected parameters (varchar) for function md5"},
		{`select to_hex(from_base64('!'))`, "invalid base64"},
		{`select count(*) where to_utf8('a') = 'a'`, "'=' cannot be applied to varbinary, varchar"},
		{`select randomblob(1000000)`, "not registered"},
		{`select sqlite_version()`, "not registered"},
		{`select group_concat(method)`, "not registered"},
		{`select ifnull(1, 2)`, "not registered"},
		{`select length(1)`, "Unexpected parameters (bigint) for function length"},
		{`select sum(method)`, "Unexpected parameters (varchar) for function sum"},
		{`select lower(distinct method)`, "DISTINCT and FILTER are for aggregations"},
		{`select date_trunc('eon', __time__)`, "'eon' is not a valid Timestamp field"},
		{`select regexp_like('a', '(?=a)')`, "regular expression"},
		{`select approx_percentile(latency, 2)`, "Percentile must be between 0 and 1"},
		// Groups
		{`select status, count(*)`, "line 1:8: 'status' must be an aggregate expression or appear in GROUP BY clause"},
		{`select method, latency, count(*) group by method`, "'latency' must be an aggregate"},
		{`select * from log group by status`, "must be an aggregate expression"},
		{`select count(*) group by method having latency > 1`, "'latency' must be an aggregate"},
		{`select method group by method order by latency`, "'latency' must be an aggregate"},
		{`select status + 1 group by status + 2`, "'status' must be an aggregate"},
		{`select count(*) where count(*) > 1`, "an aggregation is not allowed here"},
		{`select sum(count(*))`, "Cannot nest aggregations"},
		{`select count(*) as c group by c`, "GROUP BY clause cannot contain aggregations"},
		{`select count(*) group by 1`, "GROUP BY clause cannot contain aggregations"},
		{`select status group by 2`, "position 2 is not in select list"},
		{`select status order by 0`, "position 0 is not in select list"},
		{`select distinct method order by latency`, "For SELECT DISTINCT"},
		{`select method, (select max(b.latency) from log b where b.status = a.status) from log a group by method`, "must be an aggregate"},
		// Types
		{`select status = '200'`, "'=' cannot be applied to bigint, varchar"},
		{`select method + 1`, "'+' cannot be applied to varchar, bigint"},
		{`select status || 'x'`, "'||' cannot be applied to bigint, varchar"},
		{`select count(*) where status`, "WHERE clause must evaluate to a boolean: actual type bigint"},
		{`select count(*) where not 1`, "'not' cannot be applied to bigint"},
		{`select 1 and true`, "Logical expression must be a boolean"},
		{`select -method`, "'-' cannot be applied to varchar"},
		{`select status in ('a')`, "the values of IN must be of one type"},
		{`select status like '2%'`, "Left and right side of LIKE must be varchar"},
		{`select case when status > 1 then 1 else 'x' end`, "All results must be the same type"},
		{`select coalesce(status, 'x')`, "All results must be the same type"},
		{`select body = body`, "'=' cannot be applied to json, json"},
		{`select body from log order by body`, "not orderable"},
		{`select cast(status as date)`, "Cannot cast bigint to date"},
		{`select cast(status as decimal(10, 2))`, "the type decimal is not offered here"},
		{`select cast(status as blob)`, "Unknown type: blob"},
		{`select status from log union select method from log`, "incompatible types"},
		{`select 1 union select 1, 2`, "different number of fields"},
		{`select status from log where status = (select method from log)`, "'=' cannot be applied"},
		{`select (select 1, 2)`, "Multiple columns"},
		{`select now() > 'soon'`, "Value cannot be cast to timestamp: soon"},
		{`select now() > method`, "'>' cannot be applied to timestamp, varchar"},
		// Data
		{`select status / 0`, "Division by zero"},
		{`select status % (status - status)`, "Division by zero"},
		{`select cast(method as bigint)`, "Cannot cast 'GET' to bigint"},
		{`select 9223372036854775807 + status`, "bigint overflow"},
		{`select sum(9223372036854775807)`, "overflow"},
		{`select -9223372036854775808 / -1`, "overflow"},
		{`select (select status from log)`, "Scalar sub-query has returned multiple rows"},
		{`select split('a', ',')[3]`, "Array subscript out of bounds"},
		{`select json_parse('{')`, "to JSON"},
		{`select date_parse('x', '%Y')`, "Invalid format"},
		{`select lpad('x', 100000000, 'y')`, "lpad and rpad"},
		{`select lpad('', 900000, 'a') like lpad('b', 900000, '%a')`, "too long for each other"},
		{`select regexp_like(lpad('', 900000, 'a'), '` + strings.Repeat("(a*)*", 500) + `')`, "too long for each other"},
		{`select regexp_like('a', '` + strings.Repeat("a", 5000) + `')`, "longer than 4096 bytes"},
		// Statements
		{``, "mismatched input '<EOF>'"},
		{`select`, "mismatched input '<EOF>'"},
		{`select 1;`, "mismatched input ';'"},
		{`select 1; drop table t0`, "mismatched input ';'"},
		{`select 1 select 2`, "mismatched input 'select'"},
		{`insert into log values (1)`, "mismatched input 'insert'"},
		{`pragma table_info(t0)`, "mismatched input 'pragma'"},
		{`attach 'x' as y`, "mismatched input 'attach'"},
		{`drop table log`, "mismatched input 'drop'"},
		{`explain select 1`, "mismatched input 'explain'"},
		{`create table x (a int)`, "mismatched input 'create'"},
		{`vacuum into '/tmp/x'`, "mismatched input 'vacuum'"},
		{`values (1)`, "mismatched input 'values'"},
		{`with recursive a as (select 1) select * from a`, "WITH RECURSIVE is not offered here"},
		{"select `status`", "mismatched input '`'"},
		{`select [status]`, "mismatched input '['"},
		{`select status == 200`, "mismatched input '='"},
		{`select ?1`, "mismatched input '?'"},
		{`select :x`, "mismatched input ':'"},
		{`select 'a`, "a quote is not closed"},
		{`select ""`, "must not be empty"},
		{`select 1 /* x`, "a comment is not closed"},
		{`select 1x`, "must not begin with a digit"},
		{`select 99999999999999999999`, "Invalid numeric literal"},
		{`select x'00'`, "mismatched input '00'"},
		{`select status collate nocase`, "mismatched input 'nocase'"},
		{`select status glob 'x'`, "mismatched input 'x'"},
		{`select 1 limit 1000001`, "LIMIT must be at most 1000000"},
		{`select 1 limit -1`, "mismatched input '-'"},
		{`select 1 limit (select 1)`, "mismatched input '('"},
		{`select method having count(*) > 1 group by method`, "mismatched input 'group'"},
		{`select a from log left join unnest(split(method, 'E')) as t(a) on true`, "UNNEST in a join other than CROSS JOIN is not offered here"},
		{`select a from log, unnest(method) as t(a)`, "Cannot unnest type: varchar"},
		{`select a from unnest(array[1], array[2]) as t(a)`, "UNNEST of several arrays is not offered here"},
		{`select a from log, unnest(array_agg(status)) as t(a)`, "an aggregation is not allowed here"},
		{`select a from log, unnest(split(method, 'E')) as t(a, b)`, "Column alias list has 2 entries"},
		{`select 1 group by rollup(status)`, "ROLLUP is not offered here"},
		{`select ` + strings.Repeat("(", 200) + `1` + strings.Repeat(")", 200), "nested too deeply"},
		{`select 1` + strings.Repeat(" + 1", 5000), "nested too deeply"},
		{`select ` + strings.Repeat("1,", 20000) + `1`, "too long"},
		{doubled(50), "too complex"},
		{laughs(50), "too complex"},
		{laughs(8), "joins too many tables"},
		{laughs(11), "nested too deeply"},
		{`select ` + strings.Repeat("- ", 5000) + `1`, "nested too deeply"},
		{`select ` + strings.Repeat("1,", 5000) + `1`, "too many columns"},
	} {
		got, err := ask(t, c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.300s\ngot %.300q, %v, want error %q", c.text, got, err, c.want)
		}
	}
}

// doubled nests queries whose column stands for two of the one inside.
func doubled(n int) string {
	q := "select status + status as a from log"
	for range n {
		q = "select a + a as a from (" + q + ")"
	}
	return q
}

// laughs is a list of queries of which each reads the one before twice.
func laughs(n int) string {
	q := "with w0 as (select status as a from log)"
	for i := range n {
		q += fmt.Sprintf(", w%d as (select x.a from w%d x, w%d y)", i+1, i, i)
	}
	return fmt.Sprintf("%s select count(*) from w%d", q, n)
}
