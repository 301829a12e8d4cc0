package sls

// NoState names what a snapshot leaves out: options and codecs.
func (*Service) NoState() []string { return []string{"opts", "codec"} }

// NoState leaves out whose turn it is in load balancing, which changes at every write.
func (*logstore) NoState() []string { return []string{"turn"} }
