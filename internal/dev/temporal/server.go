// Package temporal runs the Temporal dev server as a child process, tuned for
// sagas, with its state in a file.
//
// The child never outlives us by accident (see package child); we stop it last,
// after the workers have drained.
package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/loopback"
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

	child *child.Process
	log   string // the file
}

const (
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
	run := child.Options{
		Name:        "dev server",
		Bin:         o.Bin,
		Env:         childEnvironment(os.Environ()),
		Log:         filepath.Join(o.Dir, "temporal.log"),
		Note:        filepath.Join(o.Dir, "temporal.pid"),
		Command:     "start-dev",
		State:       o.stateFile(),
		StopTimeout: stopTimeout,
		Logger:      o.Logger,
	}
	if err := child.EndStale(ctx, run); err != nil {
		return nil, err
	}
	port, err := choosePort(ctx, o.Port, "temporal_port")
	if err != nil {
		return nil, err
	}
	uiPort, err := choosePort(ctx, o.UIPort, "ui_port")
	if err != nil {
		return nil, err
	}
	run.Args = o.args(port, uiPort)
	s := &Server{
		Address: loopback.Address(port),
		UI:      "http://" + loopback.Address(uiPort),
		log:     run.Log,
	}
	if s.child, err = child.Start(run); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
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
		case <-s.Done():
			return fmt.Errorf("dev server ended while it started (%w); its last words: %s", s.child.Err(), s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("dev server did not get ready: %w", err)
		case <-tick.C:
		}
	}
}

// Pid returns the number of the server's process.
func (s *Server) Pid() int { return s.child.Pid() }

// Done is closed when the server is gone, whether we stopped it or not.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Err says why a server is gone that nobody stopped. It is valid after [Server.Done].
func (s *Server) Err() error {
	return fmt.Errorf("the Temporal dev server ended (%w); its last words: %s", s.child.Err(), s.lastWords())
}

// Stop asks the server to end, and kills it if it does not within 4 seconds. It
// returns when the process is gone. A repeat does nothing.
func (s *Server) Stop() error { return s.child.Stop() }
