package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporalserver"
)

// postgresServer is a PostgreSQL server that may be killed and started again.
type postgresServer struct {
	o      postgres.Options
	victim sync.Mutex // one fault at a time
	server *postgres.Server
}

// startPostgres starts a server on new data in dir.
func startPostgres(ctx context.Context, dir string) (*postgresServer, error) {
	bin, err := postgres.Find()
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := loopback.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	p := &postgresServer{o: postgres.Options{Bin: bin, Dir: dir, Port: port, Password: "chaos", Safety: postgres.Death}}
	return p, p.start(ctx)
}

func (p *postgresServer) start(ctx context.Context) error {
	server, err := postgres.Start(ctx, p.o)
	if err == nil {
		p.server = server
	}
	return err
}

// kill ends the server with all its processes at once, as a power cut does:
// PostgreSQL's backends would otherwise finish their work.
func (p *postgresServer) kill(ctx context.Context) error {
	sessions, err := childrenOf(ctx, p.server.Pid)
	if err != nil {
		return err
	}
	err = syscall.Kill(p.server.Pid, syscall.SIGKILL)
	for _, pid := range sessions {
		if gone := syscall.Kill(pid, syscall.SIGKILL); gone != nil && !errors.Is(gone, syscall.ESRCH) {
			err = errors.Join(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("kill postgres: %w", err)
	}
	exit, ok := errors.AsType[*exec.ExitError](p.server.Wait())
	if !ok || exit.ExitCode() != 128+int(syscall.SIGKILL) {
		return fmt.Errorf("postgres did not end by SIGKILL: %w", p.server.Wait())
	}
	return p.server.Stop() // closes what is ours
}

// recovers starts the server again, and returns an error unless it had to recover
// from a crash.
func (p *postgresServer) recovers(ctx context.Context) error {
	if err := p.start(ctx); err != nil {
		return err
	}
	log, err := os.ReadFile(filepath.Join(p.o.Dir, "postgres.log"))
	if err != nil {
		return err
	}
	if !bytes.Contains(log, []byte("database system was not properly shut down; automatic recovery in progress")) {
		return errors.New("postgres started without recovery")
	}
	return nil
}

// childrenOf lists the children of a process.
func childrenOf(ctx context.Context, parent int) ([]int, error) {
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var children []int
	for line := range strings.Lines(string(out)) {
		pid, ppid, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.TrimSpace(ppid) != strconv.Itoa(parent) {
			continue
		}
		n, err := strconv.Atoi(pid)
		if err != nil {
			return nil, fmt.Errorf("list processes: %w", err)
		}
		children = append(children, n)
	}
	return children, nil
}

// engineServer is a Temporal server that may be killed and started again.
type engineServer struct {
	o      temporalserver.Options
	victim sync.RWMutex // one fault at a time, its PostgreSQL's included; readers keep it whole
	server *temporalserver.Server
}

// startEngine starts a Temporal server on a PostgreSQL of its own.
func startEngine(ctx context.Context, dir string, binaries temporalserver.Binaries, on *postgresServer) (*engineServer, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := loopback.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	e := &engineServer{o: temporalserver.Options{
		Binaries: binaries, Dir: dir, Port: port,
		Database: temporalserver.Database{Port: on.server.Port, User: postgres.Superuser, Password: on.o.Password},
	}}
	return e, e.start(ctx)
}

func (e *engineServer) start(ctx context.Context) error {
	server, err := temporalserver.Start(ctx, e.o)
	if err == nil {
		e.server = server
	}
	return err
}

// address is where it listens, running or not.
func (e *engineServer) address() string { return loopback.Address(e.o.Port) }

// kill ends the server as a power cut does.
func (e *engineServer) kill(ctx context.Context) error {
	return errors.Join(syscall.Kill(e.server.Pid(), syscall.SIGKILL), ended(ctx, e.server.Done(), e.server.Err))
}
