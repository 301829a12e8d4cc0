package fc

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A child of the function is in its process group and goes with it.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	pid, err := strconv.Atoi(string(f.invoke(`{"mode":"child"}`).Body))
	if err != nil {
		t.Fatal(err)
	}
	if !alive(pid) {
		t.Fatal("the child does not run")
	}
	if err := f.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for range rounds {
		if !alive(pid) {
			return
		}
		f.pause() // the kill is sent; the system takes a moment
	}
	t.Errorf("child %d outlives the service", pid)
}

// An idle instance is stopped, and runs on with the next request.
func TestFreeze(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		f := start(t, Options{NoFreeze: off})
		f.create(nil)
		var got struct{ PID int }
		for range 3 {
			if err := json.Unmarshal(f.invoke(`{"mode":"env"}`).Body, &got); err != nil {
				t.Fatal(err)
			}
			frozen := false
			for range rounds { // the signal takes a moment to reach every thread
				status, _ := os.ReadFile("/proc/" + strconv.Itoa(got.PID) + "/stat")
				if frozen = strings.Contains(string(status), ") T "); frozen || off {
					break
				}
				f.pause()
			}
			if frozen == off {
				t.Errorf("NoFreeze %v: frozen %v", off, frozen)
			}
		}
	}
}

// TestHeldPort: a held port is taken for the system, and free for a server that asks for it by number.
func TestHeldPort(t *testing.T) {
	t.Parallel()
	port, release, err := holdPort()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("", strconv.Itoa(port))
	alone := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
	}}
	if l, err := alone.Listen(t.Context(), "tcp", address); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a listener that shares nothing: %v, %v; want a port in use", l, err)
	}
	for _, done := range []func(){release, func() {}} { // while it is held, and after
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		done()
	}
}

// TestServerThatSharesNoPort: a program that cannot take a held port gets another one.
func TestServerThatSharesNoPort(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"environmentVariables": map[string]string{"MODE": "own-port"}})
	if r := f.invoke("x"); string(r.Body) != "x" {
		t.Errorf("%+v", r)
	}
}

func TestLoopbackOnly(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"environmentVariables": map[string]string{"LISTEN": "127.0.0.1"}})
	if r := f.invoke("x"); r.Code != codeNotStarted || !strings.Contains(r.Message, "loopback") {
		t.Errorf("a server on loopback: %+v", r)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"environmentVariables": map[string]string{"LISTEN": "0.0.0.0"}})
	if r := f.invoke("x"); string(r.Body) != "x" {
		t.Errorf("a server on all addresses: %+v", r)
	}
	for address, want := range map[string]bool{
		"0100007F": true, "00000000": false, "00000000000000000000000001000000": true,
		"0000000000000000FFFF00000100007F": true, "00000000000000000000000000000000": false,
	} {
		if got := loopbackHex(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
