package rules_test

import (
	"io/fs"
	"os"
	"testing"

	"github.com/fenghuo-soc/fenghuo/rules"
)

// TestEverythingIsEmbedded finds files on disk that the patterns of the embedding forget.
func TestEverythingIsEmbedded(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*/*/*.yaml", "events/*/*.json"} {
		onDisk, err := fs.Glob(os.DirFS("."), pattern)
		if err != nil || len(onDisk) == 0 {
			t.Fatal(pattern, err)
		}
		for _, name := range onDisk {
			if _, err := fs.Stat(rules.FS, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
