package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// searchRange is how far back a search without a range looks, maxQuery how long a query may be.
const (
	searchRange = time.Hour
	searchLimit = 100
	maxQuery    = 4000
)

// ranges are the spans that the page offers.
var ranges = []struct {
	Name string
	Span time.Duration
}{{"15m", 15 * time.Minute}, {"1h", time.Hour}, {"24h", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}}

var plainWord = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// logQuery reads what to search for from the address: query, from and to or range, account, template, offset.
func (c *console) logQuery(r *http.Request) (LogQuery, error) {
	v := r.URL.Query()
	q := LogQuery{Query: strings.TrimSpace(v.Get("query")), To: c.Now(), Limit: searchLimit}
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
	for tag, word := range map[string]string{soc.TagAccount: v.Get("account"), soc.TagTemplate: v.Get("template")} {
		if word == "" {
			continue
		}
		if !plainWord.MatchString(word) {
			return q, badInput("account or template of the address is none", "choose one from the list")
		}
		q.Query = narrow(q.Query, `__tag__:`+tag+`: "`+word+`"`)
	}
	return q, nil
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
	return res, err
}
