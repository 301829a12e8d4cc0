// Package soc is the vocabulary of the security operations centre: accounts, data sources, records, alerts,
// incidents, responses, and the kinds of errors that every part speaks.
//
// It holds values and small pure functions, imports nothing of the project, and knows nothing of a cloud, a
// database or a clock. Start at [Error] for errors, [RecordID] for identity, [Alert] and [Incident] for results.
package soc
