package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints what the build knows of itself.
func (versionCommand) Run() error {
	version, revision := "devel", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" && v != "(devel)" {
			version = v
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				revision = " " + s.Value[:12]
			}
		}
		fmt.Printf("fenghuo %s%s %s\n", version, revision, info.GoVersion)
	}
	return nil
}
