package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator"
)

// account is what a suite knows of an account.
type account struct {
	ID         string `json:"id"`
	Secret     string `json:"secret"`
	RootID     string `json:"rootId"`
	RootSecret string `json:"rootSecret"`
}

// TestSuites runs every suite against an emulator of its own.
func TestSuites(t *testing.T) {
	t.Parallel()
	dir := prepare(t)
	suites, err := filepath.Glob("*.suite.js")
	if err != nil || len(suites) == 0 {
		t.Fatalf("no suites: %v", err)
	}
	for _, suite := range suites {
		t.Run(strings.TrimSuffix(suite, ".suite.js"), func(t *testing.T) {
			t.Parallel()
			run(t, dir, suite, start(t))
		})
	}
}

// prepare returns a folder with the suites and their packages, or skips.
func prepare(t *testing.T) string {
	t.Helper()
	modules, install := os.Getenv("FENGHUO_NODE_MODULES"), os.Getenv("FENGHUO_NODE") == "1"
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("Node.js is not installed: the suites of the official npm clients do not run")
	}
	if modules == "" && !install {
		t.Skip("set FENGHUO_NODE=1 to install the official npm clients into a temporary folder, or FENGHUO_NODE_MODULES to a folder that has them")
	}
	dir := t.TempDir()
	files, err := filepath.Glob("*.js*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, f), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if modules != "" {
		if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	return dir
}

// start runs an emulator with the example world and describes it to a suite.
func start(t *testing.T) string {
	t.Helper()
	world, err := emulator.LoadWorld("example")
	if err != nil {
		t.Fatal(err)
	}
	world.Logs.Records = 0
	world.Directory.Trusted = []string{"ros.aliyuncs.com"}
	world.LogService.DocumentedQuotas = true
	s, err := emulator.Start(emulator.Options{World: world, StackInstanceTime: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil { // the test's own context has ended by now
			t.Error(err)
		}
	})
	info := s.Info()
	accounts := map[string]account{}
	for _, a := range info.Accounts {
		id, secret := s.IAM().SeedRootKey(a.UID)
		accounts[a.UID] = account{a.AccessKeyID, a.AccessKeySecret, id, secret}
	}
	b, err := json.Marshal(map[string]any{"host": strings.TrimPrefix(info.Endpoint, "http://"), "region": info.Region, "accounts": accounts})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// run makes a subtest of every line that the suite reports.
func run(t *testing.T, dir, suite, cloud string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "node", suite)
	c.Dir = dir
	c.Env = append(os.Environ(), "FENGHUO_CLOUD="+cloud, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	n := 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r struct{ Name, Error string }
		if json.Unmarshal(lines.Bytes(), &r) != nil || r.Name == "" {
			t.Logf("%s", lines.Bytes())
			continue
		}
		n++
		t.Run(r.Name, func(t *testing.T) {
			if r.Error != "" {
				t.Error(r.Error)
			}
		})
	}
	if err != nil {
		t.Fatalf("%s after %d checks: %v\n%s", suite, n, err, stderr.String())
	}
	t.Logf("%d checks", n)
	if n == 0 {
		t.Errorf("%s reports nothing", suite)
	}
}
