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

// writeNote writes "PID STATE": the process that serves a state.
func writeNote(path string, pid int, state string) error {
	return os.WriteFile(path, []byte(strconv.Itoa(pid)+" "+state), 0o600)
}

// EndStale kills the server that an earlier parent left behind: the process in the
// note of o, if its command line shows the same command and state. Without such a
// process, as on Linux, it does nothing.
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
		return nil // the note is damaged, the process has ended, or its id belongs to another one
	}
	o.Logger.Warn("ending a server that an earlier run left behind", "server", o.Name, "process", pid)
	process, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("%s that was left behind: %w", o.Name, err)
	}
	if err := process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s that was left behind: %w", o.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, killTimeout)
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

// serves reports whether the process runs the command on the state.
func serves(ctx context.Context, pid int, command, state string) bool {
	line := commandLine(ctx, pid)
	return strings.Contains(line, command) && strings.Contains(line, state)
}
