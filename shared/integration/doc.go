// Package integration decides what is collected from whom: it plans batches of integration policies, shows what a plan
// starts, stops and blinds before it is applied, and tells the health of data sources from what arrived.
//
// Start at [New] for a plan, [Apply] to make it real, [Assess] for health. Planning is pure. A plan is applied only
// with the hash that was shown; every change keeps a snapshot, and [Rollback] plans the way back to one.
package integration
