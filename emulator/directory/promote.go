package directory

import (
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// promotionLife is how long a promotion waits for its confirmation.
//
// Assumption: 24 hours; that it expires is documented.
const promotionLife = 24 * time.Hour

// promotion is the change of a resource account into a cloud account, which the owner of an e-mail address confirms.
type promotion struct {
	record, email string
	state         string // PromoteVerifying, PromoteCancelled, PromoteSuccess
	begun         time.Time
	now           func() time.Time
}

func (p *promotion) status() string {
	if p.state == "PromoteVerifying" && !p.now().Before(p.begun.Add(promotionLife)) {
		return "PromoteExpired"
	}
	return p.state
}

// verifying is true while a promotion waits for its confirmation.
func (m *member) verifying() bool {
	return m.promotion != nil && m.promotion.status() == "PromoteVerifying"
}

// handlePromote begins a promotion (ResourceManager 2020-03-31). It is confirmed with [Service.ConfirmEmail].
//
// Assumption: an account of another type, or one whose promotion waits already, is 409 AccountTypeOrStatusMismatch.
func (s *Service) handlePromote(t *tree, c *gateway.Call) (any, error) {
	m, err := t.memberIn(c)
	switch {
	case err != nil:
		return nil, err
	case c.Get("Email") == "":
		return nil, missing("Email")
	case !validEmail(c.Get("Email")):
		return nil, invalid("Email", "The e-mail address %q is invalid.", c.Get("Email"))
	case m.kind() != "ResourceAccount" || m.verifying():
		return nil, conflict("AccountTypeOrStatusMismatch", "The account %s cannot be promoted now.", m.id)
	}
	m.promotion = &promotion{s.newID("record", m.id), c.Get("Email"), "PromoteVerifying", s.o.Clock(), s.o.Clock}
	return s.promoted(t, m), nil
}

// promoted is the account of a promotion with the id of its record.
func (s *Service) promoted(t *tree, m *member) object {
	v := memberView(t, m)
	v["RecordId"], v["AccountName"] = m.promotion.record, m.promotion.email
	return object{"Account": v}
}

// waiting is the member whose promotion waits under RecordId.
//
// Assumption: an unknown record, and one that does not wait any more, is 404 EntityNotExists.Record.
func (s *Service) waiting(t *tree, c *gateway.Call) (*member, error) {
	id := c.Get("RecordId")
	if id == "" {
		return nil, missing("RecordId")
	}
	for _, m := range t.members {
		if m.verifying() && m.promotion.record == id {
			return m, nil
		}
	}
	return nil, gateway.Errorf(404, "EntityNotExists.Record", "No promotion waits under the record %s.", id)
}

func (s *Service) handleCancelPromotion(t *tree, c *gateway.Call) (any, error) {
	m, err := s.waiting(t, c)
	if err == nil {
		m.promotion.state = "PromoteCancelled"
	}
	return nil, err
}

// handleResendPromotion sends nothing: nobody has a mailbox here.
func (s *Service) handleResendPromotion(t *tree, c *gateway.Call) (any, error) {
	m, err := s.waiting(t, c)
	if err != nil {
		return nil, err
	}
	return s.promoted(t, m), nil
}
