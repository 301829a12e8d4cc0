// Package org is the organisation side of the SOC: who is the delegated administrator, which members are in scope,
// and the fixed set of roles that each member carries.
//
// Start at [Check] and [Designate] for the management account, at [MemberRoles] and [Ensure] for the roles of one
// member, and at [Join] and [Leave] for an account's way into and out of scope. The cloud is met through small
// interfaces; errors are [soc.Error]. Nothing here decides what a role may do: that stands in template.yaml alone, and
// a caller names an account, never a policy.
package org
