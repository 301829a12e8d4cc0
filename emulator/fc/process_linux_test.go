package fc

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
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
