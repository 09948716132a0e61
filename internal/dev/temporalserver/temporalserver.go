// Package temporalserver runs the Temporal server itself on a PostgreSQL of this
// machine: what docker-compose.temporal.yml describes, without containers. Where
// the dev server is one process on SQLite with one history shard, this is the
// engine that production runs.
//
// It is told what the containers are told, in the same words: the server reads
// its configuration from the environment in both. What may differ is only where
// things are; a test compares the rest.
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
	// readyTimeout bounds a start; on an idle machine one takes about five seconds.
	readyTimeout = 90 * time.Second
	// askTimeout bounds one question of a start.
	askTimeout = 2 * time.Second
	// stopTimeout is what the server gets to end in order.
	stopTimeout = 10 * time.Second
)

// Options says how the server is run.
type Options struct {
	// Binaries are the server and its SQL tool; see [Find].
	Binaries Binaries
	// Dir keeps the server's log and notes. It must exist and be nobody else's.
	Dir string
	// Port of the frontend on 127.0.0.1; 0 is that of the last start on Dir, or any
	// free one. The ports that the server's parts use among themselves are free ones,
	// and the same at every start if they can be: they are who the parts are.
	Port int
	// Database is the PostgreSQL server that keeps the state.
	Database Database
	// Shards is the number of history shards of a new database; 0 is [Shards].
	Shards int
	// DynamicConfig is the dynamic configuration, YAML; nil is [deploy.DynamicConfig].
	DynamicConfig []byte
	// ProfilePort serves Go's profiles of the server on this machine; 0 does not.
	ProfilePort int
	// Logger gets what the server's life is worth saying; nil discards.
	Logger *slog.Logger
}

// Database is a PostgreSQL server on 127.0.0.1, and a role on it that may create
// databases.
type Database struct {
	Port           int
	User, Password string
}

// Server is a running server.
type Server struct {
	// Address is host:port of the frontend.
	Address string

	child *child.Process
	log   string // the file
}

// Start brings the databases' schemas up to the server's version, starts the
// server, and returns when it answers. It has no namespace but its own yet. A port
// in use is said before anything starts. ctx bounds the start only; the caller
// stops the server.
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
	if o.Dir, err = filepath.Abs(o.Dir); err != nil { // the note is read by a process that may start elsewhere
		return nil, fmt.Errorf("engine's folder: %w", err)
	}
	run := child.Options{
		Name: "engine",
		Bin:  o.Binaries.Server,
		// The folder is of no use to the server but for this: that its command line
		// says whose it is.
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
	s := &Server{Address: loopback.Address(p.Frontend), log: run.Log}
	if s.child, err = child.Start(run); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// migrate creates the databases and brings their schemas up to date, by the
// script that the containers run.
func (o Options) migrate(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", deploy.Schema) //nolint:gosec // our own script
	cmd.Dir = o.Dir
	cmd.Env = append(environ(o.toolEnvironment()), "PATH="+filepath.Dir(o.Binaries.SQLTool)+":/usr/bin:/bin")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("engine's schema: %w; its last words: %s", err, lastLine(string(said)))
	}
	return nil
}

// ready asks the server until it answers for its own namespace.
func (s *Server) ready(ctx context.Context) error {
	c, err := client.NewLazyClient(client.Options{HostPort: s.Address, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return fmt.Errorf("engine's client: %w", err)
	}
	defer c.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		// Counting goes through the frontend, the namespaces and the store.
		if err = count(ctx, c); err == nil {
			return nil
		}
		select {
		case <-s.Done():
			return fmt.Errorf("the engine ended while it started (%w); its last words: %s", s.child.Err(), s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("the engine did not get ready: %w", err)
		case <-tick.C:
		}
	}
}

func count(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_, err := c.WorkflowService().CountWorkflowExecutions(ctx, &workflowservicepb.CountWorkflowExecutionsRequest{Namespace: "temporal-system"})
	return err
}

// Pid returns the number of the server's process.
func (s *Server) Pid() int { return s.child.Pid() }

// Done is closed when the server is gone, whether we stopped it or not.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Err says why a server is gone that nobody stopped. It is valid after [Server.Done].
func (s *Server) Err() error {
	return fmt.Errorf("the engine ended (%w); its last words: %s", s.child.Err(), s.lastWords())
}

// Stop asks the server to end, and kills it if it does not within 10 seconds. It
// returns when the process is gone. A repeat does nothing.
func (s *Server) Stop() error { return s.child.Stop() }

func (s *Server) lastWords() string {
	content, err := os.ReadFile(s.log)
	if err != nil {
		return "none"
	}
	return lastLine(string(content))
}

// lastLine returns the last line that says something, "none" if none does.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return "none"
	}
	return fmt.Sprintf("%.500s", text[strings.LastIndexByte(text, '\n')+1:])
}
