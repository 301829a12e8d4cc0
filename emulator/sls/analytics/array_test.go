package analytics

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArraysAddressesAndTry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		// Arrays
		{`select array[1, 2, 3], array[1, 2.5], array['a', null], array[1, 2][2], typeof(array[1.5])`, `[1,2,3]|[1.0,2.5]|["a",null]|2|array(double)`},
		{`select cast(json_parse('[49, 50]') as array(bigint)), cast(json_parse('["a",1,null]') as array(varchar)), cast(array[1] as json)`, `[49,50]|["a","1",null]|[1]`},
		{`select try_cast(json_parse('["x"]') as array(bigint)), array[1e300, -0.5][1], split('a,b,c', ',', 2), reverse(split('a,b', ','))`, `null|1.0E300|["a","b,c"]|["b","a"]`},
		{`select array_distinct(array[1, 1, 2]), array_sort(array[3, null, 1]), array_max(array[1, 5, 3]), array_min(array[1.5, 0.5]), array_max(array[1, null])`, "[1,2]|[1,3,null]|5|0.5|null"},
		{`select array_remove(array[1, 2, 1], 1), array_union(array[1, 2], array[2, 3]), array_intersect(array[1, 2], array[2, 3]), array_except(array[1, 2], array[2, 3])`, "[2]|[1,2,3]|[2]|[1]"},
		{`select slice(array[1, 2, 3, 4], 2, 2), slice(array[1, 2, 3], -2, 5), slice(array[1], 3, 1), array_position(array['a', 'b'], 'b'), array_position(array['a'], 'z')`, "[2,3]|[2,3]|[]|2|0"},
		{`select contains(array[1, 2], 2), contains(array[1], 3), contains(array['a', null], 'b'), element_at(array[1, 2], -1), cardinality(array[1.5])`, "true|false|null|2|1"},
		{`select array_join(array[1, null, 3], '-'), array_join(array['a', null], ',', 'x'), length(array_join(split(lpad('', 3000, 'ab'), 'b'), ','))`, "1-3|a,x|1024"},
		{`select max(status, 2), min(latency, 9), max_by(method, latency, 2), min_by(status, __time__, 1), max(status, 1) filter (where status > 999)`, `[500,404]|[0.5,1.5,2.0,4.0]|["get",null]|[200]|null`},
		{`select approx_percentile(status, array[0.0, 0.5, 1.0]), approx_percentile(latency, array[0.5]), max(method, 1)`, `[200,404,500]|[2.0]|["get"]`},
		{`select array_agg(status), array_agg(latency)`, "[200,200,404,500,null]|[0.5,1.5,null,4.0,2.0]"},
		{`select cast(json_parse('1.5') as bigint), cast(json_parse('true') as bigint), cast(json_parse('0') as boolean), cast(json_parse('"7"') as bigint), cast(json_parse('null') as double), cast(json_parse('[1.5, true]') as array(bigint))`, "2|1|false|7|null|[2,1]"},
		// UNNEST
		{`select a from log, unnest(cast(json_extract(body, '$.n') as array(bigint))) as t(a) order by a`, "1\n2"},
		{`select method, sum(a) from log, unnest(try_cast(json_extract(body, '$.n') as array(bigint))) as t(a) group by method`, "GET|3"},
		{`select method, t.a, n from log cross join unnest(split(method, 'E')) with ordinality as t(a, n) where status = 404 order by n`, "GET|G|1\nGET|T|2"},
		{`select sum(x) from (select a as x from log, unnest(array[1, 2]) as t(a))`, "15"},
		{`select * from unnest(array['x', 'y'])`, "x\ny"},
		// TRY
		{`select try(cast(method as bigint)), try(1 / 0), try(json_parse('{')), try(cast('x' as bigint) + 1), try(lower(split('a', ',')[3])) limit 1`, "null|null|null|null|null"},
		{`select try(7 / 2), try(lower('A')), try(sum(status) / 0), try(sum(status))`, "3|a|null|1304"},
		// Addresses
		{`select ip_to_domain('10.1.2.3'), ip_to_domain('172.32.0.1'), ip_to_domain('127.0.0.1'), ip_to_domain('-')`, "intranet|internet|intranet|invalid"},
		{`select ip_prefix('192.168.255.255', 9), ip_subnet_min('192.168.255.255/9'), ip_subnet_max('192.64.0.0/9'), ip_subnet_range('1.2.3.160/24')`, `192.128.0.0/9|192.128.0.0|192.127.255.255|["1.2.3.0","1.2.3.255"]`},
		{`select ip_subnet_max('0.0.0.0/0'), ip_subnet_max('1.1.1.1/32'), is_subnet_of('1.2.3.128/26', '1.2.3.129'), is_subnet_of('1.2.3.128/26', '1.2.5.1')`, "255.255.255.255|1.1.1.1|true|false"},
		{`select is_prefix_subnet_of('192.168.0.1/16', '192.168.7.0/24'), is_prefix_subnet_of('192.168.7.0/24', '192.168.0.1/16'), is_subnet_of('10.0.0.0/8', null)`, "true|false|null"},
		{`select url_extract_port('http://a:80/x#f'), url_extract_fragment('http://a:80/x#f'), url_extract_port('http://a/')`, "80|f|null"},
		// JSON, texts and numbers
		{`select json_array_contains('[1,"a",true,2.5]', 1), json_array_contains('[1]', '1'), json_array_contains('[2.5]', 2.5), json_array_contains('[true]', true), json_array_contains('{}', 1)`, "true|false|true|true|null"},
		{`select json_array_get('[1,{"a":2}]', -1), json_array_get('[1]', 3), json_array_get(json_parse('["x"]'), 0)`, `{"a":2}|null|"x"`},
		{`select levenshtein_distance('kitten', 'sitting'), levenshtein_distance('', '日志'), bitwise_and(12, 10), bitwise_or(12, 10), bitwise_xor(12, 10), bitwise_not(0)`, "3|2|8|14|6|-1"},
		{
			`select to_hex(md5(to_utf8('a'))), to_hex(sha1(to_utf8(''))), length(to_hex(sha512(to_utf8('a')))), from_utf8(from_base64('5pel5b+X')), to_base64(to_utf8('a?')), to_base64url(from_hex('fbff'))`,
			"0CC175B9C0F1B6A831C399E269772661|DA39A3EE5E6B4B0D3255BFEF95601890AFD80709|128|日志|YT8=|-_8=",
		},
		{`select to_hex(b), length(b), crc32(b), from_utf8(from_hex('ff')), typeof(b) from (select to_utf8(method) as b from log where status = 404)`, "474554|3|1805413626|\uFFFD|varbinary"},
		{`select to_base(255, 16), from_base('ff', 16)`, "ff|255"},
	} {
		text := c.text
		if !strings.Contains(c.want, "\n") && !strings.Contains(text, " limit ") {
			text += " limit 1"
		}
		got, err := ask(t, text)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n-want +got:\n%s", text, diff)
		}
	}
}

func TestArraysAddressesAndTryRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`select array[]`, "mismatched input ']'"},
		{`select array[1, 'a']`, "All results must be the same type"},
		{`select array[now()]`, "an array of timestamp is not offered here"},
		{`select cast('[1]' as array(bigint))`, "Cannot cast varchar to array(bigint)"},
		{`select cast(json_parse('{"a":1}') as array(bigint))`, "Cannot cast"},
		{`select cast(json_parse('[]') as array(date))`, "an array of date is not offered here"},
		{`select array[1] = array[1]`, "'=' cannot be applied to array(bigint), array(bigint)"},
		{`select count(*) group by array[1]`, "cannot be used in GROUP BY"},
		{`select slice(array[1], 0, 1)`, "SQL array indices start at 1"},
		{`select split('a', '')`, "The delimiter may not be the empty string"},
		{`select split('a', ',', 0)`, "The limit of split must be positive"},
		{`select max(status, 0)`, "the number of values must be from 1 to 10000"},
		{`select approx_percentile(status, array[2.0])`, "Percentile must be between 0 and 1"},
		{`select max(__time__, method)`, "Unexpected parameters (bigint, varchar) for function max"},
		{`select try()`, "Unexpected parameters () for function try"},
		{`select try(nosuch)`, "Column 'nosuch' cannot be resolved"},
		{`select try(coalesce(cast('x' as bigint), 1))`, "Cannot cast 'x' to bigint"}, // it would become 1
		{`select try(sum(cast(method as bigint)))`, "Cannot cast 'GET' to bigint"},
		{`select 1 / 0, try(1 / 0)`, "Division by zero"},
		{`select is_subnet_of('10.0.0.0/8', method)`, "Cannot cast value to IPADDRESS: GET"},
		{`select is_subnet_of('10.0.0.0', '10.0.0.1')`, "Cannot cast value to IPPREFIX: 10.0.0.0"},
		{`select ip_prefix('1.1.1.1', 33)`, "IPv4 subnet size must be in range [0, 32]"},
		{`select from_base('z', 16)`, "Not a valid base-16 number: z"},
		{`select to_base(1, 1)`, "Radix must be between 2 and 36"},
		{`select levenshtein_distance(lpad('', 2000, 'a'), lpad('', 2000, 'b'))`, "too large"},
	} {
		got, err := ask(t, c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot %q, %v, want error %q", c.text, got, err, c.want)
		}
	}
}
