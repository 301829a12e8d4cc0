package fc

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// isolate gives the process its own group, and lets the kernel kill it when the emulator dies.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// holdPort finds a free port on the loopback interface and keeps the system from handing it to anyone who asks for some
// port, until release. A program that asks for this very port gets it, if it sets SO_REUSEADDR as servers do.
func holdPort() (port int, release func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		release = func() { _ = syscall.Close(fd) }
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		var at syscall.Sockaddr
		if at, err = syscall.Getsockname(fd); err == nil {
			return at.(*syscall.SockaddrInet4).Port, release, nil
		}
	}
	if release != nil {
		release()
	}
	return 0, nil, fmt.Errorf("find a port: %w", err)
}

// peakMemory is the highest resident size so far, in MB; 0 when it cannot be read.
func peakMemory(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

// exitMemory is the highest resident size of a process that has ended, in MB.
func exitMemory(in *instance) float64 {
	if u, ok := in.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		return float64(u.Maxrss) / 1024
	}
	return 0
}

// alive tells whether a process runs, and has not ended without its parent having noticed.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, found := strings.Cut(string(stat), ") ")
	return err == nil && found && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// loopbackOnly tells whether whoever listens on a port does so on loopback addresses alone; false when it cannot be read.
func loopbackOnly(port int) bool {
	want, found := fmt.Sprintf(":%04X", port), false
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			// sl, local address, remote address, state; 0A is listening, the bytes of addresses are little-endian words
			field := strings.Fields(line)
			if len(field) < 4 || field[3] != "0A" || !strings.HasSuffix(field[1], want) {
				continue
			}
			if found = true; !loopbackHex(strings.TrimSuffix(field[1], want)) {
				return false
			}
		}
	}
	return found
}

// loopbackHex tells of an address of /proc/net/tcp whether it is 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104.
func loopbackHex(a string) bool {
	const v6 = "00000000000000000000000001000000"
	return len(a) == 8 && strings.HasSuffix(a, "7F") || a == v6 || len(a) == 32 && strings.HasPrefix(a, "0000000000000000FFFF0000") && strings.HasSuffix(a, "7F")
}
