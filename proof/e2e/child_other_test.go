//go:build !linux

package e2e_test

import "syscall"

// attributesOfChild puts a child into a process group of its own.
func attributesOfChild() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
