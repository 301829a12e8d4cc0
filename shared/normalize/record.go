package normalize

import (
	"fmt"
	"iter"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/sigma/jsontext"
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
	fields   []sigma.Pair
	docs     []jsontext.Doc // JSON texts walked so far, for the fields at owners
	owners   []int
	broken   []bool
	rootErr  error
	add      func(key, value []byte) bool // made once, so that a log costs no allocation
}

// topicKey is the key of the first field: what the writer of the log calls so comes after it and does not count.
var topicKey = []byte(Topic)

// maxFields bounds the fields of a record; the rest is not looked at and [Record.Err] says so.
const maxFields = 1000

// NewRecord returns an empty record.
func NewRecord() *Record {
	r := &Record{}
	r.add = func(k, v []byte) bool {
		if len(r.fields) > maxFields {
			r.rootErr = fmt.Errorf("the log has more than %d fields", maxFields)
			return false
		}
		r.fields = append(r.fields, sigma.Pair{Key: k, Value: v})
		return true
	}
	return r
}

// Reset makes r the record of a log.
func (r *Record) Reset(t *Template, topic []byte, log Fields) {
	r.template, r.topic = t, topic
	r.fields, r.owners, r.broken, r.rootErr = append(r.fields[:0], sigma.Pair{Key: topicKey, Value: topic}), r.owners[:0], r.broken[:0], nil
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
	if key == Topic {
		return 0
	}
	for i := range r.fields {
		if string(r.fields[i].Key) == key {
			return i
		}
	}
	return -1
}

// walk returns the JSON of field i, or nil if it is none.
func (r *Record) walk(i int) *jsontext.Doc {
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
		r.docs = append(r.docs, jsontext.Doc{})
	}
	err := r.docs[k].Parse(r.fields[i].Value)
	r.owners, r.broken = append(r.owners, i), append(r.broken, err != nil)
	if err == nil {
		return &r.docs[k]
	}
	if string(r.fields[i].Key) == r.template.root && r.rootErr == nil {
		r.rootErr = fmt.Errorf("field %q: %w", r.template.root, err)
	}
	return nil
}

// Field returns what stands at a path. The value counts only with the state sigma.Value.
func (r *Record) Field(p sigma.Path) ([]byte, sigma.State) {
	i := r.index(p.Key)
	if i < 0 {
		return nil, sigma.Absent
	}
	if p.Sub == "" {
		return r.fields[i].Value, sigma.Value
	}
	if d := r.walk(i); d != nil {
		return d.Lookup(p.Sub)
	}
	return nil, sigma.Absent
}

// Fields implements sigma.Event: the topic first, then the fields of the log.
func (r *Record) Fields() []sigma.Pair { return r.fields }

// Inside implements sigma.Event.
func (r *Record) Inside(i int, sub string, yield func([]byte, sigma.State) bool) sigma.State {
	d := r.walk(i)
	if d == nil {
		return sigma.Absent
	}
	v, state := d.Lookup(sub)
	switch state {
	case sigma.Value:
		yield(v, state)
	case sigma.List:
		d.Elements(sub, yield)
	}
	return state
}

// Texts implements sigma.Event: of the field that holds the whole record as JSON keywords search every value in it.
func (r *Record) Texts(i int, yield func([]byte) bool) bool {
	if r.template.root == "" || string(r.fields[i].Key) != r.template.root {
		return i == 0 // the topic is no part of the message
	}
	d := r.walk(i)
	if d != nil {
		d.Leaves(yield)
	}
	return d != nil
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
