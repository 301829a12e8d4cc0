//go:build unix

package fc

import "syscall"

func terminateGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// stopGroup halts every process of a group; false when the system cannot.
func stopGroup(pid int) bool { return syscall.Kill(-pid, syscall.SIGSTOP) == nil }

func continueGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGCONT) }
