package child

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A note is "PID STATE": which process serves which state.
func writeNote(path string, pid int, state string) error {
	return os.WriteFile(path, []byte(strconv.Itoa(pid)+" "+state), 0o600)
}

// EndStale ends the process that an earlier one of ours left behind: one that
// the note of o names, and whose command line says that it is such a server of the
// same state. Where the kernel takes the child along there is none.
func EndStale(ctx context.Context, o Options) error {
	content, err := os.ReadFile(o.Note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s's note: %w", o.Name, err)
	}
	number, state, _ := strings.Cut(string(content), " ")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 1 || state == "" || !serves(ctx, pid, o.Command, state) {
		return nil // written half, or the process is gone, or its number is somebody else's now
	}
	o.Logger.Warn("ending a server that an earlier run left behind", "server", o.Name, "process", pid)
	process, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("%s that was left behind: %w", o.Name, err)
	}
	if err := process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end the %s that was left behind: %w", o.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.StopTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for serves(ctx, pid, o.Command, state) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s that was left behind (process %d) does not end", o.Name, pid)
		case <-tick.C:
		}
	}
	return nil
}

// serves says whether the process is such a server of that state.
func serves(ctx context.Context, pid int, command, state string) bool {
	line := commandLine(ctx, pid)
	return strings.Contains(line, command) && strings.Contains(line, state)
}
