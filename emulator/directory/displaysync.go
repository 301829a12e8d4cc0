package directory

import "github.com/fenghuo-soc/fenghuo/emulator/gateway"

// handleSetNameSync switches whether members show their display name of the directory as the name of their account.
// Nothing here shows the name of an account, so the status is all there is to it.
func (s *Service) handleSetNameSync(t *tree, c *gateway.Call) (any, error) {
	switch status := c.Get("Status"); status {
	case "Enabled", "Disabled":
		t.nameSync = status
		return object{"MemberAccountDisplayNameSyncStatus": status}, nil
	case "":
		return nil, missing("Status")
	}
	return nil, invalid("Status", "The status is Enabled or Disabled.")
}
