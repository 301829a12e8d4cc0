package web

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// searchRange is how far back a search without a range looks, maxQuery how long a query may be.
const (
	searchRange = time.Hour
	searchLimit = 100
	maxQuery    = 4000
	maxRows     = 1000 // rows of an analysis that the page shows; the API gives them all
)

// tellers are the fields that tell a log's account and template in each Logstore; "" where it has none.
var tellers = map[string]struct{ account, template string }{
	StreamLogs:  {"__tag__:" + soc.TagAccount, "__tag__:" + soc.TagTemplate},
	AlertLogs:   {"account", ""},
	ArchiveLogs: {"user_id", "log_code"},
}

// ranges are the spans that the page offers.
var ranges = []struct {
	Name string
	Span time.Duration
}{{"15m", 15 * time.Minute}, {"1h", time.Hour}, {"24h", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}}

var plainWord = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// logQuery reads what to search for from the address: query, store, from and to or range, account, template, offset.
func (c *console) logQuery(r *http.Request) (LogQuery, error) {
	v := r.URL.Query()
	q := LogQuery{Store: cmp.Or(v.Get("store"), StreamLogs), Query: strings.TrimSpace(v.Get("query")), To: c.Now(), Limit: searchLimit}
	if !slices.Contains(c.logstores(), q.Store) {
		return q, badInput("this Logstore cannot be searched here", "choose one from the list")
	}
	if len(q.Query) > maxQuery {
		return q, badInput("the query is too long", "use a shorter query")
	}
	var err error
	if s := v.Get("to"); s != "" {
		if q.To, err = readTime(s); err != nil {
			return q, err
		}
	}
	q.From = q.To.Add(-spanOf(v.Get("range")))
	if s := v.Get("from"); s != "" {
		if q.From, err = readTime(s); err != nil {
			return q, err
		}
	}
	q.To = q.To.Truncate(time.Second).Add(time.Second) // the end does not belong to the range, and counts to the second
	if !q.From.Before(q.To) {
		return q, badInput("the range ends before it begins", "use a from before to")
	}
	if q.Offset, err = number(v.Get("offset"), 0); err != nil {
		return q, err
	}
	for _, f := range []struct{ field, word string }{{tellers[q.Store].account, v.Get("account")}, {tellers[q.Store].template, v.Get("template")}} {
		switch {
		case f.word == "":
			continue
		case f.field == "":
			return q, badInput("alerts are not kept by product", "choose all products, or search by rule_id or title")
		case !plainWord.MatchString(f.word):
			return q, badInput("account or template of the address is none", "choose one from the list")
		}
		q.Query = narrow(q.Query, f.field+`: "`+f.word+`"`)
	}
	return q, nil
}

// logstores are those that can be searched: the archive is empty without log storage.
func (c *console) logstores() []string {
	if c.LogStorage {
		return []string{StreamLogs, AlertLogs, ArchiveLogs}
	}
	return []string{StreamLogs, AlertLogs}
}

func spanOf(name string) time.Duration {
	for _, r := range ranges {
		if r.Name == name {
			return r.Span
		}
	}
	return searchRange
}

// narrow adds a condition to the search part of a query; an analysis behind | stays as it is.
func narrow(query, condition string) string {
	search, analysis := query, ""
	quoted := false
	for i := 0; i < len(query); i++ {
		switch {
		case query[i] == '\\':
			i++
		case query[i] == '"':
			quoted = !quoted
		case query[i] == '|' && !quoted:
			search, analysis = query[:i], " "+query[i:]
			i = len(query)
		}
	}
	if search = strings.TrimSpace(search); search == "" || search == "*" {
		return condition + analysis
	}
	return condition + " and (" + search + ")" + analysis
}

func (c *console) search(ctx context.Context, q LogQuery) (LogResult, error) {
	res, err := c.Logs.Search(ctx, q)
	res.Logs = notNil(res.Logs)
	if soc.KindOf(err) == soc.Invalid && soc.NextOf(err) == "" {
		err = &soc.Error{Kind: soc.Invalid, Op: "search " + q.Store, Err: err, Next: "mend the query; the example queries of the search page show how one is written"}
	}
	return res, err
}
