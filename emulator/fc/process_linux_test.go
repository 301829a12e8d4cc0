package fc

import (
	"context"
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
	if !running(pid) {
		t.Fatal("the child does not run")
	}
	if err := f.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for range 400 {
		if !running(pid) {
			return
		}
		f.pause() // the kill is sent; the system takes a moment
	}
	t.Errorf("child %d outlives the service", pid)
}

// running is false for a process that has ended, reaped or not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(status), ") Z ")
}
