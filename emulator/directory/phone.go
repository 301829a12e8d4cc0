package directory

import (
	"regexp"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

const (
	codesPerDay = 100              // verification codes that a directory may have sent; accounts sheet, section 2.8
	codeLife    = 30 * time.Minute // how long a code can be used
)

// securePhone is <country code>-<number>. The China site takes numbers of the Chinese mainland only, as documented.
var securePhone = regexp.MustCompile(`^86-[0-9]{11}$`)

// sentCode is a verification code on its way to the phone of a member.
type sentCode struct {
	phone   string
	expires time.Time
}

// unbound is the resource account whose phone a call wants to bind. A phone that is bound is not changed this way.
//
// Assumption: 409 AccountTypeMismatch for another type of account, NotSupportedOperation.Account.SecureMobilePhone for one
// that has a phone; the page says that neither is possible and not how it is refused.
func (t *tree) unbound(c *gateway.Call) (*member, error) {
	id, phone := c.Get("AccountId"), c.Get("SecureMobilePhone")
	m := t.members[id]
	switch {
	case id == "":
		return nil, missing("AccountId")
	case phone == "":
		return nil, missing("SecureMobilePhone")
	case m == nil:
		return nil, noAccount(id)
	case !securePhone.MatchString(phone):
		return nil, invalid("SecureMobilePhone", "A phone number is 86-<11 digits>.")
	case m.kind() != "ResourceAccount":
		return nil, conflict("AccountTypeMismatch", "The account %s is not a resource account.", id)
	case m.phone != "":
		return nil, conflict("NotSupportedOperation.Account.SecureMobilePhone", "The account %s has a security phone.", id)
	}
	return m, nil
}

// handleSendBindCode sends nothing: the code is VerificationCode. It can be used once and for 30 minutes.
func (s *Service) handleSendBindCode(t *tree, c *gateway.Call) (any, error) {
	m, err := t.unbound(c)
	if err != nil {
		return nil, err
	}
	now := s.o.Clock()
	if err := t.codes.code(now); err != nil {
		return nil, err
	}
	m.code = &sentCode{c.Get("SecureMobilePhone"), now.Add(codeLife)}
	return object{"ExpirationDate": iso(m.code.expires)}, nil
}

// handleBindPhone gives a resource account the phone that a code was sent to.
//
// Assumption: a wrong, used or expired code, or one for another phone, is 409 Invalid.VerificationCode, as for
// EnableResourceDirectory.
func (s *Service) handleBindPhone(t *tree, c *gateway.Call) (any, error) {
	m, err := t.unbound(c)
	switch {
	case err != nil:
		return nil, err
	case c.Get("VerificationCode") == "":
		return nil, missing("VerificationCode")
	case m.code == nil || m.code.phone != c.Get("SecureMobilePhone") || c.Get("VerificationCode") != VerificationCode() || !s.o.Clock().Before(m.code.expires):
		return nil, conflict("Invalid.VerificationCode", "The verification code is wrong or has expired.")
	}
	m.phone, m.code, m.modified = m.code.phone, nil, s.o.Clock()
	return nil, nil
}

// quota remembers when verification codes were sent.
type quota struct{ at []time.Time }

// code notes one more code, unless there were too many within a day.
//
// Assumption: beyond the limit of 100 codes a day the code is 409 LimitExceeded.VerificationCode.
func (q *quota) code(now time.Time) error {
	q.at = slices.DeleteFunc(q.at, func(at time.Time) bool { return now.Sub(at) >= 24*time.Hour })
	if len(q.at) >= codesPerDay {
		return conflict("LimitExceeded.VerificationCode", "At most %d verification codes are sent in a day.", codesPerDay)
	}
	q.at = append(q.at, now)
	return nil
}
