package web

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// searchView is the search form and what was found.
type searchView struct {
	Query, Range      string
	Store             string
	Stores            []string
	Examples          []Example
	Account, Template string
	Ranges            []string
	Accounts          []soc.Account
	Templates         []string
	From, To          time.Time
	Asked             bool // a search was made
	Result            LogResult
	Rows              []logRow
	Table             [][]string // of an analysis: its first rows, in the order of Columns
	Columns           []string
	Blank             int // columns that are left out, since no row has a value in them
	Next              int // offset of the next page; -1 for none
	Err               *failure
	LogStorage        bool
	StreamDays        int
	Beyond            bool // the range begins before the stream's days
}

// logRow is one log.
type logRow struct {
	At      time.Time // zero for a row of an analysis
	Account string
	Source  string
	Fields  []field // the log's own
	Tags    []field // what collect and SLS know of it
}

type field struct{ Name, Value string }

// searchPage shows the form even when the search was refused: the query is what has to be mended.
func (c *console) searchPage(r *http.Request) (any, error) {
	v, q := searchView{LogStorage: c.LogStorage, StreamDays: c.StreamDays, Next: -1}, r.URL.Query()
	v.Query, v.Range, v.Account, v.Template = q.Get("query"), q.Get("range"), q.Get("account"), q.Get("template")
	v.Store, v.Stores, v.Examples = cmp.Or(q.Get("store"), StreamLogs), c.logstores(), examples
	if v.Range == "" {
		v.Range = "1h"
	}
	for _, x := range ranges {
		v.Ranges = append(v.Ranges, x.Name)
	}
	accounts, err1 := c.Store.Accounts(r.Context())
	sources, err2 := c.Store.DataSources(r.Context())
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	v.Accounts = accounts
	for _, d := range sources {
		v.Templates = append(v.Templates, d.Template)
	}
	slices.Sort(v.Templates)
	v.Templates = slices.Compact(v.Templates)
	if v.Asked = q.Has("query"); !v.Asked {
		return v, nil
	}
	lq, err := c.logQuery(r)
	if err == nil {
		v.From, v.To = lq.From, lq.To
		v.Beyond = c.StreamDays > 0 && lq.From.Before(c.Now().AddDate(0, 0, -c.StreamDays))
		v.Result, err = c.search(r.Context(), lq)
	}
	if err != nil {
		f := describe(err, c.RequestID(r.Context()))
		v.Err = &f
		return v, nil
	}
	v.Columns, v.Blank = filled(v.Result)
	for _, l := range v.Result.Logs {
		if len(v.Result.Columns) == 0 {
			v.Rows = append(v.Rows, readLog(lq.Store, l))
			continue
		}
		if len(v.Table) == maxRows {
			break
		}
		row := make([]string, len(v.Columns))
		for i, name := range v.Columns {
			row[i] = l[name]
		}
		v.Table = append(v.Table, row)
	}
	if len(v.Rows) == searchLimit && !strings.Contains(lq.Query, "|") {
		v.Next = lq.Offset + searchLimit
	}
	return v, nil
}

// wideTable is how many columns an analysis may have before those without a value are left out: SELECT * answers with
// every field of every product.
const wideTable = 20

// filled are the columns of an analysis to show, and how many are left out.
func filled(r LogResult) ([]string, int) {
	if len(r.Columns) <= wideTable {
		return r.Columns, 0
	}
	var out []string
	for _, name := range r.Columns {
		if slices.ContainsFunc(r.Logs, func(l map[string]string) bool { return l[name] != "" && l[name] != "null" }) {
			out = append(out, name)
		}
	}
	return out, len(r.Columns) - len(out)
}

// readLog sorts a log's fields into its own and those of its way here.
func readLog(store string, l map[string]string) logRow {
	row := logRow{Account: l[tellers[store].account], Source: l[tellers[store].template]}
	if n, err := strconv.ParseInt(l["__time__"], 10, 64); err == nil {
		row.At = time.Unix(n, 0).UTC()
	}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		f := field{name, l[name]}
		if strings.HasPrefix(name, "__") {
			row.Tags = append(row.Tags, f)
		} else {
			row.Fields = append(row.Fields, f)
		}
	}
	return row
}
