package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// commandBreaches holds that CI runs every command that a README shows in a block marked sh.
func commandBreaches(root string) ([]string, error) {
	ci, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	if err != nil {
		return nil, err
	}
	readmes, err := filepath.Glob(filepath.Join(root, "README*.md"))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range readmes {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for _, command := range shellCommands(string(text)) {
			if !runs(string(ci), command) {
				out = append(out, fmt.Sprintf("%s shows %q, and .ci/run does not run it: a command nobody runs is soon wrong", filepath.Base(f), command))
			}
		}
	}
	return out, nil
}

// shellCommands returns the lines of the blocks marked sh.
func shellCommands(markdown string) []string {
	var out []string
	inside := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```sh"
		case inside && line != "":
			out = append(out, line)
		}
	}
	return out
}

// runs tells whether a line of the script ends with the command, so that a time limit may stand before it.
func runs(script, command string) bool {
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == command || strings.HasSuffix(line, " "+command) || strings.HasSuffix(line, " "+command+" || code=$?") {
			return true
		}
	}
	return false
}
