// Package devserver runs the Temporal dev server as a child process, tuned for
// sagas, with its state in a file.
//
// The child never outlives us by accident. It is in a process group of its own,
// so that a terminal's Ctrl-C reaches only us and we stop it last, after the
// workers have drained. On Linux the kernel kills it when we die without a
// word; elsewhere, and when that failed, the next start finds what the last one
// noted in the data folder and ends it.
package devserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// Options says how the server is run.
type Options struct {
	// Bin is the Temporal CLI; see [Find].
	Bin string
	// Dir keeps the server's state, its log and a note of its process. It must
	// exist, and must be nobody else's: see [Lock].
	Dir string
	// Port and UIPort on 127.0.0.1; 0 is any free one.
	Port, UIPort int
	// SearchAttributes to register, as Name=Type. The server looks at them only
	// when it makes its state: what is added later must be registered by a call.
	SearchAttributes []string
	// Durable makes the server wait for the disk at every commit.
	Durable bool
	// Logger gets what the child's life is worth saying; nil discards.
	Logger *slog.Logger
}

// Server is a running dev server.
type Server struct {
	// Address is host:port of the frontend, UI the address of the Web UI.
	Address, UI string

	child  *os.Process
	log    *slog.Logger
	note   string
	exited chan struct{} // closed when the child is gone
	err    error         // why, valid then
}

const (
	host = "127.0.0.1"
	// readyTimeout bounds a start; on an idle machine one takes about a second.
	readyTimeout = 60 * time.Second
	// stopTimeout is what the child gets to close its database.
	stopTimeout = 4 * time.Second
)

// Start starts the server and returns when it answers. A port in use is said
// before anything starts. ctx bounds the start only; the caller stops the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil { // the note is read by a process that may start elsewhere
		return nil, fmt.Errorf("dev server's folder: %w", err)
	}
	note := filepath.Join(o.Dir, "temporal.pid")
	if err := endStale(ctx, note, o.Logger); err != nil {
		return nil, err
	}
	port, err := freePort(ctx, o.Port, "temporal_port")
	if err != nil {
		return nil, err
	}
	uiPort, err := freePort(ctx, o.UIPort, "ui_port")
	if err != nil {
		return nil, err
	}
	s := &Server{
		Address: net.JoinHostPort(host, strconv.Itoa(port)),
		UI:      "http://" + net.JoinHostPort(host, strconv.Itoa(uiPort)),
		log:     o.Logger,
		note:    note,
		exited:  make(chan struct{}),
	}
	if err := s.launch(o, port, uiPort); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// launch starts the child and a goroutine that lives as long as it does.
func (s *Server) launch(o Options, port, uiPort int) error {
	logFile, err := os.OpenFile(filepath.Join(o.Dir, "temporal.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("dev server's log: %w", err)
	}
	started := make(chan error, 1)
	go func() {
		defer logFile.Close()
		// The kernel's death signal follows the thread that forked, not the
		// process: the thread must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		cmd := exec.Command(o.Bin, o.args(port, uiPort)...) //nolint:gosec,noctx // the operator names the binary; Stop ends it, not a context
		cmd.Stdout, cmd.Stderr = logFile, logFile
		cmd.SysProcAttr = childAttributes()
		cmd.Env = childEnvironment(os.Environ())
		err := cmd.Start()
		if err == nil {
			s.child = cmd.Process
			err = writeNote(s.note, cmd.Process.Pid, o.stateFile())
		}
		started <- err
		if cmd.Process == nil {
			return
		}
		s.err = cmd.Wait()
		close(s.exited)
	}()
	if err := <-started; err != nil {
		if s.child != nil {
			return errors.Join(fmt.Errorf("dev server: %w", err), s.Stop())
		}
		return fmt.Errorf("start dev server: %w", err)
	}
	return nil
}

// ready asks the server until it answers for its default namespace.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	c, err := client.NewLazyClient(client.Options{HostPort: s.Address, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return fmt.Errorf("dev server's client: %w", err)
	}
	defer c.Close()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		// Counting goes through the namespace, its search attributes and the store.
		if _, err = count(ctx, c); err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("dev server ended while it started (%w); its last words: %s", s.err, s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("dev server did not get ready: %w", err)
		case <-tick.C:
		}
	}
}

// Done is closed when the server is gone, whether we stopped it or not.
func (s *Server) Done() <-chan struct{} { return s.exited }

// Err says why a server is gone that nobody stopped. It is valid after [Server.Done].
func (s *Server) Err() error {
	return fmt.Errorf("the Temporal dev server ended (%w); its last words: %s", s.err, s.lastWords())
}

// Stop asks the server to end, and kills it if it does not within 4 seconds. It
// returns when the process is gone. A repeat does nothing.
func (s *Server) Stop() error {
	defer os.Remove(s.note) // one that stays, of a dead process, is harmless
	for _, stop := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGTERM, stopTimeout}, {syscall.SIGKILL, stopTimeout}} {
		if err := s.child.Signal(stop.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop dev server: %w", err)
		}
		select {
		case <-s.exited:
			return nil
		case <-time.After(stop.wait):
			s.log.Warn("the dev server does not end", "signal", stop.signal.String())
		}
	}
	return fmt.Errorf("dev server (process %d) does not end", s.child.Pid)
}
