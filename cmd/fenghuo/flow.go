package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fenghuo-soc/fenghuo/emulator/cloudflow"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type flowCommand struct {
	Check flowCheckCommand `cmd:"" help:"Find what is wrong with flow definitions, with line and column; exit with 1 when anything is. Example: fenghuo flow check workflows/*.yaml"`
}

type flowCheckCommand struct {
	Files     []string `arg:"" name:"file" help:"Flow definitions, YAML or JSON."`
	Functions string   `help:"Folder with one folder for each function that flows may call. Default: functions beside the file or above it." placeholder:"DIR"`
}

// Run prints one line for each problem: file:line:column: what.
func (c *flowCheckCommand) Run() error {
	found := 0
	for _, file := range c.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			return &soc.Error{Kind: soc.NotFound, Op: "read flow", Err: err, Next: "name files, as in: fenghuo flow check workflows/*.yaml"}
		}
		known, err := c.known(file)
		if err != nil {
			return err
		}
		for _, p := range cloudflow.Check(string(text), known) {
			fmt.Printf("%s:%d:%d: %s\n", file, p.Line, p.Column, p.Message)
			found++
		}
	}
	if found > 0 {
		return exitCode(exitFailed)
	}
	return nil
}

// known tells which functions exist; nil when no folder says it, and then their names are not checked.
func (c *flowCheckCommand) known(file string) (func(string) bool, error) {
	dir := c.Functions
	if dir == "" {
		dir = folderAbove(file, "functions")
	}
	if dir == "" {
		fmt.Fprintf(os.Stderr, "%s: there is no folder functions here or above; names of functions are not checked\n", file)
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &soc.Error{Kind: soc.NotFound, Op: "list functions", Err: err, Next: "name the folder with --functions"}
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = e.IsDir()
	}
	return func(name string) bool { return names[name] }, nil
}

// folderAbove finds a folder of a name beside a file or above it.
func folderAbove(file, name string) string {
	at, err := filepath.Abs(file)
	if err != nil {
		return ""
	}
	for dir := filepath.Dir(at); ; dir = filepath.Dir(dir) {
		found := filepath.Join(dir, name)
		if info, err := os.Stat(found); err == nil && info.IsDir() {
			return found
		} else if err != nil && !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
			return ""
		}
	}
}
