// Package child runs a server as a child process that never outlives us by
// accident.
//
// The child is in a process group of its own, so that a terminal's Ctrl-C reaches
// only us and we stop it when its users have ended. On Linux the kernel kills it
// when we die without a word; elsewhere, and when that failed, the next start
// finds what the last one noted and ends it.
package child

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Options says what is run.
type Options struct {
	// Name is what messages call it: "dev server".
	Name string
	// Bin is run with Args. Env is all of its environment.
	Bin       string
	Args, Env []string
	// Log is the file that its output replaces.
	Log string
	// Note is the file that names the process while it runs, for [EndStale].
	Note string
	// Command and State are parts of its command line that together no other
	// process has: what it does, and the file or folder that it does it to.
	Command, State string
	// StopTimeout is what it gets to end when it is asked to.
	StopTimeout time.Duration
	// Logger gets what its life is worth saying.
	Logger *slog.Logger
}

// Process is a child that was started.
type Process struct {
	o       Options
	process *os.Process
	exited  chan struct{} // closed when it is gone
	err     error         // why, valid then
}

// Start starts the process and a goroutine that lives as long as it does. The
// caller stops it.
func Start(o Options) (*Process, error) {
	logFile, err := os.OpenFile(o.Log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s's log: %w", o.Name, err)
	}
	p := &Process{o: o, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer logFile.Close()
		// The kernel's death signal follows the thread that forked, not the
		// process: the thread must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		cmd := exec.Command(o.Bin, o.Args...) //nolint:gosec,noctx // the operator names the binary; Stop ends it, not a context
		cmd.Stdout, cmd.Stderr = logFile, logFile
		cmd.SysProcAttr = attributes()
		cmd.Env = o.Env
		err := cmd.Start()
		if err == nil {
			p.process = cmd.Process
			err = writeNote(o.Note, cmd.Process.Pid, o.State)
		}
		started <- err
		if cmd.Process == nil {
			return
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		if p.process != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", o.Name, err), p.Stop())
		}
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	return p, nil
}

// Pid returns the number of the process.
func (p *Process) Pid() int { return p.process.Pid }

// Done is closed when the process is gone, whether we stopped it or not.
func (p *Process) Done() <-chan struct{} { return p.exited }

// Err returns how the process ended. It is valid after [Process.Done].
func (p *Process) Err() error { return p.err }

// Stop asks the process to end, and kills it if it does not within its time. It
// returns when the process is gone. A repeat does nothing.
func (p *Process) Stop() error {
	defer os.Remove(p.o.Note) // one that stays, of a dead process, is harmless
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := p.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop %s: %w", p.o.Name, err)
		}
		select {
		case <-p.exited:
			return nil
		case <-time.After(p.o.StopTimeout):
			p.o.Logger.Warn("a server does not end", "server", p.o.Name, "signal", signal.String())
		}
	}
	return fmt.Errorf("%s (process %d) does not end", p.o.Name, p.process.Pid)
}
