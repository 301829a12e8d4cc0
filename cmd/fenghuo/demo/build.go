package demo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// FindRoot returns the root of the repository that holds dir.
func FindRoot(dir string) (string, error) {
	for d := dir; ; d = filepath.Dir(d) {
		b, err := os.ReadFile(filepath.Join(d, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), "module github.com/fenghuo-soc/fenghuo\n") {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", &soc.Error{
				Kind: soc.NotFound, Op: "find the repository", Resource: dir,
				Err: errors.New("no go.mod of Fenghuo here or above"), Next: "run the command inside a clone of the repository: it builds the functions from source",
			}
		}
	}
}

// Build compiles every function of the repository at root into <dir>/<function>/bootstrap and returns the names. It
// needs the Go toolchain. progress is called with every package that had to be compiled.
func Build(ctx context.Context, root, dir string, progress func(pkg string)) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		return nil, fmt.Errorf("list functions: %w", err)
	}
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, fmt.Errorf("make build directory: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-ldflags=-s -w", "-o", bin+string(filepath.Separator), "./functions/...")
	cmd.Dir = root
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("build functions: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, &soc.Error{Kind: soc.NotFound, Op: "build functions", Err: err, Next: "install Go: the demo builds the functions from source"}
	}
	var out bytes.Buffer
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if l := lines.Text(); strings.ContainsAny(l, " :") { // a message, not the name of a package
			out.WriteString(l + "\n")
		} else {
			progress(l)
		}
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &soc.Error{Kind: soc.Invalid, Op: "build functions", Err: fmt.Errorf("%w\n%s", err, tail(out.String(), 20))}
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		code := filepath.Join(dir, e.Name())
		if err := os.MkdirAll(code, 0o755); err != nil {
			return nil, fmt.Errorf("make code directory: %w", err)
		}
		if err := os.Rename(filepath.Join(bin, e.Name()), filepath.Join(code, "bootstrap")); err != nil {
			return nil, fmt.Errorf("place function %s: %w", e.Name(), err)
		}
		names = append(names, e.Name())
	}
	return names, os.Remove(bin)
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
