package products

// NoState names what a snapshot leaves out: what options give.
func (*Service) NoState() []string { return []string{"clock"} }
