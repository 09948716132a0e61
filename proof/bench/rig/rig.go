// Package rig runs the measured systems: an engine, PostgreSQL servers, a broker, the
// order platform and the floor, each in processes of its own, on one machine.
//
// The order platform has the layout of the floor unless it is given another one: a
// client process of the engine (the API; the floor's client), and one for the workers
// of all services. Every service has a database of its own, all of them on one
// PostgreSQL server, which is not the engine's. The services tell their facts to the
// broker. Both systems run all the time, if the floor is wanted; the one that is not
// measured idles.
package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/proof/bench/wire"
)

// Options define a rig.
type Options struct {
	// Dir is a folder for everything; it must be empty, and within reach of
	// PostgreSQL's user.
	Dir string
	// Platform is the order platform.
	Platform Platform
	// Self is the binary of the floor's processes, which is run with "floor-worker"
	// and "floor-client".
	Self string
	// Server is the Temporal server on PostgreSQL; without it CLI is the one whose
	// dev server runs instead.
	Server *temporalserver.Binaries
	CLI    string
	// Alone leaves the floor out.
	Alone bool
	// Everything gives each service a database, also those that no order needs: the platform
	// must be [Together], which has them all. Default: those that sagas take steps of.
	Everything bool
	// SQLite has the services' databases in files instead of on their PostgreSQL.
	SQLite bool
	// Doctor lets the doctor run by itself, with its defaults. It reads every
	// order, each time.
	Doctor bool
	// Safety of a commit of both PostgreSQL servers.
	Safety postgres.Safety
	// Profile lets the platform and the Temporal server serve profiles, as the
	// floor always does.
	Profile bool
	// Shards and DynamicConfig replace the defaults of the Temporal server.
	Shards        int
	DynamicConfig []byte
	// Trace lets the Temporal server reach its PostgreSQL over a line that counts.
	// It costs time: do not use it with anything that is timed.
	Trace bool
}

// Platform is how the order platform runs.
type Platform struct {
	// Amends is its binary.
	Amends string
	// Layout divides it among processes.
	Layout Layout
	// Environ is more environment of its processes, such as settings.
	Environ []string
	// Database is more parameters of its services' DSNs.
	Database url.Values
}

// Rig is a running rig.
type Rig struct {
	// Client is of the engine, for looking at workflows.
	Client *engine.Client
	// API is the address of the API.
	API string
	// Parts are the processes by name.
	Parts map[string]*Part
	// Engine is the line to the engine's PostgreSQL; nil unless it is traced.
	Engine *wire.Line

	o         Options
	services  *postgres.Server
	engineDB  *postgres.Server // nil with a dev server
	address   string           // of the engine
	enginePID int
	profiles  string // the base of the engine's profiles; "" without
	broker    *child.Process
	bus       string              // the address of the broker
	events    jetstream.JetStream // of the broker
	databases map[string]*url.URL // of services by name
	watch     map[*postgres.Server]*pgx.Conn
	stops     []func() error
}

// Names of the parts.
const (
	API         = "api"
	Worker      = "worker"
	FloorClient = "floor-client"
	FloorWorker = "floor-worker"
)

// Engine is the Temporal server, which is not one of our parts.
const Engine = "engine"

// Start starts everything, with new and empty databases except for a catalog and a
// stock. The caller stops it; after a failure Start itself does.
func Start(ctx context.Context, o Options) (r *Rig, err error) {
	r = &Rig{o: o, Parts: map[string]*Part{}, databases: map[string]*url.URL{}, watch: map[*postgres.Server]*pgx.Conn{}}
	defer func() {
		if err != nil {
			r, err = nil, errors.Join(err, r.Stop())
		}
	}()
	if err := os.Mkdir(filepath.Join(o.Dir, "logs"), 0o700); err != nil {
		return r, err
	}
	if err := r.startServers(ctx); err != nil {
		return r, err
	}
	if r.Client, err = engine.Dial(engine.Options{Address: r.address, Isolated: true}); err != nil {
		return r, err
	}
	r.stops = append(r.stops, func() error { r.Client.Close(); return nil })
	if err := r.prepare(ctx); err != nil {
		return r, err
	}
	return r, r.startParts(ctx)
}

// Stop stops everything, in reverse order.
func (r *Rig) Stop() (err error) {
	for _, stop := range slices.Backward(r.stops) {
		err = errors.Join(err, stop())
	}
	r.stops = nil
	return err
}

// startServers starts the PostgreSQL servers, the engine and the broker.
func (r *Rig) startServers(ctx context.Context) error {
	var both errgroup.Group
	both.Go(func() (err error) {
		r.services, err = r.startPostgres(ctx, "services-postgres")
		return err
	})
	if r.o.Server != nil {
		both.Go(func() (err error) {
			r.engineDB, err = r.startPostgres(ctx, "engine-postgres")
			return err
		})
	}
	err := both.Wait()
	for _, s := range []*postgres.Server{r.services, r.engineDB} {
		if s == nil {
			continue
		}
		r.stops = append(r.stops, s.Stop)
		if err == nil {
			err = r.watchServer(ctx, s)
		}
	}
	if err != nil {
		return err
	}
	if err := r.startEngine(ctx); err != nil {
		return err
	}
	return r.startBroker(ctx)
}

func (r *Rig) startPostgres(ctx context.Context, name string) (*postgres.Server, error) {
	bin, err := postgres.Find()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(r.o.Dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return postgres.Start(ctx, postgres.Options{Bin: bin, Dir: dir, Password: "bench", Safety: r.o.Safety})
}

// watchServer opens the connection for the counters of a server.
func (r *Rig) watchServer(ctx context.Context, s *postgres.Server) error {
	c, err := pgx.Connect(ctx, s.DSN)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	r.watch[s] = c
	r.stops = append(r.stops, func() error { return c.Close(context.WithoutCancel(ctx)) })
	return nil
}

func (r *Rig) startEngine(ctx context.Context) error {
	dir := filepath.Join(r.o.Dir, "engine")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if r.engineDB == nil {
		s, err := temporal.Start(ctx, temporal.Options{Bin: r.o.CLI, Dir: dir, Durable: r.o.Safety == postgres.PowerLoss})
		if err != nil {
			return err
		}
		r.address, r.enginePID = s.Address, s.Pid()
		r.stops = append(r.stops, s.Stop)
		return nil
	}
	port := r.engineDB.Port
	if r.o.Trace {
		var err error
		if r.Engine, port, err = r.line(ctx, r.engineDB); err != nil {
			return err
		}
	}
	o := temporalserver.Options{
		Binaries: *r.o.Server, Dir: dir, Shards: r.o.Shards, DynamicConfig: r.o.DynamicConfig,
		Database: temporalserver.Database{Port: port, User: postgres.Superuser, Password: "bench"},
	}
	if r.o.Profile {
		var err error
		if o.ProfilePort, err = loopback.FreePort(ctx); err != nil {
			return err
		}
		r.profiles = "http://" + net.JoinHostPort("localhost", strconv.Itoa(o.ProfilePort))
	}
	s, err := temporalserver.Start(ctx, o)
	if err != nil {
		return err
	}
	r.address, r.enginePID = s.Address, s.Pid()
	r.stops = append(r.stops, s.Stop)
	return nil
}

// line opens a line to a server that counts, and returns its port, too.
func (r *Rig) line(ctx context.Context, s *postgres.Server) (*wire.Line, int, error) {
	l, err := wire.Open(ctx, loopback.Address(s.Port))
	if err != nil {
		return nil, 0, err
	}
	r.stops = append(r.stops, l.Close)
	at, err := netip.ParseAddrPort(l.Address)
	return l, int(at.Port()), err
}
