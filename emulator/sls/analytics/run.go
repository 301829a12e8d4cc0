package analytics

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// Statement is an SQL statement that was checked. It may run any number of times, also at once.
type Statement struct {
	sql     string
	params  []any
	sources []*table
	columns []column
	// Default tells that the statement has no LIMIT, so that the usual one holds.
	Default bool
}

// Source gives the rows of a table. It calls add once for each row, with the values of the columns asked for (numbers
// into the columns that [Tables] gave), in the representation that [Type] describes. add keeps no reference to the slice.
type Source func(ctx context.Context, table string, columns []int, add func(values []any) error) error

// Result is what a statement found. Values are texts, null is "null".
type Result struct {
	Keys      []string
	Types     []Type
	Rows      [][]string
	Truncated bool // the result was longer than MaxResult bytes
}

// MaxResult bounds the texts of a result, in bytes; what follows is left out, as the service documents.
const MaxResult = 100 << 20

// IsSQL tells a query from a pipeline of SPL by how it begins.
func IsSQL(text string) bool {
	l := &lexer{src: text, at: place{1, 1}}
	if l.space() != nil {
		return false
	}
	t, err := l.next()
	return err == nil && (t.is("select") || t.is("with") || t.symbol("("))
}

// Prepare checks a statement against the tables that it may name. now is what current_timestamp says. Errors are of
// type [*Error], or come from tables.
func Prepare(text string, now time.Time, tables Tables) (*Statement, error) {
	q, err := parseStatement(text)
	if err != nil {
		return nil, err
	}
	s := &Statement{}
	if q.limit < 0 {
		q.limit, s.Default = usualRows, true
	}
	c := newCompiler(tables, now)
	if s.sql, s.columns, err = c.query(q, env{top: true}); err != nil {
		return nil, err
	}
	for _, col := range s.columns {
		if col.typ == Varbinary {
			return nil, q.at.notOffered("a value of type varbinary as a result")
		}
	}
	s.params, s.sources = c.params, c.sources
	return s, nil
}

// Keys are the names of the columns of the result.
func (s *Statement) Keys() []string {
	keys := make([]string, len(s.columns))
	for i, col := range s.columns {
		keys[i] = col.name
	}
	return keys
}

// Uses tells whether the statement names a column of a table.
func (s *Statement) Uses(table, column string) bool {
	for _, t := range s.sources {
		for i, c := range t.columns {
			if t.name == table && c.Name == column && t.used[i] {
				return true
			}
		}
	}
	return false
}

// Run runs the statement on the rows of a source. It ends with the context. Errors of the data are of type [*Error].
func (s *Statement) Run(ctx context.Context, source Source) (*Result, error) {
	db, done, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	for _, t := range s.sources {
		if err := load(ctx, db, t, source); err != nil {
			return nil, err
		}
	}
	r := &Result{Keys: s.Keys()}
	for _, col := range s.columns {
		r.Types = append(r.Types, col.typ)
	}
	size := 0
	err = each(ctx, db, s.sql, s.params, func(row []any) error {
		texts := make([]string, len(row))
		for i, v := range row {
			if _, float := v.(float64); float && s.columns[i].typ != Double {
				return &Error{Message: "bigint overflow"}
			}
			texts[i] = format(v, s.columns[i].typ)
			size += len(texts[i])
		}
		if size > MaxResult {
			r.Truncated = true
			return errEnough
		}
		r.Rows = append(r.Rows, texts)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, failure(ctx, err)
	}
	return r, nil
}

var errEnough = errors.New("enough")

// connector opens connections of the engine. What a statement sorts and collects beyond 64 MiB goes to temporary
// files, which vanish with the connection: memory stays bounded.
type connector struct{ d *sqlite.Driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	return c.d.Open("file::memory:?_dqs=0&_pragma=temp_store(1)&_pragma=cache_size(-65536)&_pragma=journal_mode(OFF)&_pragma=synchronous(0)&_pragma=trusted_schema(0)")
}

func (c connector) Driver() driver.Driver { return c.d }

// limits of a connection. What is written here keeps far below them.
var limits = map[int]int{
	lib.SQLITE_LIMIT_LENGTH: 16 << 20, lib.SQLITE_LIMIT_ATTACHED: 0, lib.SQLITE_LIMIT_TRIGGER_DEPTH: 0, lib.SQLITE_LIMIT_WORKER_THREADS: 0,
}

// open makes an empty database in memory. done frees it.
func open(ctx context.Context) (*sql.Conn, func(), error) {
	d, err := engine()
	if err != nil {
		return nil, nil, fmt.Errorf("functions of the dialect: %w", err)
	}
	db := sql.OpenDB(connector{d})
	conn, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, nil, fmt.Errorf("open the engine: %w", err)
	}
	done := func() { // it is in memory: there is nothing to lose
		_ = conn.Close()
		_ = db.Close()
	}
	for id, n := range limits {
		if _, err := sqlite.Limit(conn, id, n); err != nil {
			done()
			return nil, nil, fmt.Errorf("limit the engine: %w", err)
		}
	}
	return conn, done, nil
}

// batch is how many values one INSERT takes.
const batch = 512

// each runs a query and hands its rows on; they are valid during the call.
func each(ctx context.Context, db *sql.Conn, query string, params []any, row func([]any) error) error {
	rows, err := db.QueryContext(ctx, query, params...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, places := make([]any, len(names)), make([]any, len(names))
	for i := range places {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// failure says what an error of the engine means: the end of the context, an error of the data, or a defect.
func failure(ctx context.Context, err error) error {
	var known *Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("run the statement: %w", ctx.Err())
	}
	text := err.Error()
	if _, rest, ok := strings.Cut(text, marker); ok {
		message, _, _ := strings.Cut(rest, marker)
		return &Error{Message: message}
	}
	for part, message := range map[string]string{
		"integer overflow":         "bigint addition overflow",
		"string or blob too big":   "a value is too large",
		"database or disk is full": "the query needs too much memory",
		"too many SQL variables":   "the statement is too long", "Expression tree is too large": "the expression is nested too deeply",
		"too many columns": "the statement has too many columns", "too many terms": "the statement has too many parts", "parser stack overflow": "the expression is nested too deeply",
		"too many FROM clause terms": "the statement joins too many tables", "nested too deep": "the statement is nested too deeply",
		"at most 64 tables": "the statement joins too many tables",
	} {
		if strings.Contains(text, part) {
			return &Error{Message: message}
		}
	}
	return fmt.Errorf("run the statement: %w", err)
}
