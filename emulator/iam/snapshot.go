package iam

// NoState names what a snapshot leaves out: what options give, and what was recorded for inspection.
func (*Service) NoState() []string {
	return []string{"clock", "rand", "seed", "limits", "controlPolicies", "principalRD", "roleUsage", "deletionDelay", "recorder", "control"}
}
