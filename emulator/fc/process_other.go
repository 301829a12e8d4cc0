//go:build !unix

package fc

import (
	"os"
	"os/exec"
)

// isolate does nothing: there are no process groups on this system.
func isolate(*exec.Cmd) {}

func terminateGroup(pid int) { killGroup(pid) }

func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

// holdPort finds a free port, which this system may give to another program before ours takes it.
func holdPort() (port int, release func(), err error) {
	port, err = freePort()
	return port, func() {}, err
}

// peakMemory is not known on this system.
func peakMemory(int) float64 { return 0 }

// exitMemory is not known on this system.
func exitMemory(*instance) float64 { return 0 }

// stopGroup does nothing: there is no such signal on this system.
func stopGroup(int) bool { return false }

func continueGroup(int) {}

// alive is not known on this system; the wait before it is asked has to do.
func alive(int) bool { return true }

// loopbackOnly is not known on this system.
func loopbackOnly(int) bool { return false }
