package victim

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/amends/amends/proof/wait"
)

// Killed returns an error unless the error of a process that has ended says that
// SIGKILL ended it.
func Killed(how error) error {
	exit, ok := errors.AsType[*exec.ExitError](how)
	if !ok {
		return fmt.Errorf("it ended by itself: %w", how)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("it ended by itself: %w", exit)
	}
	return nil
}

// Freeze stops a process for that time, and returns an error unless the system called it
// stopped at the beginning and at the end.
func Freeze(ctx context.Context, name string, pid int, during time.Duration) (err error) {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, syscall.Kill(pid, syscall.SIGCONT)) }()
	if err := wait.Until(ctx, name+" is stopped", func() bool { return stopped(ctx, pid) }); err != nil {
		return err
	}
	began := time.Now()
	if err := wait.For(ctx, during); err != nil {
		return err
	}
	if !stopped(ctx, pid) || time.Since(began) < during {
		return fmt.Errorf("%s was not stopped all the time", name)
	}
	return nil
}

// stopped reports whether the system calls a process stopped.
func stopped(ctx context.Context, pid int) bool {
	state, err := exec.CommandContext(ctx, "ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec // a number
	return err == nil && strings.HasPrefix(strings.TrimSpace(string(state)), "T")
}

// childrenOf lists the children of a process.
func childrenOf(ctx context.Context, parent int) ([]int, error) {
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var children []int
	for line := range strings.Lines(string(out)) {
		pid, ppid, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.TrimSpace(ppid) != strconv.Itoa(parent) {
			continue
		}
		n, err := strconv.Atoi(pid)
		if err != nil {
			return nil, fmt.Errorf("list processes: %w", err)
		}
		children = append(children, n)
	}
	return children, nil
}
