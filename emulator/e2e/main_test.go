package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
)

var (
	root     string // of the repository
	binaries string // folder with <function>/bootstrap; "" when nothing was built
)

// TestMain builds the functions once for all tests.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if root, err = filepath.Abs(filepath.Join("..", "..")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "fenghuo-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if _, err := demo.Build(context.Background(), root, dir, func(string) {}); err != nil {
		fmt.Fprintln(os.Stderr, "build the functions:", err)
		return 1
	}
	binaries = dir
	return m.Run()
}

// needFunctions skips a test that runs functions when they were not built.
func needFunctions(t *testing.T) {
	t.Helper()
	if binaries == "" {
		t.Skip("-short: the functions were not built")
	}
}
