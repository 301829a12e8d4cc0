package analytics

import (
	"context"
	"database/sql"
	"time"
)

// Field is one field of a log in a pipeline.
type Field struct{ Name, Value string }

// Log is what goes through a pipeline: its fields in order. __time__ and __time_ns_part__ hold whole numbers.
type Log []Field

// Kept is a log that came out of a pipeline.
type Kept struct {
	From int // which log went in
	Log  Log
}

// Output is what came out of a pipeline. Failed counts the logs that an expression could not work on.
type Output struct {
	Logs   []Kept
	Failed int
}

// Pipeline is a checked SPL text. It may run any number of times, also at once.
type Pipeline struct {
	stages []stage
	fold   bool
	now    time.Time
}

// stage is one command. check finds errors that show without data, and notes the types of the fields behind it.
type stage interface {
	check(p *Pipeline, types fieldTypes) error
	run(ctx context.Context, r *running) error
}

// fieldTypes are the types of the fields that are no varchar, at one place of a pipeline.
type fieldTypes map[string]Type

func (t fieldTypes) of(name string) Type {
	if typ, ok := t[name]; ok {
		return typ
	}
	return Varchar
}

func (t fieldTypes) set(name string, typ Type) {
	delete(t, name)
	if typ != Varchar {
		t[name] = typ
	}
}

// isTime names the fields that commands keep and do not rename.
func isTime(name string) bool { return name == "__time__" || name == "__time_ns_part__" }

// cell is a field while it runs.
type cell struct {
	name  string
	value any
}

// record is a log while it runs.
type record struct {
	from  int
	cells []cell
}

// running is one run of a pipeline.
type running struct {
	p       *Pipeline
	conn    *sql.Conn
	tables  int
	types   fieldTypes
	records []record
	failed  int
}

// PrepareSPL checks what follows the search in a text of SPL: commands with | between them. fold lets the names of fields
// match in any case, as in a scan; in a stream case counts. Errors are of type [*Error].
func PrepareSPL(text string, now time.Time, fold bool) (*Pipeline, error) {
	list, err := scan(text)
	if err != nil {
		return nil, err
	}
	sp := &splParser{parser{src: text, list: list}, fold}
	p := &Pipeline{fold: fold, now: now}
	types := fieldTypes{"__time__": Bigint, "__time_ns_part__": Bigint}
	for {
		s, err := sp.stage()
		if err != nil {
			return nil, err
		}
		if err := s.check(p, types); err != nil {
			return nil, err
		}
		p.stages = append(p.stages, s)
		if sp.peek().kind == tokEnd {
			return p, nil
		}
		if !sp.acceptSymbol("|") {
			return nil, sp.mismatched("'|'")
		}
	}
}

// Run sends logs through the pipeline. Their order stays. It ends with the context.
//
// Assumption: a field whose new value is null is left out of the log. A log on which an expression fails, as a cast of a
// text that is no number, is left out and counted as failed.
func (p *Pipeline) Run(ctx context.Context, logs []Log) (*Output, error) {
	conn, done, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r := &running{p: p, conn: conn, types: fieldTypes{"__time__": Bigint, "__time_ns_part__": Bigint}}
	for i, log := range logs {
		rec := record{from: i, cells: make([]cell, len(log))}
		for j, f := range log {
			rec.cells[j] = cell{f.Name, f.Value}
			if isTime(f.Name) {
				if rec.cells[j].value, _ = castText(f.Value, Bigint); rec.cells[j].value == nil {
					return nil, &Error{Message: f.Name + " must be a whole number"}
				}
			}
		}
		r.records = append(r.records, rec)
	}
	for _, s := range p.stages {
		if err := s.run(ctx, r); err != nil {
			return nil, err
		}
		if err := s.check(p, r.types); err != nil { // the types behind it; it was checked before
			return nil, err
		}
	}
	return r.output(), nil
}

func (r *running) output() *Output {
	out := &Output{Failed: r.failed}
	for _, rec := range r.records {
		log := make(Log, 0, len(rec.cells))
		for _, c := range rec.cells {
			if c.value != nil {
				log = append(log, Field{c.name, format(c.value, r.types.of(c.name))})
			}
		}
		out.Logs = append(out.Logs, Kept{rec.from, log})
	}
	return out
}

// find is the place of a field, −1 when the log has none of the name.
func (rec *record) find(name string) int {
	for i := range rec.cells {
		if rec.cells[i].name == name {
			return i
		}
	}
	return -1
}

func (rec *record) set(name string, value any) {
	if i := rec.find(name); i >= 0 {
		rec.cells[i].value = value
		return
	}
	rec.cells = append(rec.cells, cell{name, value})
}
