// Package e2e tests the whole product on the local cloud: the functions as processes, deployed from s.yaml, stitched by
// the flows, and seen from outside over HTTP.
//
// Its tests are the only place that imports the product, the story of the demo and the emulator together. They build the
// functions once (TestMain), so they are left out with -short. Start with TestStory; each other test changes one thing,
// a permission, a process, the world or an input, and shows what becomes of it. What one package can show belongs into
// that package's own tests.
package e2e
