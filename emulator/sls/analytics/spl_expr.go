package analytics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// filterStage keeps the logs that a condition holds for.
type filterStage struct{ e *expr }

func (s *filterStage) check(p *Pipeline, types fieldTypes) error {
	w, err := p.writeExprs([]*expr{s.e}, types)
	if err == nil && w.types[0] != Boolean && w.types[0] != Unknown {
		return s.e.at.failf("where must evaluate to a boolean: actual type %s", w.types[0])
	}
	return err
}

func (s *filterStage) run(ctx context.Context, r *running) error {
	kept := r.records[:0]
	err := r.eval(ctx, []*expr{s.e}, func(rec record, values []any) {
		if values[0] == int64(1) {
			kept = append(kept, rec)
		}
	})
	r.records = kept
	return err
}

// extendStage sets fields to the values of expressions.
//
// Assumption: all expressions of one extend see the log as it was before it.
type extendStage struct {
	names []string
	exprs []*expr
	at    []place
}

func (s *extendStage) check(p *Pipeline, types fieldTypes) error {
	w, err := p.writeExprs(s.exprs, types)
	if err != nil {
		return err
	}
	for i, name := range s.names {
		if isTime(name) && w.types[i] != Bigint {
			return s.at[i].failf("field %s must be a bigint: actual type %s", name, w.types[i])
		}
		if w.types[i] == interval || w.types[i] == Varbinary {
			return s.at[i].notOffered("a field of type " + w.types[i].String())
		}
	}
	for i, name := range s.names {
		types.set(name, w.types[i])
	}
	return nil
}

func (s *extendStage) run(ctx context.Context, r *running) error {
	kept := r.records[:0]
	err := r.eval(ctx, s.exprs, func(rec record, values []any) {
		for i, name := range s.names {
			if values[i] == nil && isTime(name) {
				continue
			}
			rec.set(name, values[i])
		}
		kept = append(kept, rec)
	})
	r.records = kept
	return err
}

// written is a list of expressions over the fields of logs, as the engine reads it.
type written struct {
	sql    string
	params []any
	types  []Type
	table  *table
}

// writeExprs writes expressions; every field that they name is a column.
func (p *Pipeline) writeExprs(list []*expr, types fieldTypes) (*written, error) {
	var names []string
	for _, e := range list {
		names = fieldsOf(e, names)
	}
	t := &table{name: "log", sql: "t0", used: make([]bool, len(names))}
	s := &scope{}
	for i, name := range names {
		typ := types.of(name)
		if p.fold {
			typ = types.folded(name)
		}
		t.columns = append(t.columns, Column{Name: name, Type: typ})
		t.used[i] = true
		s.columns = append(s.columns, column{name: name, sql: fmt.Sprintf("c%d", i), typ: typ, from: t, number: i})
	}
	c := newCompiler(func(string) ([]Column, bool, error) { return nil, false, nil }, p.now)
	w := &written{table: t}
	var parts []string
	for i, e := range list {
		x, err := c.expr(e, s, env{}, false)
		if err != nil {
			return nil, err
		}
		w.types = append(w.types, x.typ)
		parts = append(parts, fmt.Sprintf("%s AS a%d", x.sql, i))
	}
	w.sql, w.params = "SELECT "+strings.Join(parts, ", ")+" FROM t0", c.params
	return w, nil
}

// fieldsOf collects the names of the columns in an expression.
func fieldsOf(e *expr, names []string) []string {
	if e == nil {
		return names
	}
	if e.kind == exprColumn && len(e.name) == 1 && !slices.Contains(names, e.name[0]) {
		names = append(names, e.name[0])
	}
	for _, kid := range append(e.kids[:len(e.kids):len(e.kids)], e.operand, e.other, e.filter) {
		names = fieldsOf(kid, names)
	}
	return names
}

func (t fieldTypes) folded(name string) Type {
	if typ, ok := t[name]; ok {
		return typ
	}
	for _, known := range slices.Sorted(maps.Keys(t)) {
		if strings.EqualFold(known, name) {
			return t[known]
		}
	}
	return Varchar
}

// textsOnly forgets the types of all fields but those of time.
func textsOnly(types fieldTypes) {
	for name := range types {
		if !isTime(name) {
			delete(types, name)
		}
	}
}

// toText turns all values into texts, but those of time.
func (r *running) toText() {
	for i := range r.records {
		for j, c := range r.records[i].cells {
			if c.value != nil && !isTime(c.name) {
				r.records[i].cells[j].value = format(c.value, r.types.of(c.name))
			}
		}
	}
}

// eval computes expressions for all records and hands the values on, in order. Records that fail are counted and left
// out.
func (r *running) eval(ctx context.Context, list []*expr, result func(record, []any)) error {
	w, err := r.p.writeExprs(list, r.types)
	if err != nil {
		return err
	}
	r.tables++
	w.table.sql = fmt.Sprintf("t%d", r.tables)
	query := strings.TrimSuffix(w.sql, "t0") + w.table.sql
	if err = load(ctx, r.conn, w.table, r.source(w.table)); err != nil {
		return err
	}
	records := r.records
	all := make([][]any, 0, len(records))
	keep := func(values []any) error {
		all = append(all, slices.Clone(values))
		return nil
	}
	err = failure(ctx, each(ctx, r.conn, query+" ORDER BY rowid", w.params, keep))
	var data *Error
	if err != nil && !errors.As(err, &data) {
		return err
	}
	if err != nil { // one of them fails: find out which
		if all, err = r.each(ctx, query, w.params); err != nil {
			return err
		}
	}
	for i, values := range all {
		if values != nil {
			result(records[i], values)
		}
	}
	return nil
}

// each computes expressions for one record after the other; nil stands for one that fails.
func (r *running) each(ctx context.Context, query string, params []any) ([][]any, error) {
	all := make([][]any, len(r.records))
	for i := range all {
		err := failure(ctx, each(ctx, r.conn, fmt.Sprintf("%s WHERE rowid = %d", query, i+1), params, func(values []any) error {
			all[i] = slices.Clone(values)
			return nil
		}))
		var data *Error
		switch {
		case errors.As(err, &data):
			all[i] = nil
			r.failed++
		case err != nil:
			return nil, err
		}
	}
	return all, nil
}

// source gives the fields that an expression names.
func (r *running) source(t *table) Source {
	return func(_ context.Context, _ string, columns []int, add func([]any) error) error {
		values := make([]any, len(columns))
		for i := range r.records {
			for j, c := range columns {
				values[j] = nil
				if at := r.lookup(&r.records[i], t.columns[c].Name); at >= 0 {
					values[j] = r.records[i].cells[at].value
				}
			}
			if err := add(values); err != nil {
				return err
			}
		}
		return nil
	}
}

// lookup finds a field, in any case when the pipeline says so.
func (r *running) lookup(rec *record, name string) int {
	if at := rec.find(name); at >= 0 || !r.p.fold {
		return at
	}
	return slices.IndexFunc(rec.cells, func(c cell) bool { return strings.EqualFold(c.name, name) })
}
