package devserver

import "syscall"

// childAttributes puts the child into a process group of its own and has the
// kernel kill it when the thread that forked it ends. SIGKILL, because nobody is
// left to see to it that it ends: its database is safe against that, and the
// port is free at once.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
