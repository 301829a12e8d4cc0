package sls

// Partial says, by the name of the call in [Service.Routes], what of documented calls is missing.
func Partial() map[string]string {
	return map[string]string{
		"GetLogs":         "the part after | is refused: no analytics, no SPL",
		"GetLogsV2":       "the part after | is refused: no analytics, no SPL",
		"PullLogs":        "pulling with a filter (query, processor, pullMode) is refused",
		"DescribeRegions": "one region",
		"CreateAlert":     "rules are kept and never evaluated",
		"UpdateAlert":     "as CreateAlert",
	}
}
