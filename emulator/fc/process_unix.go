//go:build unix && !linux

package fc

import (
	"os/exec"
	"syscall"
)

// isolate gives the process its own group.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// holdPort finds a free port, which this system may give to another program before ours takes it.
func holdPort() (port int, release func(), err error) {
	port, err = freePort()
	return port, func() {}, err
}

// peakMemory is not known on this system.
func peakMemory(int) float64 { return 0 }

// exitMemory is not known on this system.
func exitMemory(*instance) float64 { return 0 }

// alive is not known on this system; the wait before it is asked has to do.
func alive(int) bool { return true }

// loopbackOnly is not known on this system.
func loopbackOnly(int) bool { return false }
