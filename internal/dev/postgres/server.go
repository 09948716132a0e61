// Package postgres runs a private PostgreSQL server from the binaries that are
// installed on the machine: on 127.0.0.1, in a folder of its own, as an ordinary
// user even for root.
//
// The server does not outlive this process. It is the child of a shell that reads
// from a pipe whose other end only this process has: when this process ends, for
// any reason, the read ends, and the shell stops the server. That works on every
// system, needs no goroutine (tests look for leaked ones), and can clean up after
// this process.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amends/amends/internal/dev/loopback"
)

// Safety is the kind of failure that a commit survives.
type Safety string

// Kinds of safety, from the slowest to the fastest.
const (
	// PowerLoss waits for the disk at every commit.
	PowerLoss Safety = "power loss"
	// Death survives the death of any process, including the server's.
	Death Safety = "death"
	// Nothing is for data that is deleted with the server.
	Nothing Safety = "nothing"
)

// Superuser is the role that owns the server.
const Superuser = "postgres"

const (
	// readyTimeout bounds a start, which takes a second on an idle machine and longer
	// if the server must recover from a crash.
	readyTimeout = 60 * time.Second
	// askTimeout bounds one check: the server on the port may not be PostgreSQL.
	askTimeout = time.Second
	// unlockTimeout bounds the wait for the processes of a killed server, which hold
	// its shared memory until the last one has ended.
	unlockTimeout = 10 * time.Second
	// stopTimeout bounds an orderly end, which writes all memory to disk.
	stopTimeout = 20 * time.Second
)

// Options configures a server.
type Options struct {
	// Bin is the folder of the binaries; see [Find].
	Bin string
	// Dir keeps the data and the log. It must exist, belong to this server alone, and
	// be reachable for the user that runs the server, see [Reachable]; for root, Start
	// gives it to that user.
	Dir string
	// Port is a port on 127.0.0.1; 0 is any free one.
	Port int
	// Password is the superuser's password. It is set when the data folder is
	// created, and must stay the same. Empty admits every user of this machine.
	Password string
	// Safety is the safety of a commit.
	Safety Safety
	// Remove deletes Dir when the server ends.
	Remove bool
}

// Server is a running server.
type Server struct {
	// Port is the port on 127.0.0.1.
	Port int
	// DSN connects to the database postgres as the superuser.
	DSN string
	// Pid is the server's process id. The process may be killed, see [Server.Wait].
	Pid int

	o     Options
	shell *exec.Cmd
	// alive is our end of the shell's input. Only Stop writes to it; the shell takes
	// its end for the end of this process.
	alive *os.File
	// ends is our end of the shell's output, which it writes when the server has ended.
	ends *os.File
	wait func() error
}

// Start starts the server, creating its data if needed, and returns when it
// answers. ctx bounds the start only; the caller stops the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	as, err := own(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := o.makeData(ctx, as); err != nil {
		return nil, err
	}
	// Processes of a killed server may not have noticed its end yet.
	_, err = os.Stat(filepath.Join(o.data(), "postmaster.pid"))
	for late := time.Now().Add(unlockTimeout); ; {
		s, failed := o.start(ctx, as)
		if failed == nil {
			return s, nil
		}
		if err != nil || ctx.Err() != nil || time.Now().After(late) {
			return nil, failed
		}
		select {
		case <-ctx.Done():
			return nil, failed
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (o Options) start(ctx context.Context, as *syscall.SysProcAttr) (s *Server, err error) {
	s = &Server{o: o, Port: o.Port}
	if s.Port == 0 {
		if s.Port, err = loopback.FreePort(ctx); err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
	}
	u := url.URL{Scheme: "postgres", User: url.User(Superuser), Host: loopback.Address(s.Port), Path: "/postgres", RawQuery: "sslmode=disable"}
	if o.Password != "" {
		u.User = url.UserPassword(Superuser, o.Password)
	}
	s.DSN = u.String()
	if err := s.launch(as); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// ready waits until the server accepts the superuser.
func (s *Server) ready(ctx context.Context) error {
	for {
		err := s.ask(ctx)
		if err == nil {
			return nil
		}
		if s.gone(25 * time.Millisecond) {
			words := s.lastWords()
			return fmt.Errorf("postgres ended while it started (%w); its last words: %s", s.Wait(), words)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("postgres did not get ready: %w", err)
		}
	}
}

// ask returns nil if this server answers, and not another one that has taken the
// port before it.
func (s *Server) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var data string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&data); err != nil {
		return err
	}
	if data != s.o.data() {
		return fmt.Errorf("port %d belongs to another server", s.Port)
	}
	return nil
}

// gone waits for the server's end, and reports whether it has come in time.
func (s *Server) gone(within time.Duration) bool {
	if err := s.ends.SetReadDeadline(time.Now().Add(within)); err != nil {
		return true
	}
	_, err := s.ends.Read(make([]byte, 1)) // the shell writes nothing before the end of the server
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// lastWords returns the last FATAL message of a server that has ended, or "none".
func (s *Server) lastWords() string {
	if err := s.ends.SetReadDeadline(time.Now().Add(stopTimeout)); err != nil {
		return "none"
	}
	said, err := io.ReadAll(s.ends)
	words := strings.TrimSpace(string(said))
	if err != nil || words == "" {
		return "none"
	}
	return words
}

// Wait waits for the end of the server. It returns nil after an orderly end.
func (s *Server) Wait() error { return s.wait() }

// Stop ends the server in order, or by force after 20 seconds, and returns when it
// has ended. A repeat does nothing.
func (s *Server) Stop() error {
	// Writing fails if the shell has ended or Stop has run before.
	if _, err := s.alive.WriteString("INT\n"); err == nil && !s.gone(stopTimeout) {
		if err := syscall.Kill(s.Pid, syscall.SIGKILL); err != nil && !s.gone(0) {
			return fmt.Errorf("stop postgres (process %d): %w", s.Pid, err)
		}
	}
	_ = s.alive.Close() // it fails for a repeat, and the server has ended
	_ = s.Wait()        // the caller asked for the end, so how it came does not matter
	return nil
}

func (o Options) data() string { return filepath.Join(o.Dir, "data") }

// shellWait returns a function that reaps the shell on its first call.
func shellWait(shell *exec.Cmd, ends *os.File) func() error {
	return sync.OnceValue(func() error {
		err := shell.Wait()
		return errors.Join(err, ends.Close())
	})
}
