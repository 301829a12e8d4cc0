// Package diagnosis runs the product's troubleshooting table (soc.md A5) as code: for one account, checks in the order
// in which they explain each other, each with what was seen and what to do.
//
// Start at [Account]. It reads and never changes anything. A check that fails ends its chain, because those behind it
// would only repeat it.
package diagnosis
