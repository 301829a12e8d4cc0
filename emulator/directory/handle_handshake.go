package directory

import "github.com/fenghuo-soc/fenghuo/emulator/gateway"

func (s *Service) handleInvite(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	entity := c.Get("TargetEntity")
	target := entity
	switch c.Get("TargetType") {
	case "Account":
	case "":
		return nil, missing("TargetType")
	case "Email":
		if target, err = s.ownerOf(entity); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("TargetType", "The target type is Account or Email.")
	}
	parent := ""
	if c.Version == "2022-04-19" {
		parent = c.Get("ParentFolderId")
	}
	h, err := s.invite(t, target, c.Get("Note"), parent, readTags(c))
	if err != nil {
		return nil, err
	}
	h.entity, h.kind = entity, c.Get("TargetType")
	return s.handshake(h, c), nil
}

// ownerOf is the account whose owner has an e-mail address.
func (s *Service) ownerOf(email string) (string, error) {
	if email == "" {
		return "", missing("TargetEntity")
	}
	if s.o.AccountByEmail != nil {
		if id, ok := s.o.AccountByEmail(email); ok {
			return id, nil
		}
	}
	return "", invalid("TargetEntity", "No account has the e-mail address %s.", email)
}

func (s *Service) handshake(h *invite, c *gateway.Call) object {
	return object{"Handshake": s.handshakeView(h, c.Caller.AccountID)}
}

func (s *Service) handleAccept(c *gateway.Call) (any, error) {
	view, after, err := func() (object, func(), error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		h, after, err := s.accept(c.Get("HandshakeId"), c.Caller.AccountID)
		if err != nil {
			return nil, nil, err
		}
		return s.handshake(h, c), after, nil
	}()
	if err != nil {
		return nil, err
	}
	after()
	return view, nil
}

func (s *Service) handleDecline(c *gateway.Call) (any, error) {
	return s.end(c, "Declined", func(h *invite) bool { return h.target == c.Caller.AccountID })
}

func (s *Service) handleCancel(c *gateway.Call) (any, error) {
	return s.end(c, "Cancelled", func(h *invite) bool { return h.from.master == c.Caller.AccountID })
}

func (s *Service) end(c *gateway.Call, state string, allowed func(*invite) bool) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.pending(c.Get("HandshakeId"), allowed)
	if err != nil {
		return nil, err
	}
	h.state, h.modified = state, s.o.Clock()
	return s.handshake(h, c), nil
}

func (s *Service) handleGetHandshake(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := c.Get("HandshakeId")
	if id == "" {
		return nil, missing("HandshakeId")
	}
	h := s.handshakes[id]
	if h == nil || (h.target != c.Caller.AccountID && h.from.master != c.Caller.AccountID) {
		return nil, noHandshake(id)
	}
	return s.handshake(h, c), nil
}

func (s *Service) handleListHandshakesForAccount(c *gateway.Call) (any, error) {
	return s.listOf(c, func(h *invite) bool { return h.target == c.Caller.AccountID })
}

func (s *Service) handleListHandshakesForDirectory(c *gateway.Call) (any, error) {
	s.mu.Lock()
	t, err := s.owned(c.Caller.AccountID)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.listOf(c, func(h *invite) bool { return h.from == t })
}

func (s *Service) listOf(c *gateway.Call, keep func(*invite) bool) (any, error) {
	p, err := readPage(c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return paged(p, "Handshakes", "Handshake", s.listHandshakes(keep),
		func(h *invite) object { return s.handshakeView(h, c.Caller.AccountID) }), nil
}
