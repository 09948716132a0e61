// Package child runs a server as a child process that does not outlive its
// parent.
//
// A child has a process group of its own: Ctrl-C in a terminal reaches only the
// parent, which stops the child after the child's clients. If the parent dies
// without stopping it, Linux kills the child; on other systems the next start of
// the same server does, see [EndStale].
package child

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// Options configures a child.
type Options struct {
	// Name names the server in errors: "dev server".
	Name string
	// Bin is the executable, Args are its arguments, Env is its whole environment.
	Bin       string
	Args, Env []string
	// Log is the file that receives the output; a start truncates it.
	Log string
	// Greeting matches lines of the log that do not explain why the server ended;
	// nil matches none.
	Greeting *regexp.Regexp
	// Note is the file that names the process while it runs, for [EndStale].
	Note string
	// Command and State are parts of the command line that together identify the
	// server: its job, and the file or folder that it works on.
	Command, State string
	// StopTimeout bounds the wait of [Process.Stop] for a server that was asked to end.
	StopTimeout time.Duration
	// Logger gets warnings about a server that does not end.
	Logger *slog.Logger
}

// killTimeout bounds the wait after SIGKILL, which a process cannot refuse: only the
// kernel decides how long its end takes.
const killTimeout = 30 * time.Second

// Process is a started child.
type Process struct {
	o       Options
	process *os.Process
	exited  chan struct{} // closed when the process has ended
	err     error         // valid after exited is closed
}

// Start starts the process; only this user can read the files that it creates. The
// caller stops it.
func Start(o Options) (*Process, error) {
	if _, err := exec.LookPath(o.Bin); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	logFile, err := os.OpenFile(o.Log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s's log: %w", o.Name, err)
	}
	p := &Process{o: o, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer logFile.Close()
		// The kernel's death signal follows the thread that forked, not the parent
		// process, so the thread must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		// The shell limits the files that the child creates to their owner, and is replaced
		// by it. This process's own umask is no way: it would hold for every thread.
		args := append([]string{"-c", `umask 077; exec "$0" "$@"`, o.Bin}, o.Args...)
		cmd := exec.Command("/bin/sh", args...) //nolint:gosec,noctx // the operator names the binary; Stop ends it, not a context
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

// Pid returns the process id.
func (p *Process) Pid() int { return p.process.Pid }

// Done is closed when the process has ended, for any reason.
func (p *Process) Done() <-chan struct{} { return p.exited }

// Err returns how the process ended, nil for exit code 0. It is valid after
// [Process.Done].
func (p *Process) Err() error { return p.err }

// Stop sends SIGTERM, and SIGKILL if the process does not end within its
// StopTimeout, and returns when it has ended. A repeat does nothing.
func (p *Process) Stop() error {
	defer os.Remove(p.o.Note) // if that fails: the note of an ended process is harmless
	if ended, err := p.end(syscall.SIGTERM, p.o.StopTimeout); ended || err != nil {
		return err
	}
	return p.Kill()
}

// Kill sends SIGKILL, as a crash ends a process: it finishes nothing, and tells no one. Kill
// returns when the process has ended. A repeat does nothing.
func (p *Process) Kill() error {
	defer os.Remove(p.o.Note) // as above
	if ended, err := p.end(syscall.SIGKILL, killTimeout); ended || err != nil {
		return err
	}
	return fmt.Errorf("%s (process %d) does not end", p.o.Name, p.process.Pid)
}

// end sends a signal, and reports whether the process ends within a time.
func (p *Process) end(signal syscall.Signal, within time.Duration) (bool, error) {
	if err := p.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, fmt.Errorf("stop %s: %w", p.o.Name, err)
	}
	select {
	case <-p.exited:
		return true, nil
	case <-time.After(within):
		p.o.Logger.Warn("a server does not end", "server", p.o.Name, "signal", signal.String())
		return false, nil
	}
}
