package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// edit is one change of a manifest: text that stands in the file exactly once, and what comes in its place.
type edit struct{ file, old, new string }

// manifests copies what is deployed into a folder of the test, changed by the edits, and returns the folder.
func manifests(t *testing.T, edits ...edit) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "workflows"), os.DirFS(filepath.Join(root, "workflows"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s.yaml", "template.yaml"} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		for _, e := range edits {
			if e.file != name {
				continue
			}
			if n := strings.Count(text, e.old); n != 1 {
				t.Fatalf("%s holds the text to change %d times, want once:\n%s", name, n, e.old)
			}
			text = strings.Replace(text, e.old, e.new, 1)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
