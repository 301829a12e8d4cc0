package fc

import "sort"

// Triggers lists the triggers of a function by name; nil when there is no such function.
func (s *Service) Triggers(accountID, function string) []Trigger {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(accountID, function)
	if f == nil {
		return nil
	}
	var out []Trigger
	for _, t := range f.triggers {
		out = append(out, t.spec)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].TriggerName < out[j].TriggerName })
	return out
}
