// Package correlation decides which alerts belong together and when they are an incident.
//
// Start at [Correlate]: it takes open incidents with their alerts and alerts that belong to none, and returns what
// changes. It is pure: it reads no clock, no store and no cloud, and its grouping depends neither on the order of its
// input nor on how the alerts were cut into batches. Two alerts are linked when they share an entity and happened within
// [Window] of each other; see link.go for what does not link, score.go for what makes linked alerts an incident.
//
// Do not put text of a log into a title here: entities are only named after they were validated.
package correlation
