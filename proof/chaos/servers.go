package chaos

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/proof/victim"
)

// engineServer is a Temporal server that may be killed and started again.
type engineServer struct {
	o      temporalserver.Options
	victim sync.RWMutex // one fault at a time, its PostgreSQL's included; readers keep it whole
	server *temporalserver.Server
}

// startEngine starts a Temporal server on a PostgreSQL of its own.
func startEngine(ctx context.Context, dir string, binaries temporalserver.Binaries, on *victim.Postgres) (*engineServer, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := loopback.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	e := &engineServer{o: temporalserver.Options{
		Binaries: binaries, Dir: dir, Port: port,
		Database: temporalserver.Database{Port: on.Port, User: postgres.Superuser, Password: on.Password},
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
