package soc

import "time"

// Pass lets the owner of a member read the window of that one account, until it ends or is revoked. The token that was
// handed out is not part of it and is kept nowhere.
type Pass struct {
	ID        string    `json:"id"`
	Account   string    `json:"account"`
	For       string    `json:"for"` // whom it was made for, as who made it says; may be ""
	GivenAt   time.Time `json:"given_at"`
	GivenBy   string    `json:"given_by"`
	Ends      time.Time `json:"ends"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	RevokedBy string    `json:"revoked_by,omitempty"`
}

// Opens tells whether the pass opens its window now.
func (p Pass) Opens(now time.Time) bool { return p.RevokedAt.IsZero() && now.Before(p.Ends) }
