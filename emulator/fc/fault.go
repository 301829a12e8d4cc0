package fc

import (
	"net/http"
	"time"
)

// Fault is what goes wrong with the next calls. For the REST API it takes effect after the signature was verified and
// before permissions are asked for. InvokeFunction is any run of a function, also for a trigger, a flow or a destination,
// and each try of an asynchronous call; it takes effect after the call was accepted.
type Fault struct {
	Action        string // such as InvokeFunction; "" = any
	AccountID     string // owner of the function; "" = any
	Function      string // name; "" = any
	Status        int    // 0 = 503
	Code, Message string // Code "" = ResourceThrottled
	Times         int    // number of calls; 0 counts as 1

	// The rest is for InvokeFunction only. Each of them takes the place of the error.

	After     bool          // the function runs, and then the error is answered
	Kill      bool          // the process is killed in the middle of the request
	KillAfter time.Duration // how long after the request was sent; 0 = at once
	Delay     time.Duration // the call waits before it runs
	Duplicate bool          // the call is delivered a second time after it succeeded
}

// Inject adds a fault. Faults are tried in the order they were added. It is safe for concurrent use.
func (s *Service) Inject(f Fault) {
	f.Status = orDefault(f.Status, http.StatusServiceUnavailable)
	f.Code = orDefault(f.Code, "ResourceThrottled")
	f.Times = max(f.Times, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

func (f *Fault) error() *Error { return &Error{Status: f.Status, Code: f.Code, Message: f.Message} }

// killed is the call with the order to kill its process.
func (f *Fault) killed(c *call) *call {
	again := *c
	again.kill, again.killAfter = true, f.KillAfter
	return &again
}

// takeFault uses up one occurrence of the first fault that matches.
func (s *Service) takeFault(action, accountID, function string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if f.Action != "" && f.Action != action || f.AccountID != "" && f.AccountID != accountID || f.Function != "" && f.Function != function {
			continue
		}
		got := *f
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i], s.faults[i+1:]...)
		}
		return got, true
	}
	return Fault{}, false
}

// fault is the error of the next fault of an operation other than InvokeFunction.
func (s *Service) fault(action, accountID, function string) *Error {
	if f, ok := s.takeFault(action, accountID, function); ok {
		return f.error()
	}
	return nil
}
