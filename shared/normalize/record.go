package normalize

import (
	"fmt"
	"iter"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
)

// Fields is a log as the SLS client shows it: its fields in the order of the log. What it yields must stay unchanged
// while the record is used.
type Fields interface {
	Fields() iter.Seq2[[]byte, []byte]
}

// Record is one log read as a template says. It is a sigma.Event. Reuse it with [Record.Reset]; it is not safe for
// concurrent use, and what it returns is valid until the next Reset.
type Record struct {
	template *Template
	topic    []byte
	fields   []pair
	docs     []document // JSON texts walked so far, for the fields at owners
	owners   []int
	broken   []bool
	rootErr  error
	add      func(key, value []byte) bool // made once, so that a log costs no allocation
}

type pair struct{ key, value []byte }

// maxFields bounds the fields of a record; the rest is not looked at and [Record.Err] says so.
const maxFields = 1000

// NewRecord returns an empty record.
func NewRecord() *Record {
	r := &Record{}
	r.add = func(k, v []byte) bool {
		if len(r.fields) == maxFields {
			r.rootErr = fmt.Errorf("the log has more than %d fields", maxFields)
			return false
		}
		r.fields = append(r.fields, pair{k, v})
		return true
	}
	return r
}

// Reset makes r the record of a log.
func (r *Record) Reset(t *Template, topic []byte, log Fields) {
	r.template, r.topic = t, topic
	r.fields, r.owners, r.broken, r.rootErr = r.fields[:0], r.owners[:0], r.broken[:0], nil
	log.Fields()(r.add)
	if r.rootErr != nil {
		return
	}
	if t.root != "" && r.index(t.root) < 0 {
		r.rootErr = fmt.Errorf("the log has no field %q", t.root)
	}
}

// Err tells why the record cannot be judged: it lacks the field that everything stands in, or its JSON is malformed or
// beyond bounds. It asks for the JSON, so call it after evaluation, or when the record is to be refused early.
func (r *Record) Err() error {
	if r.rootErr == nil && r.template.root != "" {
		if i := r.index(r.template.root); i >= 0 {
			r.walk(i)
		}
	}
	return r.rootErr
}

// index returns the place of the first field with the name, or -1.
func (r *Record) index(key string) int {
	for i := range r.fields {
		if string(r.fields[i].key) == key {
			return i
		}
	}
	return -1
}

// walk returns the JSON of field i, or nil if it is none.
func (r *Record) walk(i int) *document {
	for k, owner := range r.owners {
		if owner == i {
			if r.broken[k] {
				return nil
			}
			return &r.docs[k]
		}
	}
	k := len(r.owners)
	if k == len(r.docs) {
		r.docs = append(r.docs, document{})
	}
	err := r.docs[k].parse(r.fields[i].value)
	r.owners, r.broken = append(r.owners, i), append(r.broken, err != nil)
	if err == nil {
		return &r.docs[k]
	}
	if string(r.fields[i].key) == r.template.root && r.rootErr == nil {
		r.rootErr = fmt.Errorf("field %q: %w", r.template.root, err)
	}
	return nil
}

// Field implements sigma.Event.
func (r *Record) Field(p sigma.Path) ([]byte, sigma.State) {
	if p.Key == Topic && p.Sub == "" {
		return r.topic, sigma.Value
	}
	i := r.index(p.Key)
	if i < 0 {
		return nil, sigma.Absent
	}
	if p.Sub == "" {
		return r.fields[i].value, sigma.Value
	}
	if d := r.walk(i); d != nil {
		return d.lookup(p.Sub)
	}
	return nil, sigma.Absent
}

// Elements implements sigma.Event.
func (r *Record) Elements(p sigma.Path, yield func([]byte, sigma.State) bool) {
	if i := r.index(p.Key); i >= 0 && p.Sub != "" {
		if d := r.walk(i); d != nil && len(d.nodes) > 0 {
			d.elements(0, p.Sub, yield)
		}
	}
}

// Values implements sigma.Event: every field, and of the field that holds the whole record as JSON every value in it.
func (r *Record) Values(yield func([]byte) bool) {
	for i := range r.fields {
		if string(r.fields[i].key) == r.template.root {
			if d := r.walk(i); d != nil {
				if !d.leaves(yield) {
					return
				}
				continue
			}
		}
		if !yield(r.fields[i].value) {
			return
		}
	}
}

// Text returns the first value of a field as rules name it, or "" if it is absent, null or one of the marks that the
// products write for "nothing": "-", "N/A", "null".
func (r *Record) Text(field string) string {
	for _, p := range r.template.Paths(field) {
		if v, state := r.Field(p); state == sigma.Value {
			switch s := string(v); s {
			case "", "-", "N/A", "null":
			default:
				return s
			}
		}
	}
	return ""
}
