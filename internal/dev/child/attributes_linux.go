package child

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"time"
)

// attributes puts the child into a process group of its own and makes the kernel
// kill it when the thread that forked it ends. The signal is SIGKILL because no
// process is left to wait for a slower end; it frees the port at once, and the
// databases of our servers survive it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// betweenPrograms bounds how long a process is asked again that has no command line
// because another program replaces it.
const betweenPrograms = 5 * time.Second

// commandLine returns the command line of a process, "" if the process does not
// exist or may not be inspected. The kernel shows none while a process is replaced by
// another program, as the shell of [Start] is: such a process, which has a program but
// no command line, is asked until it has one.
func commandLine(ctx context.Context, pid int) string {
	ctx, cancel := context.WithTimeout(ctx, betweenPrograms)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	proc := "/proc/" + strconv.Itoa(pid)
	for {
		arguments, err := os.ReadFile(proc + "/cmdline")
		if _, gone := os.Readlink(proc + "/exe"); err != nil || len(arguments) > 0 || gone != nil {
			return string(arguments) // of a zombie and of the kernel's own process: none
		}
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}
