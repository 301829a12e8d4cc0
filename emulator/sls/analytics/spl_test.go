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

var stream = []Log{
	{{"status", "200"}, {"Msg", "hello"}, {"j", `{"a":"x","b":1.50,"c":{"d":[1]},"e":null,"__time__":7}`}, {"__tag__:host", "h1"}, {"__time__", "100"}},
	{{"status", "404"}, {"Msg", "user=ann ip=1.2.3.4"}, {"__time__", "101"}},
	{{"status", "oops"}, {"j", "no json"}, {"__time__", "102"}},
	{{"other", ""}, {"__time__", "103"}},
}

// send runs a pipeline and gives a line for each log: its number and its fields in order.
func send(t *testing.T, text string, fold bool) (string, int, error) {
	t.Helper()
	p, err := PrepareSPL(text, now, fold)
	if err != nil {
		return "", 0, err
	}
	out, err := p.Run(t.Context(), stream)
	if err != nil {
		return "", 0, err
	}
	var lines []string
	for _, k := range out.Logs {
		var fields []string
		for _, f := range k.Log {
			fields = append(fields, f.Name+"="+f.Value)
		}
		lines = append(lines, fmt.Sprintf("%d: %s", k.From, strings.Join(fields, ", ")))
	}
	return strings.Join(lines, "\n"), out.Failed, nil
}

func TestPipelines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		failed     int
		fold       bool
	}{
		{text: `where status = '404'`, want: "1: status=404, Msg=user=ann ip=1.2.3.4, __time__=101"},
		{text: `where Msg like '%user%' or other = ''`, want: "1: status=404, Msg=user=ann ip=1.2.3.4, __time__=101\n3: other=, __time__=103"},
		{text: `where nosuch = 'x'`, want: ""},
		{text: `where __time__ > 102`, want: "3: other=, __time__=103"},
		{text: `where try_cast(status as bigint) >= 300 | project Msg`, want: "1: Msg=user=ann ip=1.2.3.4, __time__=101"},
		{text: `where cast(status as bigint) >= 300 | project status`, want: "1: status=404, __time__=101", failed: 1},
		{text: `where msg = 'hello' | project status`, want: ""},
		{text: `where msg = 'hello' | project STATUS`, want: "0: status=200, __time__=100", fold: true},
		{text: `where "__tag__:host" = 'h1' | project-away j, Msg`, want: "0: status=200, __tag__:host=h1, __time__=100"},
		{text: `limit 1 | project-away -wildcard "__tag__:*", j`, want: "0: status=200, Msg=hello, __time__=100"},
		{text: `limit 1 | project -wildcard "__tag__:*", s=status`, want: "0: __tag__:host=h1, __time__=100, s=200"},
		{text: `limit 1 | project "__tag__:*"`, want: "0: __time__=100"},
		{text: `where status = '404' | project-rename code=status, nothing=nosuch`, want: "1: Msg=user=ann ip=1.2.3.4, __time__=101, code=404"},
		{text: `limit 2 | extend n = try_cast(status as bigint) + 1, Msg = upper(Msg) | where n > 300 | project n, Msg`, want: "1: Msg=USER=ANN IP=1.2.3.4, __time__=101, n=405"},
		{text: `limit 1 | extend status = null, t = from_unixtime(__time__) | project status, t`, want: "0: __time__=100, t=1970-01-01 08:01:40.000"},
		{text: `limit 1 | extend __time__ = __time__ + 5 | project status`, want: "0: status=200, __time__=105"},
		{text: `limit 1 | extend a = 'new' | extend b = a || '!' | project a, b`, want: "0: __time__=100, a=new, b=new!"},
		{text: `limit 1 | extend n = 1 | project-rename m=n | where m = 1 | project m`, want: "0: __time__=100, m=1"},
		{text: `limit 3 | parse-json j | project-away j, Msg`, want: "0: status=200, __tag__:host=h1, __time__=100, a=x, b=1.50, c={\"d\":[1]}\n1: status=404, __time__=101\n2: status=oops, __time__=102"},
		{text: `limit 1 | parse-json -path='$.c' -prefix='c_' j | project c_d`, want: "0: __time__=100, c_d=[1]"},
		{text: `limit 1 | extend a = 1 | parse-json j | where a = 'x' | project a`, want: "0: __time__=100, a=x"},
		{text: `limit 2 | parse-regexp Msg, 'user=(\w+) ip=(\S+)' as user, ip | project user, ip`, want: "0: __time__=100\n1: __time__=101, user=ann, ip=1.2.3.4"},
		{text: `extend n = try(cast(status as bigint)), d = to_hex(md5(to_utf8(status))), p = ip_prefix('10.1.2.3', 8) | project n, d, p | limit 1`, want: "0: __time__=100, n=200, d=3644A684F98EA8FE223C713B77189A77, p=10.0.0.0/8"},
		{text: `limit 1 | extend x = coalesce(nosuch, 'none'), y = json_extract_scalar(j, '$.a') | project x, y`, want: "0: __time__=100, x=none, y=x"},
	} {
		got, failed, err := send(t, c.text, c.fold)
		if err != nil {
			t.Errorf("%s\n%v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" || failed != c.failed {
			t.Errorf("%s\nfailed %d, -want +got:\n%s", c.text, failed, diff)
		}
	}
}

func TestPipelinesRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{``, "mismatched input '<EOF>'"},
		{`where`, "mismatched input '<EOF>'"},
		{`where status = '1' |`, "mismatched input '<EOF>'"},
		{`where status`, "where must evaluate to a boolean"},
		{`where status > 1`, "'>' cannot be applied to varchar, bigint"},
		{`extend a = nosuch(1)`, "Function nosuch not registered"},
		{`where count(*) > 1`, "an aggregation is not allowed here"},
		{`where status in (select 'x' from log)`, "Table log does not exist"},
		{`extend __time__ = 'x'`, "must be a bigint"},
		{`project-rename a=__time__`, "cannot be renamed"},
		{`project a=b, a=c`, "two fields"},
		{`project-rename a`, "Expecting: '='"},
		{`stats count(*)`, "the command stats is not offered here"},
		{`parse-csv a`, "the command parse-csv is not offered here"},
		{`sort a`, "the command sort is not offered"},
		{`fields a`, "mismatched input 'fields'"},
		{`select 1`, "mismatched input 'select'"},
		{`where a = 'x'; where b = 'y'`, "mismatched input ';'"},
		{`parse-regexp a, '(' as b`, "regular expression"},
		{`parse-regexp a, '(x)(y)' as b`, "2 groups for 1"},
		{`parse-json -path='x[' a`, "Invalid JSON path"},
		{`parse-json -mode='fill' a`, "the mode fill is not offered"},
		{`project -nosuch a`, "the option -nosuch is not offered"},
		{`extend d = interval '1' day`, "a field of type interval day to second is not offered here"},
		{`extend d = to_utf8(status)`, "a field of type varbinary is not offered here"},
		{`extend n = row_number() over ()`, "a window function is not allowed here"},
		{`where a.b = 'x'`, `written "a.b"`},
	} {
		_, _, err := send(t, c.text, false)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want error %q", c.text, err, c.want)
		}
	}
}

// FuzzPipeline looks that no text makes the checker panic or the engine refuse what the checker let through.
func FuzzPipeline(f *testing.F) {
	for _, s := range []string{
		`where status = '404' and "Msg" like 'x%'`, `extend a = try_cast(status as bigint), b = upper(Msg) | where a > 1 | project -wildcard "a*", c=b`,
		`parse-json -path='$.c' -prefix='p' j | project-away j | parse-regexp Msg, '(\w+)' as w | limit 2 | project-rename x=status`,
	} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, fold bool) {
		p, err := PrepareSPL(text, now, fold)
		var known *Error
		if err != nil {
			if !errors.As(err, &known) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err = p.Run(ctx, stream); err != nil && !errors.As(err, &known) && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
