package sls

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/sls/analytics"
)

// maxLines is the largest page of GetLogs; more is cut down to it.
const maxLines = 100

// logQuery is what GetLogs and GetHistograms are told.
type logQuery struct {
	From    *int64 `json:"from"`
	To      *int64 `json:"to"`
	FromNs  int64  `json:"fromNs"`
	ToNs    int64  `json:"toNs"`
	Topic   string `json:"topic"`
	Query   string `json:"query"`
	Line    *int64 `json:"line"`
	Offset  int64  `json:"offset"`
	Reverse bool   `json:"reverse"`
	Power   bool   `json:"powerSql"`

	parsed   *node
	search   string // what was parsed: the query without with_pack_meta
	rest     string // SQL or SPL
	packMeta bool   // the query ends with | with_pack_meta
}

// queryOf reads a query from the parameters of the request.
func (c *call) queryOf() (logQuery, error) {
	q := logQuery{Topic: c.query.Get("topic"), Query: c.query.Get("query")}
	for name, set := range map[string]func(int64){
		"from": func(n int64) { q.From = &n }, "to": func(n int64) { q.To = &n },
		"line": func(n int64) { q.Line = &n }, "offset": func(n int64) { q.Offset = n },
	} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return q, invalidf("The parameter %s must be an integer", name)
		}
		set(n)
	}
	for name, set := range map[string]*bool{"reverse": &q.Reverse, "powerSql": &q.Power} {
		switch text := c.query.Get(name); strings.ToLower(text) {
		case "true":
			*set = true
		case "", "false":
		default:
			return q, invalidf("The parameter %s must be true or false", name)
		}
	}
	return q, nil
}

// parse reads the query once.
func (q *logQuery) parse() (err error) {
	if q.parsed == nil {
		q.search, q.packMeta = cutPackMeta(q.Query)
		q.parsed, q.rest, err = parseSearch(q.search)
	}
	return err
}

// where is the search part as the answer repeats it.
func (q *logQuery) where() string {
	if q.rest == "" {
		return q.Query
	}
	s := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(q.search), q.rest))
	return strings.TrimSpace(strings.TrimSuffix(s, "|"))
}

// within checks the time range.
func (q *logQuery) within() (span, error) {
	for name, v := range map[string]*int64{"from": q.From, "to": q.To} {
		if v == nil || *v < 0 || *v > math.MaxUint32+1 {
			return span{}, invalidf("The parameter %s must be a positive integer", name)
		}
	}
	if q.FromNs < 0 || q.FromNs >= 1e9 || q.ToNs < 0 || q.ToNs >= 1e9 {
		return span{}, invalidf("fromNs and toNs must be within range [0, 999999999]")
	}
	r := span{*q.From*1e9 + q.FromNs, *q.To*1e9 + q.ToNs}
	if r.from >= r.to {
		return r, failf(http.StatusBadRequest, "InvalidTimeRange", "from must be before to")
	}
	return r, nil
}

// lines checks the paging and returns the number of logs wanted.
func (q *logQuery) lines() (int, error) {
	line := int64(maxLines)
	if q.Line != nil {
		line = *q.Line
	}
	if line < 0 || q.Offset < 0 {
		return 0, invalidf("limit expression is required")
	}
	return int(min(line, maxLines)), nil
}

// searched opens the Logstore of the call and its index.
func (c *call) searched() (*logstore, *index, error) {
	ls, err := c.logstore()
	if err != nil {
		return nil, nil, err
	}
	idx, err := ls.currentIndex()
	return ls, idx, err
}

// run runs the search part of the query.
func (c *call) run(q *logQuery, ls *logstore, idx *index) (*result, error) {
	within, err := q.within()
	if err != nil {
		return nil, err
	}
	if err = q.parse(); err != nil {
		return nil, err
	}
	m, err := compile(q.parsed, idx)
	if err != nil {
		return nil, err
	}
	ls.expire(c.now)
	return c.look(q, ls, m, within)
}

// found is what GetLogs answers.
type found struct {
	rows        []map[string]string
	sql         *analysis // nil = a search or a scan
	scanned     bool      // by SPL
	partial     bool
	looked      int // logs
	lookedBytes int
}

// logs does what the query says: search, SQL or SPL.
func (c *call) logs(q *logQuery) (*found, error) {
	ls, idx, err := c.searched()
	if err != nil {
		return nil, err
	}
	if _, err := q.within(); err != nil {
		return nil, err
	}
	if err := q.parse(); err != nil {
		return nil, err
	}
	if analytics.IsSQL(q.rest) {
		a, err := c.analyse(q, ls, idx)
		if err != nil {
			return nil, err
		}
		return &found{rows: a.table(), sql: a, partial: a.partial, looked: a.rows, lookedBytes: a.bytes}, nil
	}
	line, err := q.lines()
	if err != nil {
		return nil, err
	}
	r, err := c.run(q, ls, idx)
	if err != nil {
		return nil, err
	}
	if q.Reverse {
		slices.Reverse(r.hits)
	}
	f := &found{rows: []map[string]string{}, partial: r.partial, looked: r.rows, lookedBytes: r.bytes}
	if q.rest != "" {
		return f, c.scanSPL(q, r, line, f)
	}
	sc := scratches.Get().(*scratch)
	defer sc.release()
	start := min(q.Offset, int64(len(r.hits)))
	for _, h := range r.hits[start:min(start+int64(line), int64(len(r.hits)))] {
		row, err := c.s.fields(r, h, q.packMeta, sc)
		if err != nil {
			return nil, err
		}
		f.rows = append(f.rows, row)
	}
	return f, nil
}

// getLogsV1 answers an array; what is said about it is in headers.
func (c *call) getLogsV1() error {
	q, err := c.queryOf()
	if err != nil {
		return err
	}
	f, err := c.logs(&q)
	if err != nil {
		return err
	}
	c.headersV1(&q, f)
	return c.reply(f.rows)
}

func (c *call) elapsed() string {
	return strconv.FormatInt(c.s.opts.Clock().Sub(c.now).Milliseconds(), 10)
}

// term is one text a query looks for.
type term struct {
	Key  string `json:"key"`
	Term string `json:"term"`
}

func (n *node) terms(list []term) []term {
	if n.kind == nodeText {
		return append(list, term{n.key, n.text.value})
	}
	for _, kid := range n.kids {
		list = kid.terms(list)
	}
	return list
}

func (n *node) hasPhrase() bool {
	return n.text.phrase || slices.ContainsFunc(n.kids, (*node).hasPhrase)
}

// getLogsV2 answers an object with meta and data, compressed when the client accepts lz4 or zstd.
func (c *call) getLogsV2() error {
	var q logQuery
	if err := c.decodeJSON(&q, "ParameterInvalid"); err != nil {
		return err
	}
	f, err := c.logs(&q)
	if err != nil {
		return err
	}
	answer, err := json.Marshal(map[string]any{"meta": c.meta(&q, f), "data": f.rows})
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	body := answer
	if kind := accepted(c.r.Header.Get("Accept-Encoding")); kind == "lz4" || kind == "zstd" {
		if body, err = c.s.codec.compress(nil, answer, kind); err != nil {
			return err
		}
		h.Set("x-log-bodyrawsize", strconv.Itoa(len(answer)))
		h.Set("x-log-compresstype", kind)
	}
	_, _ = c.w.Write(body) // a client that went away cannot be told
	return nil
}
