// Package temporal runs the Temporal dev server as a child process, tuned for
// sagas, with its state in a file.
//
// The server is a child process that does not outlive this one, see package child.
package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/loopback"
)

// Options configures a dev server.
type Options struct {
	// Bin is the Temporal CLI; see [Find].
	Bin string
	// Dir keeps the server's state, its log and a note of its process. It must exist;
	// the caller holds its lock, see package folder.
	Dir string
	// Port and UIPort are ports on 127.0.0.1; 0 is any free one.
	Port, UIPort int
	// SearchAttributes are registered, as Name=Type, when the server creates its
	// state. A later start ignores them; register additions through the API.
	SearchAttributes []string
	// Durable makes the server wait for the disk at every commit.
	Durable bool
	// Patience is how long a running server may answer nothing before [Server.Run]
	// restarts it; 0 means 10 s.
	Patience time.Duration
	// Logger gets warnings about the server; nil discards.
	Logger *slog.Logger
}

// Server is a running dev server.
type Server struct {
	// Address is host:port of the frontend, UI the URL of the Web UI.
	Address, UI string

	o     Options
	run   child.Options
	child *child.Process
}

const (
	// readyTimeout bounds a start, which takes about a second on an idle machine.
	readyTimeout = 60 * time.Second
	// readyTick is the time between two checks of a starting server.
	readyTick = 25 * time.Millisecond
	// stopTimeout bounds the time to close the database.
	stopTimeout = 4 * time.Second
)

// Start starts the server and returns when it answers. A port in use is a
// [loopback.PortError], returned before anything starts. ctx bounds the start
// only; the caller stops the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil { // a process with another working folder may read the note
		return nil, fmt.Errorf("dev server's folder: %w", err)
	}
	run := child.Options{
		Name:        "the Temporal dev server",
		Bin:         o.Bin,
		Env:         childEnvironment(os.Environ()),
		Log:         filepath.Join(o.Dir, "temporal.log"),
		Greeting:    greeting,
		Note:        filepath.Join(o.Dir, "temporal.pid"),
		Command:     "start-dev",
		State:       o.stateFile(),
		StopTimeout: stopTimeout,
		Logger:      o.Logger,
	}
	if err := child.EndStale(ctx, run); err != nil {
		return nil, err
	}
	port, err := loopback.Choose(ctx, "temporal_port", o.Port)
	if err != nil {
		return nil, err
	}
	uiPort, err := loopback.Choose(ctx, "ui_port", o.UIPort)
	if err != nil {
		return nil, err
	}
	run.Args = o.args(port, uiPort)
	s := &Server{
		Address: loopback.Address(port),
		UI:      "http://" + loopback.Address(uiPort),
		o:       o,
		run:     run,
	}
	if s.child, err = child.Start(run); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// ready returns when the server answers a probe. The search attributes are in the
// same state by then.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return s.child.Await(ctx, readyTick, func(ctx context.Context) error { return s.probe(ctx, readyTimeout) })
}

// Pid returns the server's process id.
func (s *Server) Pid() int { return s.child.Pid() }

// Done is closed when the server has ended, for any reason.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Err returns why a server ended that was not stopped. It is valid after [Server.Done].
func (s *Server) Err() error { return s.child.Failure() }

// Stop asks the server to end, kills it after 4 seconds, and returns when it has
// ended. A repeat does nothing.
func (s *Server) Stop() error { return s.child.Stop() }
