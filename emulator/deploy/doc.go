// Package deploy does what Serverless Devs does with an s.yaml of edition 3.0.0, over the wire: it renders variables,
// checks every resource, orders them by their output references, and creates or updates them through the OpenAPIs.
//
// Start with [Run]; CI calls [Validate]. The components fc3, ros and flow are known; anything else is an error. It is a
// deployer for the emulator: the endpoint is always given, builds are made by the caller, and actions of the file are
// listed in the [Report] and not run.
package deploy
