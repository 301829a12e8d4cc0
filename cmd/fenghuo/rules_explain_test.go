package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// TestExplainNamesWhatIsNotThere asks for a rule and a line that do not exist: silence would look like an answer.
func TestExplainNamesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	events := filepath.Join(dir, "events.jsonl")
	for file, text := range map[string]string{filepath.Join(dir, "a.yml"): matchRule("a", "f: x"), events: "{}\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]rulesExplain{"rule": {Rule: "b"}, "line": {Events: events, Line: 2}} {
		c.Rules = dir
		if err := c.Run(t.Context()); soc.KindOf(err) != soc.NotFound || soc.NextOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
