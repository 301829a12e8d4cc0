// Package detection turns log groups into alerts: it evaluates a set of Sigma rules on the records of a group and writes
// an alert for every rule that fires.
//
// Start at [Load] for a [Detector] and at [Evaluate]. The package reads and writes nothing outside its arguments; it does not
// link alerts (that is correlation) and does not decide what is done about them.
package detection
