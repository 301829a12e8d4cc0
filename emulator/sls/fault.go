package sls

import "net/http"

// Fault is an error that the next calls answer instead of running. It takes effect after the signature was verified
// and before permissions are asked for.
type Fault struct {
	Action        string // such as log:PostLogStoreLogs; "" = any
	AccountID     string // the caller's account; "" = any
	Status        int    // 0 = 503
	Code, Message string // Code "" = ServerBusy
	Times         int    // number of calls; 0 counts as 1
}

// Inject adds a fault. Faults are tried in the order they were added. It is safe for concurrent use.
func (s *Service) Inject(f Fault) {
	if f.Status == 0 {
		f.Status = http.StatusServiceUnavailable
	}
	if f.Code == "" {
		f.Code = "ServerBusy"
	}
	f.Times = max(f.Times, 1)
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.faults = append(s.faults, f)
}

// fault uses up one occurrence of the first fault that matches.
func (s *Service) fault(action, account string) error {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if f.Action != "" && f.Action != action || f.AccountID != "" && f.AccountID != account {
			continue
		}
		err := &Error{Status: f.Status, Code: f.Code, Message: f.Message}
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i], s.faults[i+1:]...)
		}
		return err
	}
	return nil
}
