package sls

// Partial says, by the name of the call in [Service.Routes], what of documented calls is missing.
func Partial() map[string]string {
	return map[string]string{
		"GetLogs":         "SQL and SPL know what docs/log-queries.md lists, and refuse the rest by name",
		"GetProjectLogs":  "SQL knows what docs/log-queries.md lists",
		"GetLogsV2":       "SQL and SPL know what docs/log-queries.md lists, and refuse the rest by name",
		"PullLogs":        "a query knows the commands of SPL that docs/log-queries.md lists; processor is refused",
		"DescribeRegions": "one region",
		"CreateAlert":     "rules are kept and never evaluated",
		"UpdateAlert":     "as CreateAlert",
	}
}
