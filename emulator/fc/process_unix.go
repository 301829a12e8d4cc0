//go:build unix && !linux

package fc

import (
	"os/exec"
	"syscall"
)

// isolate gives the process its own group.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminateGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// peakMemory is not known on this system.
func peakMemory(int) float64 { return 0 }

// exitMemory is not known on this system.
func exitMemory(*instance) float64 { return 0 }
