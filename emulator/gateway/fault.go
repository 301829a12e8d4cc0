package gateway

import "net/http"

// Fault is an error that the next calls answer instead of running. It takes effect after the signature was verified
// and before permissions are asked for.
type Fault struct {
	Action        string // "" = any action
	AccountID     string // the caller's account; "" = any
	Status        int    // 0 = 503
	Code, Message string // Code "" = ServiceUnavailable
	Times         int    // number of calls; 0 counts as 1, a negative number is every call until the end
	Every         int    // only every n-th call that matches; 0 and 1 are each

	seen int
}

// Inject adds a fault. Faults are tried in the order they were added.
func (g *Gateway) Inject(f Fault) {
	if f.Status == 0 {
		f.Status = http.StatusServiceUnavailable
	}
	if f.Code == "" {
		f.Code = "ServiceUnavailable"
	}
	if f.Times == 0 {
		f.Times = 1
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, f)
}

// fault uses up one occurrence of the first fault that matches.
func (g *Gateway) fault(action, accountID string) *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.faults {
		f := &g.faults[i]
		if f.Action != "" && f.Action != action || f.AccountID != "" && f.AccountID != accountID {
			continue
		}
		if f.seen++; f.Every > 1 && f.seen%f.Every != 0 {
			continue
		}
		e := &Error{Status: f.Status, Code: f.Code, Message: f.Message}
		if f.Times--; f.Times == 0 {
			g.faults = append(g.faults[:i], g.faults[i+1:]...)
		}
		return e
	}
	return nil
}
