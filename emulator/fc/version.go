package fc

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
)

const latest = "LATEST"

// Version is a published version as the API shows it.
type Version struct {
	VersionID        string `json:"versionId"`
	Description      string `json:"description"`
	CreatedTime      string `json:"createdTime"`
	LastModifiedTime string `json:"lastModifiedTime"`
}

// version is a published version with the revision that it keeps.
type version struct {
	Version
	rev *revision
}

// publishVersion keeps the configuration and code of LATEST under the next number.
//
// Assumption: every call makes a version, also when nothing has changed; numbers count from 1 and never come back.
func (s *Service) publishVersion(q *apiCall) (any, *Error) {
	var description string
	for key, value := range q.fields {
		if key != "description" {
			return nil, invalid("unknown version property %s", key)
		}
		if err := strictJSON(value, &description); err != nil {
			return nil, invalid("description: %v", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	f.lastID++
	id, now := strconv.Itoa(f.lastID), stamp(s.o.Clock())
	r := &revision{spec: f.current.spec, code: f.current.code, version: id}
	r.code.users++
	v := &version{Version{VersionID: id, Description: description, CreatedTime: now, LastModifiedTime: now}, r}
	f.versions = append(f.versions, v)
	return v.Version, nil
}

// listVersions lists the newest version first, unless the direction is FORWARD.
//
// Assumption: which of the two is the default, and that BACKWARD means newest first.
func (s *Service) listVersions(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	list := make([]Version, len(f.versions))
	for i, v := range f.versions {
		list[i] = v.Version
	}
	direction := orDefault(q.query.Get("direction"), "BACKWARD")
	switch direction {
	case "BACKWARD":
		slices.Reverse(list)
	case "FORWARD":
	default:
		return nil, invalid("direction must be BACKWARD or FORWARD")
	}
	page, next, err := paginateFrom(q, list, func(v Version) string { return v.VersionID })
	return map[string]any{"versions": page, "nextToken": next, "direction": direction}, err
}

// deleteVersion removes a version; requests that run on it finish.
//
// Assumption: a version that an alias points to cannot be deleted (400 InvalidArgument).
func (s *Service) deleteVersion(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	i := slices.IndexFunc(f.versions, func(v *version) bool { return v.VersionID == q.sub })
	if i < 0 {
		return nil, notFound("Version", q.sub)
	}
	for _, a := range f.aliases {
		if _, also := a.AdditionalVersionWeight[q.sub]; also || a.VersionID == q.sub {
			return nil, invalid("alias '%s' points to version '%s'", a.AliasName, q.sub)
		}
	}
	rev := f.versions[i].rev
	f.versions = slices.Delete(f.versions, i, i+1)
	s.retireNow(f, rev)
	return nil, nil
}

func (f *function) version(id string) *revision {
	for _, v := range f.versions {
		if v.VersionID == id {
			return v.rev
		}
	}
	return nil
}

// resolve needs s.mu. It finds what a qualifier names: "" and LATEST the current revision, a number a version, all else
// an alias, which chooses one of its versions by weight.
func (s *Service) resolve(f *function, qualifier string) (*revision, *Error) {
	if qualifier == "" || qualifier == latest {
		if f.current.retired {
			return nil, notFound("Function", f.name)
		}
		return f.current, nil
	}
	if isNumber(qualifier) {
		if r := f.version(qualifier); r != nil {
			return r, nil
		}
		return nil, notFound("Version", qualifier)
	}
	a := f.aliases[qualifier]
	if a == nil {
		return nil, notFound("Alias", qualifier)
	}
	id := a.choose(rand.Float64())
	if r := f.version(id); r != nil {
		return r, nil
	}
	return nil, errorf(http.StatusNotFound, "VersionNotFound", "alias '%s' points to version '%s', which does not exist", qualifier, id)
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}
