package fc

import (
	"encoding/json"
	"slices"
	"strings"
)

// Alias names a version, and may send a share of the calls to one other version.
type Alias struct {
	AliasName               string             `json:"aliasName"`
	VersionID               string             `json:"versionId"`
	Description             string             `json:"description"`
	AdditionalVersionWeight map[string]float64 `json:"additionalVersionWeight,omitempty"` // version id to a share between 0 and 1
	CreatedTime             string             `json:"createdTime"`
	LastModifiedTime        string             `json:"lastModifiedTime"`
}

// merge lays the keys of a body over the alias.
func (a *Alias) merge(raw map[string]json.RawMessage) *Error {
	fields := map[string]any{
		"aliasName": &a.AliasName, "versionId": &a.VersionID, "description": &a.Description,
		"additionalVersionWeight": &a.AdditionalVersionWeight,
	}
	for key, value := range raw {
		dst, ok := fields[key]
		if !ok {
			return invalid("unknown alias property %s", key)
		}
		if key == "additionalVersionWeight" {
			a.AdditionalVersionWeight = nil // replaced, not added to
		}
		if err := strictJSON(value, dst); err != nil {
			return invalid("%s: %v", key, err)
		}
	}
	if len(a.AliasName) > 128 || !nameText.MatchString(a.AliasName) || a.AliasName == latest {
		return invalid("aliasName must have at most 128 characters, match %s and not be LATEST", nameText)
	}
	return nil
}

// check needs Service.mu. Weights are shares between 0 and 1.
//
// Assumption: at most one additional version, another than the main one; a missing version is 404 VersionNotFound.
func (a *Alias) check(f *function) *Error {
	if f.version(a.VersionID) == nil {
		return notFound("Version", a.VersionID)
	}
	if len(a.AdditionalVersionWeight) > 1 {
		return invalid("additionalVersionWeight names %d versions, one is allowed", len(a.AdditionalVersionWeight))
	}
	for id, weight := range a.AdditionalVersionWeight {
		switch {
		case f.version(id) == nil:
			return notFound("Version", id)
		case id == a.VersionID:
			return invalid("additionalVersionWeight names the main version")
		case !(weight >= 0 && weight <= 1):
			return invalid("the weight of version %s must be between 0 and 1", id)
		}
	}
	return nil
}

// choose picks the version for a number in [0, 1).
func (a *Alias) choose(dice float64) string {
	for id, weight := range a.AdditionalVersionWeight {
		if dice < weight {
			return id
		}
	}
	return a.VersionID
}

func (s *Service) createAlias(q *apiCall) (any, *Error) {
	a := &Alias{}
	if err := a.merge(q.fields); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	switch {
	case f == nil:
		return nil, notFound("Function", q.name)
	case f.aliases[a.AliasName] != nil:
		return nil, exists("Alias", a.AliasName)
	}
	if err := a.check(f); err != nil {
		return nil, err
	}
	a.CreatedTime = stamp(s.o.Clock())
	a.LastModifiedTime = a.CreatedTime
	f.aliases[a.AliasName] = a
	return *a, nil
}

func (s *Service) updateAlias(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, a, err := s.lookupAlias(q)
	if err != nil {
		return nil, err
	}
	next := *a
	if err := next.merge(q.fields); err != nil {
		return nil, err
	}
	if next.AliasName != a.AliasName {
		return nil, invalid("aliasName cannot be changed")
	}
	if err := next.check(f); err != nil {
		return nil, err
	}
	next.LastModifiedTime = stamp(s.o.Clock())
	f.aliases[q.sub] = &next
	return next, nil
}

func (s *Service) getAlias(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, a, err := s.lookupAlias(q)
	if err != nil {
		return nil, err
	}
	return *a, nil
}

func (s *Service) deleteAlias(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, _, err := s.lookupAlias(q)
	if err != nil {
		return nil, err
	}
	delete(f.aliases, q.sub)
	return nil, nil
}

// lookupAlias needs s.mu.
func (s *Service) lookupAlias(q *apiCall) (*function, *Alias, *Error) {
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, nil, notFound("Function", q.name)
	}
	if a := f.aliases[q.sub]; a != nil {
		return f, a, nil
	}
	return nil, nil, notFound("Alias", q.sub)
}

func (s *Service) listAliases(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	list := []Alias{}
	for _, a := range f.aliases {
		if strings.HasPrefix(a.AliasName, q.query.Get("prefix")) {
			list = append(list, *a)
		}
	}
	slices.SortFunc(list, func(a, b Alias) int { return strings.Compare(a.AliasName, b.AliasName) })
	page, next, err := paginate(q, list, func(a Alias) string { return a.AliasName })
	return map[string]any{"aliases": page, "nextToken": next}, err
}
