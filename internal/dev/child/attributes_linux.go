package child

import (
	"context"
	"os"
	"strconv"
	"syscall"
)

// attributes puts the child into a process group of its own and has the kernel
// kill it when the thread that forked it ends. SIGKILL, because nobody is left to
// see to it that it ends: its database is safe against that, and the port is free
// at once.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// commandLine returns the arguments that a process was started with, "" if it is
// gone or not ours to look at.
func commandLine(_ context.Context, pid int) string {
	arguments, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return ""
	}
	return string(arguments)
}
