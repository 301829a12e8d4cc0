//go:build !unix

package main

import "syscall"

// unshared does nothing on this system.
func unshared(string, string, syscall.RawConn) error { return nil }
