// Package fenghuo carries the deployment template and the manifest of the project, so that the function which makes roles in a member
// makes exactly those that the repository shows, and that what is deployed can be compared with both. It holds data only.
package fenghuo

import _ "embed"

// Template is template.yaml: one ROS template for the three kinds of accounts.
//
//go:embed template.yaml
var Template []byte

// Manifest is s.yaml: which functions, triggers and flows are deployed, and into which of the two accounts.
//
//go:embed s.yaml
var Manifest []byte
