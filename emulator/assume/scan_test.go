package assume

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestScan: doc comments and comments inside count, for functions, groups and types; words that only talk of
// assumptions do not, nor do tests.
func TestScan(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"emulator/a/a.go": {Data: []byte(`// Package a marks them with "Assumption:".
package a

// f answers.
//
// Assumption: 42.
func f() {}

func g() {
	// Assumption: inside.
	f()
}

// Limits.
//
// Assumption: these.
const (
	least = 1
	most  = 2
)

// T is a type.
type T struct {
	// Assumption: a field.
	N int
}

// h makes no assumption.
func h() {}

// Assumption: of nothing.

`)},
		"emulator/a/a_test.go": {Data: []byte("package a\n\n// Assumption: in a test.\nfunc x() {}\n")},
		"rules/b.go":           {Data: []byte("package b\n\n// Assumption: elsewhere.\nfunc y() {}\n")},
	}
	got, err := scan(tree, []string{"emulator"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"emulator/a/a.go f": true, "emulator/a/a.go g": true, "emulator/a/a.go least": true, "emulator/a/a.go T": true, "emulator/a/a.go ?": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
