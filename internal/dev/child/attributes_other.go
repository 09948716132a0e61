//go:build unix && !linux

package child

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
)

// attributes puts the child into a process group of its own. There is no death
// signal here: the next start ends a child that was left behind.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// commandLine returns the arguments that a process was started with, "" if it is
// gone or not ours to look at.
func commandLine(ctx context.Context, pid int) string {
	arguments, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(arguments)
}
