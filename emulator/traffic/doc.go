// Package traffic makes logs for the emulated cloud in the true formats of the products: ordinary work of three companies'
// accounts for hours, and two attacks that go through them.
//
// Start at [New]: [Generator.Noise] and [Generator.Attack] give batches, each for one Logstore; [Batch.Encode] makes the LogGroup
// that PutLogs takes. The same seed gives the same logs. [Generator.Expect] says what a detection should find in the attacks; it
// is for score cards, never for product code.
//
// Addresses are taken only from the documentation ranges and from private networks.
package traffic
