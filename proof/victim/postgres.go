package victim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/postgres"
)

// Postgres is a PostgreSQL server that may be killed and started again.
type Postgres struct {
	sync.Mutex // one fault at a time
	*postgres.Server
	// Password is the superuser's.
	Password string

	o postgres.Options
}

// StartPostgres starts a server on new data in dir, which it makes.
func StartPostgres(ctx context.Context, dir string) (*Postgres, error) {
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
	p := &Postgres{Password: "chaos"}
	p.o = postgres.Options{Bin: bin, Dir: dir, Port: port, Password: p.Password, Safety: postgres.Death}
	return p, p.start(ctx)
}

func (p *Postgres) start(ctx context.Context) error {
	server, err := postgres.Start(ctx, p.o)
	if err == nil {
		p.Server = server
	}
	return err
}

// Kill ends the server with all its processes at once, as a power cut does:
// PostgreSQL's backends would otherwise finish their work.
func (p *Postgres) Kill(ctx context.Context) error {
	sessions, err := childrenOf(ctx, p.Pid)
	if err != nil {
		return err
	}
	err = syscall.Kill(p.Pid, syscall.SIGKILL)
	for _, pid := range sessions {
		if gone := syscall.Kill(pid, syscall.SIGKILL); gone != nil && !errors.Is(gone, syscall.ESRCH) {
			err = errors.Join(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("kill postgres: %w", err)
	}
	exit, ok := errors.AsType[*exec.ExitError](p.Wait())
	if !ok || exit.ExitCode() != 128+int(syscall.SIGKILL) {
		return fmt.Errorf("postgres did not end by SIGKILL: %w", p.Wait())
	}
	return p.Stop() // closes what is ours
}

// Recover starts the server again, and returns an error unless it had to recover from a
// crash.
func (p *Postgres) Recover(ctx context.Context) error {
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
