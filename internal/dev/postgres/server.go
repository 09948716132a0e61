// Package postgres runs a private PostgreSQL from the binaries that the machine
// has: on 127.0.0.1, in a folder of its own, as an ordinary user even if we are
// root.
//
// The server never outlives us by accident. It is the child of a shell that reads
// from a pipe whose other end only we have: when we end, however we do, the read
// ends, and the shell stops the server. That works on every system, needs no
// goroutine of ours (tests look for leaked ones), and lets somebody clean up
// behind us.
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

// Safety says what a commit survives.
type Safety string

// What a commit survives, from the slowest to the fastest.
const (
	// PowerLoss waits for the disk at every commit.
	PowerLoss Safety = "power loss"
	// Death survives the death of any process, the server's own included.
	Death Safety = "death"
	// Nothing is for data that ends with the server.
	Nothing Safety = "nothing"
)

// Superuser is the role that owns the server.
const Superuser = "postgres"

const (
	// readyTimeout bounds a start; on an idle machine one takes a second, after a
	// crash as long as the recovery.
	readyTimeout = 60 * time.Second
	// askTimeout bounds one question: what has the port may be no PostgreSQL.
	askTimeout = time.Second
	// unlockTimeout bounds the wait for processes of a server that was killed: its
	// memory is theirs until the last one has seen it.
	unlockTimeout = 10 * time.Second
	// stopTimeout is what the server gets to write what it has in memory.
	stopTimeout = 20 * time.Second
)

// Options says how the server is run.
type Options struct {
	// Bin is the folder of the binaries; see [Find].
	Bin string
	// Dir keeps the data and the log. It must exist, be nobody else's, and be
	// within reach of the user that runs the server; see [Reachable]. If we are
	// root, it becomes that user's.
	Dir string
	// Port on 127.0.0.1; 0 is any free one.
	Port int
	// Password is the superuser's, set when the data is made: the same must be
	// given ever after. Empty lets everybody on this machine in.
	Password string
	// Safety of a commit.
	Safety Safety
	// Remove removes Dir when the server ends.
	Remove bool
}

// Server is a running server.
type Server struct {
	// Port is where it listens, on 127.0.0.1.
	Port int
	// DSN is the superuser's, of the database postgres.
	DSN string
	// Pid is the server's process. It may be killed: see [Server.Wait].
	Pid int

	o     Options
	shell *exec.Cmd
	// alive is our end of the shell's input. It is kept open and written only by
	// Stop: that it closes tells the shell that we are gone.
	alive *os.File
	// ends is our end of its output, which it writes when the server is gone.
	ends *os.File
	wait func() error
}

// Start starts the server, on new data if there is none in the folder, and
// returns when it answers. ctx bounds the start only; the caller stops the server.
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
	// A server that was killed may have left processes that have not noticed yet.
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

// ready asks the server until it lets us in.
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

// ask returns nil if the server answers, and it is ours that does: somebody
// else's may have taken the port before it.
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
		return fmt.Errorf("port %d is of another server", s.Port)
	}
	return nil
}

// gone waits that long for the server's end, and says whether it has come.
func (s *Server) gone(within time.Duration) bool {
	if err := s.ends.SetReadDeadline(time.Now().Add(within)); err != nil {
		return true
	}
	_, err := s.ends.Read(make([]byte, 1)) // the shell's first word is the end of the server
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// lastWords returns the last complaint of a server that is gone.
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

// Wait returns when the server is gone, and how it ended; nil is in order.
func (s *Server) Wait() error { return s.wait() }

// Stop has the server write what it has in memory and end, by force if it does
// not, and returns when it is gone. A repeat does nothing.
func (s *Server) Stop() error {
	// A shell that is gone reads nothing, and what is closed cannot be written.
	if _, err := s.alive.WriteString("INT\n"); err == nil && !s.gone(stopTimeout) {
		if err := syscall.Kill(s.Pid, syscall.SIGKILL); err != nil && !s.gone(0) {
			return fmt.Errorf("stop postgres (process %d): %w", s.Pid, err)
		}
	}
	_ = s.alive.Close()
	_ = s.Wait() // how it ended is for those who did not ask it to
	return nil
}

func (o Options) data() string { return filepath.Join(o.Dir, "data") }

// shellWait reaps the shell once, for everybody who asks.
func shellWait(shell *exec.Cmd, ends *os.File) func() error {
	return sync.OnceValue(func() error {
		err := shell.Wait()
		return errors.Join(err, ends.Close())
	})
}
