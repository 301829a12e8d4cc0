// Package fenghuo carries the deployment template of the project, so that the function which makes roles in a member
// makes exactly those that the repository shows. It holds data only; package org reads it.
package fenghuo

import _ "embed"

// Template is template.yaml: one ROS template for the three kinds of accounts.
//
//go:embed template.yaml
var Template []byte
