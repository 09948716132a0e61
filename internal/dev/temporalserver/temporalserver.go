// Package temporalserver runs the Temporal server on a PostgreSQL server on this
// machine, as docker-compose.temporal.yml does with containers. This is the engine
// that production runs; the dev server, in comparison, is one process on SQLite
// with one history shard.
//
// Server and containers read the same configuration from their environment. Only
// locations, such as ports and folders, may differ; a test compares the rest.
package temporalserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/amends/amends/deploy"
	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/loopback"
)

const (
	// readyTimeout bounds a start, which takes about 5 s on an idle machine.
	readyTimeout = 90 * time.Second
	// readyTick is the time between two checks of a starting server.
	readyTick = 50 * time.Millisecond
	// askTimeout bounds one of these checks.
	askTimeout = 2 * time.Second
	// stopTimeout bounds an orderly end.
	stopTimeout = 10 * time.Second
)

// Options configures a server.
type Options struct {
	// Binaries are the server and its SQL tool; see [Find].
	Binaries Binaries
	// Dir keeps the server's log and notes. It must exist; the caller holds its lock,
	// see package folder.
	Dir string
	// Port is the frontend's port on 127.0.0.1; 0 is the port of the last start on
	// Dir, or any free one.
	Port int
	// Database keeps the state.
	Database Database
	// Shards is the number of history shards of a new database; 0 is [Shards].
	Shards int
	// DynamicConfig is the dynamic configuration as YAML; nil is [deploy.DynamicConfig].
	DynamicConfig []byte
	// ProfilePort is a port for Go's profiles of the server on this machine; 0 is none.
	ProfilePort int
	// Logger gets warnings about the server; nil discards.
	Logger *slog.Logger
}

// Database is a PostgreSQL server on 127.0.0.1 with a role that may create databases.
type Database struct {
	Port           int
	User, Password string
}

// Server is a running server.
type Server struct {
	// Address is host:port of the frontend.
	Address string

	child *child.Process
}

// Start migrates the databases to the server's version, starts the server, and
// returns when it answers. A new server has only its own namespace. A port in use
// is a [loopback.PortError], returned before anything starts. ctx bounds the start
// only; the caller stops the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.DynamicConfig == nil {
		o.DynamicConfig = deploy.DynamicConfig
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil { // a process with another working folder may read the note
		return nil, fmt.Errorf("engine's folder: %w", err)
	}
	run := child.Options{
		Name: "the engine",
		Bin:  o.Binaries.Server,
		// The server does not use the root folder; it marks the command line.
		Args:        []string{"--root", o.Dir, "--allow-no-auth", "start"},
		Log:         filepath.Join(o.Dir, "temporal.log"),
		Note:        filepath.Join(o.Dir, "temporal.pid"),
		Command:     "--allow-no-auth",
		State:       o.Dir,
		StopTimeout: stopTimeout,
		Logger:      o.Logger,
	}
	if err := child.EndStale(ctx, run); err != nil {
		return nil, err
	}
	p, err := choosePorts(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(o.dynamicConfig(), o.DynamicConfig, 0o600); err != nil {
		return nil, fmt.Errorf("engine's dynamic configuration: %w", err)
	}
	if err := o.migrate(ctx); err != nil {
		return nil, err
	}
	run.Env = environ(o.environment(p))
	s := &Server{Address: loopback.Address(p.Frontend)}
	if s.child, err = child.Start(run); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// migrate creates and migrates the databases by the script that the containers run.
func (o Options) migrate(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", deploy.Schema) //nolint:gosec // our own script
	cmd.Dir = o.Dir
	cmd.Env = append(environ(o.toolEnvironment()), "PATH="+filepath.Dir(o.Binaries.SQLTool)+":/usr/bin:/bin")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("engine's schema: %w; its last words: %s", err, lastLine(string(said)))
	}
	return nil
}

// ready waits until the server answers for its own namespace. Counting workflows
// involves the frontend, the namespaces and the store.
func (s *Server) ready(ctx context.Context) error {
	c, err := client.NewLazyClient(client.Options{HostPort: s.Address, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return fmt.Errorf("engine's client: %w", err)
	}
	defer c.Close()
	return s.child.Await(ctx, readyTick, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		_, err := c.WorkflowService().CountWorkflowExecutions(ctx, &workflowservicepb.CountWorkflowExecutionsRequest{Namespace: "temporal-system"})
		return err
	})
}

// Pid returns the server's process id.
func (s *Server) Pid() int { return s.child.Pid() }

// Done is closed when the server has ended, for any reason.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Err returns why a server ended that was not stopped. It is valid after [Server.Done].
func (s *Server) Err() error { return s.child.Failure() }

// Stop asks the server to end, kills it after 10 seconds, and returns when it has
// ended. A repeat does nothing.
func (s *Server) Stop() error { return s.child.Stop() }

// lastLine returns the last line of text, or "none" if it is empty.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return "none"
	}
	return fmt.Sprintf("%.500s", text[strings.LastIndexByte(text, '\n')+1:])
}
