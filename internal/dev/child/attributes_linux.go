package child

import (
	"context"
	"os"
	"strconv"
	"syscall"
)

// attributes puts the child into a process group of its own and makes the kernel
// kill it when the thread that forked it ends. The signal is SIGKILL because no
// process is left to wait for a slower end; it frees the port at once, and the
// databases of our servers survive it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// commandLine returns the command line of a process, "" if the process does not
// exist or may not be inspected.
func commandLine(_ context.Context, pid int) string {
	arguments, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return ""
	}
	return string(arguments)
}
