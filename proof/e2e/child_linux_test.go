package e2e_test

import "syscall"

// attributesOfChild puts a child into a process group of its own, and lets the
// kernel end it when this process is killed.
func attributesOfChild() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
