//go:build unix && !linux

package child

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
)

// attributes puts the child into a process group of its own. These systems have no
// death signal: the next start ends a child that was left behind.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// commandLine returns the command line of a process, "" if the process does not
// exist or may not be inspected.
func commandLine(ctx context.Context, pid int) string {
	arguments, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(arguments)
}
