// Package window tells the owner of a member what the SOC reads from the account: which logs, by which role, since when,
// when last, how much, what the roles may do and who may take them, and what was done to the account. A window holds
// nothing of any other account and no secret.
//
// Start at [Viewer.Look].
package window
