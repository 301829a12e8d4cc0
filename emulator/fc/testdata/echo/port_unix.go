//go:build unix

package main

import "syscall"

// unshared takes the option away with which servers share a port that is bound and not listened on.
func unshared(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
}
