package iam

import (
	"strings"
	"unicode/utf8"
)

// wildcard matches s against a pattern in which * is any run of characters and ? is one.
func wildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			i += width(s[i:])
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			mark += width(s[mark:])
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// width is the number of bytes of the first character.
func width(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// normaliseARN makes ARNs of RAM comparable: acs:ram:*: equals acs:ram::, and role names have no case.
//
// Assumption: role names in ARNs compare case-insensitively (accounts.md §3.1, §5.5); other resources do not.
func normaliseARN(arn string) string {
	rest, ok := strings.CutPrefix(arn, "acs:ram:")
	if !ok {
		return arn
	}
	if tail, found := strings.CutPrefix(rest, "*:"); found {
		rest = ":" + tail
	}
	if i := strings.Index(rest, ":role/"); i >= 0 {
		rest = rest[:i] + strings.ToLower(rest[i:])
	}
	return "acs:ram:" + rest
}

// owner is the account an ARN belongs to; "" when it names none, as "*" and system policies do.
func owner(arn string) string {
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) < 5 || parts[0] != "acs" || parts[3] == "*" || parts[3] == "system" {
		return ""
	}
	return parts[3]
}

// parseRoleARN splits acs:ram::<account>:role/<name>; ok is false for everything else.
func parseRoleARN(arn string) (accountID, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) < 5 || parts[0] != "acs" || parts[1] != "ram" || parts[2] != "" && parts[2] != "*" || parts[3] == "" {
		return "", "", false
	}
	name, ok = strings.CutPrefix(parts[4], "role/")
	return parts[3], name, ok && roleName.MatchString(name)
}

func roleARN(accountID, name string) string { return "acs:ram::" + accountID + ":role/" + name }
