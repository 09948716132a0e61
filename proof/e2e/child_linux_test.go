package e2e_test

import "syscall"

// attributesOfChild puts a child into a process group of its own, and has the
// kernel end it when we die without a word.
func attributesOfChild() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
