package analytics

import (
	"context"
	"maps"
	"regexp"
	"slices"
)

// projectStage keeps (or with away drops) fields and gives others new names. The fields of time always stay.
type projectStage struct {
	away, all bool // all: fields that are not named stay
	patterns  []*regexp.Regexp
	renames   map[string]string // old to new
	targets   []string
}

func (s *projectStage) rename(at place, from, to string) error {
	switch {
	case isTime(from) || isTime(to):
		return at.failf("the fields of time cannot be renamed")
	case slices.Contains(s.targets, to):
		return at.failf("two fields are renamed to %s", to)
	case s.renames[from] != "":
		return at.failf("field %s is renamed twice", from)
	}
	s.renames[from] = to
	s.targets = append(s.targets, to)
	return nil
}

func (s *projectStage) stays(name string) bool {
	if isTime(name) {
		return true
	}
	for _, p := range s.patterns {
		if p.MatchString(name) {
			return !s.away
		}
	}
	return s.all
}

func (s *projectStage) check(_ *Pipeline, types fieldTypes) error {
	before := maps.Clone(types)
	for name := range before {
		if !s.stays(name) || s.renames[name] != "" {
			delete(types, name)
		}
	}
	for from, to := range s.renames {
		types.set(to, before.of(from))
	}
	return nil
}

// run builds the logs anew.
//
// Assumption: when a new name is that of another field of the log, the renamed one wins.
func (s *projectStage) run(_ context.Context, r *running) error {
	for i := range r.records {
		rec := &r.records[i]
		old := rec.cells
		rec.cells = make([]cell, 0, len(old))
		for _, c := range old {
			if s.renames[c.name] == "" && s.stays(c.name) {
				rec.cells = append(rec.cells, c)
			}
		}
		for _, c := range old {
			if to := s.renames[c.name]; to != "" {
				rec.set(to, c.value)
			}
		}
	}
	return nil
}

// jsonStage makes fields of the members of a JSON object.
//
// Assumption: a member takes the place of a field of its name, unless it is null; objects and arrays inside stay JSON;
// what is no object leaves the log as it is.
type jsonStage struct {
	field, prefix string
	path          []any
}

// check: what comes out of JSON may have any name, so from here on every field is text again.
func (s *jsonStage) check(_ *Pipeline, types fieldTypes) error {
	textsOnly(types)
	return nil
}

func (s *jsonStage) run(_ context.Context, r *running) error {
	r.toText()
	for i := range r.records {
		rec := &r.records[i]
		at := r.lookup(rec, s.field)
		if at < 0 || rec.cells[at].value == nil {
			continue
		}
		doc, ok := parseJSON(format(rec.cells[at].value, Varchar))
		if ok {
			doc, ok = follow(doc, s.path)
		}
		object, isObject := doc.(map[string]any)
		if !ok || !isObject {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if v := object[name]; v != nil && !isTime(s.prefix+name) {
				rec.set(s.prefix+name, scalarText(v))
			}
		}
	}
	return nil
}

// regexpStage makes fields of the groups of a regular expression. A log that does not match stays as it is.
type regexpStage struct {
	field string
	re    *regexp.Regexp
	names []string
}

func (s *regexpStage) check(_ *Pipeline, types fieldTypes) error {
	for _, name := range s.names {
		if !isTime(name) {
			types.set(name, Varchar)
		}
	}
	return nil
}

func (s *regexpStage) run(ctx context.Context, r *running) error {
	for i := range r.records {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec := &r.records[i]
		at := r.lookup(rec, s.field)
		if at < 0 || rec.cells[at].value == nil {
			continue
		}
		found := s.re.FindStringSubmatch(format(rec.cells[at].value, r.types.of(s.field)))
		for j, name := range s.names {
			if found != nil && !isTime(name) {
				rec.set(name, found[j+1])
			}
		}
	}
	return nil
}

// limitStage keeps the first logs.
type limitStage struct{ n int64 }

func (s *limitStage) check(*Pipeline, fieldTypes) error { return nil }

func (s *limitStage) run(_ context.Context, r *running) error {
	r.records = r.records[:min(s.n, int64(len(r.records)))]
	return nil
}
