package fc

import (
	"encoding/json"
	"slices"
	"strings"
)

func (s *Service) createFunction(q *apiCall) (any, *Error) {
	var spec Function
	if err := spec.merge(q.fields); err != nil {
		return nil, err
	}
	if s.has(q.caller.AccountID, spec.FunctionName) {
		return nil, exists("Function", spec.FunctionName)
	}
	pkg, err := s.parseCode(q.fields["code"], q.caller.AccountID)
	if err != nil {
		return nil, err
	}
	if pkg == nil {
		return nil, invalid("code is required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accountOf(q.caller.AccountID)
	if a.functions[spec.FunctionName] != nil {
		s.dropCode(pkg)
		return nil, exists("Function", spec.FunctionName)
	}
	pkg.users++
	spec.FunctionARN, spec.FunctionID = s.functionARN(a.id, spec.FunctionName), newUUID()
	spec.CodeSize, spec.CodeChecksum, spec.State = pkg.size, pkg.checksum, "Active"
	spec.CreatedTime = stamp(s.o.Clock())
	spec.LastModifiedTime = spec.CreatedTime
	a.functions[spec.FunctionName] = &function{
		account: a.id, name: spec.FunctionName, current: &revision{spec: spec, code: pkg},
		aliases: map[string]*Alias{}, triggers: map[string]*trigger{}, async: map[string]*AsyncConfig{}, provisions: map[string]*provision{}, log: &functionLog{},
	}
	return spec, nil
}

func (s *Service) has(accountID, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookup(accountID, name) != nil
}

func (s *Service) updateFunction(q *apiCall) (any, *Error) {
	if !s.has(q.caller.AccountID, q.name) {
		return nil, notFound("Function", q.name)
	}
	pkg, err := s.parseCode(q.fields["code"], q.caller.AccountID)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		err = notFound("Function", q.name)
	} else {
		var spec Function
		if spec, err = s.replace(f, q.fields, pkg); err == nil {
			return spec, nil
		}
	}
	if pkg != nil {
		s.dropCode(pkg)
	}
	return nil, err
}

// replace needs s.mu. It makes the next revision; running requests finish on the old one (fc.md §1.7).
func (s *Service) replace(f *function, fields map[string]json.RawMessage, pkg *code) (Function, *Error) {
	spec := f.current.spec
	if err := spec.merge(fields); err != nil {
		return spec, err
	}
	if spec.FunctionName != f.name {
		return spec, invalid("functionName cannot be changed")
	}
	if pkg == nil {
		pkg = f.current.code
	}
	pkg.users++
	spec.CodeSize, spec.CodeChecksum = pkg.size, pkg.checksum
	spec.LastModifiedTime = stamp(s.o.Clock())
	old := f.current
	f.current = &revision{spec: spec, code: pkg}
	s.retireNow(f, old)
	return f.view(f.current), nil
}

func (s *Service) getFunction(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	rev, err := s.resolve(f, q.qualifier())
	if err != nil {
		return nil, err
	}
	return f.view(rev), nil
}

func (s *Service) listFunctions(q *apiCall) (any, *Error) {
	list := s.Functions(q.caller.AccountID)
	if p := q.query.Get("prefix"); p != "" {
		list = slices.DeleteFunc(list, func(f Function) bool { return !strings.HasPrefix(f.FunctionName, p) })
	}
	page, next, err := paginate(q, list, func(f Function) string { return f.FunctionName })
	if page == nil {
		page = []Function{}
	}
	return map[string]any{"functions": page, "nextToken": next}, err
}

// deleteFunction removes a function without triggers.
//
// Assumption: a function that still has triggers cannot be deleted (400 InvalidArgument), as in FC 2.0; versions and
// aliases go with it.
func (s *Service) deleteFunction(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	if len(f.triggers) > 0 {
		return nil, invalid("function '%s' still has %d triggers", f.name, len(f.triggers))
	}
	delete(s.accounts[f.account].functions, f.name)
	for _, v := range f.versions {
		s.retireNow(f, v.rev)
	}
	f.versions = nil
	// A revision that takes no requests replaces the current one, so that its instances stop and its code goes.
	old := f.current
	f.current = &revision{spec: old.spec, code: old.code, retired: true}
	s.retireNow(f, old)
	return nil, nil
}
