package detection

import (
	"regexp"
	"strings"
)

var technique = regexp.MustCompile(`^attack\.(t[0-9]{4}(?:\.[0-9]{3})?)$`)

// Techniques returns the ATT&CK ids among the tags of a rule, as T1078.004.
func Techniques(tags []string) []string {
	var out []string
	for _, tag := range tags {
		if m := technique.FindStringSubmatch(strings.ToLower(tag)); m != nil {
			out = append(out, strings.ToUpper(m[1]))
		}
	}
	return out
}
