package directory

// NoState names what a snapshot leaves out: what options give.
func (*Service) NoState() []string { return []string{"o"} }

// NoState leaves the clock out.
func (*promotion) NoState() []string { return []string{"now"} }

// Restored gives promotions the clock again. It needs s.mu.
func (s *Service) Restored() error {
	for _, t := range s.directories {
		for _, m := range t.members {
			if m.promotion != nil {
				m.promotion.now = s.o.Clock
			}
		}
	}
	return nil
}
