package emulator

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/fc"
)

var update = flag.Bool("update", false, "rewrite COVERAGE.md")

// TestCoverage keeps COVERAGE.md equal to the route tables of a running emulator.
func TestCoverage(t *testing.T) {
	t.Parallel()
	world, err := LoadWorld("empty")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{World: world})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil { // the test's own context has ended by now
			t.Error(err)
		}
	})
	got := coverage(t, s)
	if *update {
		if err := os.WriteFile("COVERAGE.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("COVERAGE.md is old; run go test ./emulator -run TestCoverage -update\n-file +emulator:\n%s", diff)
	}
}

const coverageHead = `# What the emulator answers

Written by ` + "`go test ./emulator -run TestCoverage -update`" + ` from the route tables of a running emulator; do not edit it.
Whatever is not listed here answers with an error that names it. Where an answer is our choice because the cloud's is
not documented, it stands in [assume/README.md](assume/README.md).
`

// coverage lists the RPC operations by product and version, and the routes of the two services with paths.
func coverage(t *testing.T, s *Server) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(coverageHead)
	group := ""
	for _, line := range s.Gateway().Actions() {
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("action %q is not product, version, action", line)
		}
		if g := f[0] + " " + f[1]; g != group {
			group = g
			fmt.Fprintf(&b, "\n## %s\n\n", g)
		}
		fmt.Fprintf(&b, "- %s\n", f[2])
	}
	b.WriteString("\n## Simple Log Service\n\nCall, method, path, and the RAM action that is asked for.\n\n")
	for _, line := range s.SLS().Routes() {
		name, rest, ok := strings.Cut(line, ": ")
		f := strings.Fields(rest)
		if !ok || len(f) < 2 || len(f) > 3 {
			t.Fatalf("route %q is not name, method, path, action", line)
		}
		fmt.Fprintf(&b, "- %s: `%s`%s\n", name, strings.Join(f[:2], " "), strings.Join(append([]string{""}, f[2:]...), " "))
	}
	b.WriteString("\n## Object Storage Service\n\nSignatures V1 and V4. The RAM action that is asked for is oss: and the name of the call.\n\n- PutBucketAcl: `PUT /?acl`\n- GetBucketAcl: `GET /?acl`\n- PutObject: `PUT /{key}`\n- GetObject: `GET /{key}`\n- HeadObject: `HEAD /{key}`, asks for oss:GetObject\n- DeleteObject: `DELETE /{key}`\n")
	b.WriteString("\n## Function Compute 2023-03-30\n\nThe RAM action that is asked for is fc: and the name of the call.\n\n")
	for _, line := range fc.Routes() {
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("route %q is not method, path, action", line)
		}
		fmt.Fprintf(&b, "- %s: `%s %s`\n", f[2], f[0], f[1])
	}
	b.WriteString("\nNot offered, and refused by name:\n\n")
	for _, line := range fc.Absent() {
		f := strings.Fields(line)
		fmt.Fprintf(&b, "- %s: `%s %s`\n", f[2], f[0], f[1])
	}
	return b.String()
}
