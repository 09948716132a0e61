package devserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A note is "PID STATEFILE": which process serves which file.
func writeNote(path string, pid int, stateFile string) error {
	return os.WriteFile(path, []byte(strconv.Itoa(pid)+" "+stateFile), 0o600)
}

// endStale ends the server that an earlier process left behind: one that the
// note names, and whose command line says that it serves the same state. Where
// the kernel takes the child along there is none.
func endStale(ctx context.Context, note string, log *slog.Logger) error {
	content, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("dev server's note: %w", err)
	}
	number, stateFile, _ := strings.Cut(string(content), " ")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 1 || stateFile == "" || !serves(ctx, pid, stateFile) {
		return nil // written half, or the process is gone, or its number is somebody else's now
	}
	log.Warn("ending the dev server that an earlier run left behind", "process", pid)
	process, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("dev server that was left behind: %w", err)
	}
	if err := process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end the dev server that was left behind: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for serves(ctx, pid, stateFile) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("dev server that was left behind (process %d) does not end", pid)
		case <-tick.C:
		}
	}
	return nil
}

// serves says whether the process is a dev server of that state.
func serves(ctx context.Context, pid int, stateFile string) bool {
	line := commandLine(ctx, pid)
	return strings.Contains(line, "start-dev") && strings.Contains(line, stateFile)
}
