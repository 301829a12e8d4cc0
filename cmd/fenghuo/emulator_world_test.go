package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const worldFile = `region: cn-hangzhou
clock: {start: 2026-03-01T00:00:00Z, rate: 0}
accounts:
  - {uid: "2200000000000001", name: root, kind: management, enterprise: E, verified: true, root_key: true}
  - uid: "2200000000000002"
    name: shop
    kind: member
    enterprise: E
    verified: true
    logstores: [{project: shop-logs, logstore: audit, shards: 1}]
directory:
  enabled: true
  folders: [{path: Production, members: ["2200000000000002"]}]
`

// TestEmulatorWorldFile: the command serves a world of one's own, whose clock jumps on demand; its snapshot is a file from
// which the command starts again; a reset begins with the world.
func TestEmulatorWorldFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, saved := filepath.Join(dir, "world.yaml"), filepath.Join(dir, "snapshot.gz")
	if err := os.WriteFile(file, []byte(worldFile), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--world", file)
	ready := readyLine.FindStringSubmatch(s.line)
	if ready == nil || ready[3] != "2" {
		t.Fatalf("ready line %q", s.line)
	}
	in := getInfo(t, ready[4])
	if got := members(t, in, in.Accounts[0]); len(got) != 1 || got[0] != "2200000000000002" {
		t.Errorf("members %v", got)
	}
	if got := post(t, in.Endpoint+"/_emulator/clock", `{"advance":"24h"}`); !strings.Contains(got, "2026-03-02T00:00:00Z") {
		t.Errorf("clock: %s", got)
	}
	if err := os.WriteFile(saved, []byte(fetch(t, http.MethodGet, in.Endpoint+"/_emulator/snapshot", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	post(t, in.Endpoint+"/_emulator/reset", "")
	if got := fetch(t, http.MethodGet, in.Endpoint+"/_emulator/clock", ""); !strings.Contains(got, "2026-03-01T00:00:00Z") {
		t.Errorf("clock after a reset: %s", got)
	}
	if code, printed := s.end(t, syscall.SIGTERM); code != 0 || printed != "" {
		t.Errorf("exit code %d, %q", code, printed)
	}

	s = serve(t, "--snapshot", saved)
	ready = readyLine.FindStringSubmatch(s.line)
	if ready == nil || ready[3] != "2" {
		t.Fatalf("ready line %q", s.line)
	}
	again := getInfo(t, ready[4])
	if got := callerIdentity(t, again, in.Accounts[1]); got != "2200000000000002" {
		t.Errorf("the keys of the first run belong to %s", got)
	}
	if got := fetch(t, http.MethodGet, again.Endpoint+"/_emulator/clock", ""); !strings.Contains(got, "2026-03-02T00:00:00Z") {
		t.Errorf("clock of the snapshot: %s", got)
	}
	if code, _ := s.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	return fetch(t, http.MethodPost, url, body)
}

func fetch(t *testing.T, method, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %v %s", method, url, res.Status, err, b)
	}
	return string(b)
}

// BenchmarkEmulatorStart is the time from the start of the process to its ready line.
func BenchmarkEmulatorStart(b *testing.B) {
	for _, world := range []string{"empty", "example"} {
		b.Run(world, func(b *testing.B) {
			for b.Loop() {
				c := exec.CommandContext(b.Context(), "fenghuo", "emulator", "--listen", "127.0.0.1:0", "--world", world)
				out, err := c.StdoutPipe()
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Start(); err != nil {
					b.Fatal(err)
				}
				if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				_ = c.Process.Kill()
				_ = c.Wait() // was killed
				b.StartTimer()
			}
		})
	}
}
