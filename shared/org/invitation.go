package org

// InvitationAdvice says what to do about an invitation to the directory in a state of accounts.md §2.2.
func InvitationAdvice(status string) string {
	switch status {
	case "Accepted":
		return "the account is a member; let a scope document choose it"
	case "Pending":
		return "the owner of the account has 14 days to accept it"
	case "Declined":
		return "ask the owner of the account, then invite it again"
	case "Expired":
		return "invite the account again: nobody answered within 14 days"
	case "Cancelled":
		return "invite the account again if it is still to join"
	}
	return "look at it in the console of the resource directory"
}
