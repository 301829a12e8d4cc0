// Package rules holds the detection rules that the product ships.
//
// A rule is a folder <log source>/<name> with rule.yaml and the tests.yaml that proves it; events holds the records that the tests
// start from. Load the rules with detection.Load(rules.FS). Ids of rules are never used again for another rule.
package rules

import "embed"

// FS holds every rule, its tests and the base events.
//
//go:embed */*/rule.yaml */*/tests.yaml events
var FS embed.FS
