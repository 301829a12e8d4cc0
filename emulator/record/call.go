package record

import (
	"path"
	"strings"
	"time"
)

// Call is one request and how it ended.
type Call struct {
	Number    int64         `json:"number"` // rising from 1
	Time      time.Time     `json:"time"`
	Service   string        `json:"service"` // product of the RPC API, or Sls, or FC
	Operation string        `json:"operation"`
	Caller    string        `json:"caller,omitempty"`  // ARN behind the key that the request names
	Account   string        `json:"account,omitempty"` // of the caller
	Questions []Question    `json:"questions,omitempty"`
	Verdict   Verdict       `json:"verdict"`
	Status    int           `json:"status"` // 0 when the connection was cut
	Code      string        `json:"code,omitempty"`
	RequestID string        `json:"request_id,omitempty"`
	Fault     string        `json:"fault,omitempty"` // kind of the fault that struck
	Took      time.Duration `json:"took_nanoseconds"`
}

// Question is a permission that was asked for.
type Question struct {
	Caller   string `json:"caller"` // ARN of the user, or of the role and not of its session
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Allowed  bool   `json:"allowed"`
}

// Verdict says in one word how a call ended.
type Verdict string

// The verdicts.
const (
	Allowed Verdict = "allowed" // it ran, with success
	Denied  Verdict = "denied"  // a permission was missing
	Failed  Verdict = "failed"  // any other error
	Cut     Verdict = "cut"     // there was no complete answer
)

// Verdicts are all of them.
func Verdicts() []Verdict { return []Verdict{Allowed, Denied, Failed, Cut} }

func (c *Call) judge() Verdict {
	for _, q := range c.Questions {
		if !q.Allowed {
			return Denied
		}
	}
	switch {
	case c.Status == 0:
		return Cut
	case c.Status >= 400:
		return Failed
	}
	return Allowed
}

// Filter chooses calls. Empty fields match everything. Service and Operation are shell patterns whose case does not
// count; Caller matches any part of the caller's ARN, Action and Resource a pattern of any question of the call.
type Filter struct {
	Service, Operation, Account, Caller, Action, Resource string
	Verdict                                               Verdict
	Fault                                                 bool // only calls that a fault struck
	Limit                                                 int  // the newest; 0 = all that are kept
}

func (f Filter) matches(c *Call) bool {
	if !like(f.Service, c.Service) || !like(f.Operation, c.Operation) || f.Account != "" && f.Account != c.Account ||
		!strings.Contains(strings.ToLower(c.Caller), strings.ToLower(f.Caller)) || f.Verdict != "" && f.Verdict != c.Verdict || f.Fault && c.Fault == "" {
		return false
	}
	if f.Action == "" && f.Resource == "" {
		return true
	}
	for _, q := range c.Questions {
		if like(f.Action, q.Action) && likeText(f.Resource, q.Resource) {
			return true
		}
	}
	return false
}

// like matches a shell pattern; a pattern that is none matches itself only.
func like(pattern, text string) bool {
	if pattern == "" || strings.EqualFold(pattern, text) {
		return true
	}
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(text))
	return err == nil && ok
}

// likeText is like for texts with slashes.
func likeText(pattern, text string) bool {
	flat := strings.NewReplacer("/", "\x00")
	return like(flat.Replace(pattern), flat.Replace(text))
}
