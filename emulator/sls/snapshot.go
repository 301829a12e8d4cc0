package sls

// NoState names what a snapshot leaves out: options and codecs.
func (*Service) NoState() []string { return []string{"opts", "codec"} }
