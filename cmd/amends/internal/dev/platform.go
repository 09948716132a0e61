package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/amends/amends/api"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/doctor/reports"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/cmd/amends/internal/serve"
	"github.com/amends/amends/cmd/amends/internal/serve/desk"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/demo"
	"github.com/amends/amends/internal/dev/faults"
	"github.com/amends/amends/internal/dev/folder"
	"github.com/amends/amends/internal/dev/mailbox"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/worker"
)

// readyTimeout bounds the wait for workers whose databases and engine are ready.
const readyTimeout = 30 * time.Second

// platform is everything that `amends dev` runs. Its parts stop in reverse order
// of their start: requests first, then the workers, the engine last.
type platform struct {
	c       *config.Config
	environ []string
	file    string // of settings, "" for none that a flag names
	program string // how the process was called
	log     *slog.Logger
	metrics *telemetry.Metrics
	parts   *process.Parts

	bin             string           // of the dev server; "" if another engine is configured
	devServer       *temporal.Server // nil if another engine is configured
	client          *engine.Client
	group           *worker.Group
	server          *api.Server
	public, private net.Listener
	others          *peers.Peers // which are parts of this process
	calls           worker.RPC
	access          demo.Access
	faults          *faults.Faults
}

// start starts all parts, and returns when the platform is ready.
func (p *platform) start(ctx context.Context) (err error) {
	if err := folder.Prepare(p.c.DataDir); err != nil {
		return err
	}
	lock, err := folder.Lock(p.c.DataDir)
	if err != nil {
		return err
	}
	p.parts.Start(ctx, process.Closer("lock", lock.Close))
	if err := errors.Join(dsn.KeepInstallation(p.c), cli.KeepSecrets(p.c), cli.KeepServiceSecrets(p.c), cli.KeepGuestSecret(p.c)); err != nil {
		return err
	}
	if p.c.Temporal.Address == "" {
		if p.bin, err = temporal.Find(ctx, p.c.TemporalBin); err != nil {
			return err
		}
	}
	// Our own ports first: one in use is reported before anything starts.
	if p.public, err = process.Listen(ctx, "http_addr", p.c.HTTPAddr); err != nil {
		return err
	}
	p.parts.Start(ctx, process.Closer("http_addr", p.public.Close))
	if p.private, err = process.Listen(ctx, "admin_addr", p.c.AdminAddr); err != nil {
		return err
	}
	p.parts.Start(ctx, process.Closer("admin_addr", p.private.Close))
	if err = p.listen(ctx); err != nil {
		return err
	}

	// Both may wait for a server that is not there yet; a failure of one ends the
	// wait of the other.
	both, starting := errgroup.WithContext(ctx)
	both.Go(func() error { return p.startEngine(starting) })
	both.Go(func() error { return p.prepareDatabases(starting) })
	if err := both.Wait(); err != nil {
		return err
	}
	if err := p.startWorkers(ctx); err != nil {
		return err
	}
	neighbours, err := serve.Neighbours(ctx, p.parts, p.others, p.log)
	if err != nil {
		return err
	}
	if p.server, err = serve.NewAPI(ctx, p.c, p.client, p.log, p.metrics, append(neighbours, api.WithTestPayments(demo.Payments))...); err != nil {
		return err
	}
	served, err := serve.HTTPServer(ctx, p.parts, p.c, p.server, p.log)
	if err != nil {
		return err
	}
	p.parts.Start(ctx, process.HTTP("api", p.public, served, drainHTTP))
	messages, err := serve.Messages(ctx, p.parts, p.others)
	if err != nil {
		return err
	}
	admin := serve.NewAdmin(p.c, api.Admin{ //nolint:contextcheck // a request has its own
		Probe:   serve.Readiness(p.ready, p.others, p.group.Warnings), // without the clock: the engine is on this host
		Repairs: p.server, Messages: messages,
		Doctor: reports.Doctor{Client: p.client.Client, Config: p.c}, Instances: serve.Instances(p.others), Console: p.console(ctx),
		Letters: desk.Letters{Services: p.c.Services.Names(), Desk: p.group.Desk},
	}, p.metrics, p.log)
	p.parts.Start(ctx, process.HTTP("admin", p.private, admin, drainHTTP))
	if err := p.awaitReady(ctx); err != nil {
		return err
	}
	return p.announce(ctx)
}

// listen takes the address of calls. The services and the API call each other over it,
// with names and a registry as in processes of their own.
func (p *platform) listen(ctx context.Context) (err error) {
	p.others, err = peers.Start(ctx, p.parts, peers.Options{
		Config: p.c, Names: append(p.c.Services.Names(), identity.Gateway), Registry: new(discovery.Memory), Logger: p.log, Metrics: p.metrics,
	})
	if err != nil {
		return err
	}
	p.calls, err = p.others.Listen(ctx, p.parts, cmp.Or(p.c.RPC.Listen, "127.0.0.1:0"))
	p.calls.Reflection = true
	return err
}

func (p *platform) prepareDatabases(ctx context.Context) error {
	if err := dsn.Fill(ctx, p.c); err != nil {
		return err
	}
	if err := p.c.Validate(config.Needs{Services: p.c.Services.Names()}, nil); err != nil {
		return err
	}
	o := cli.WorkerOptions(p.c, p.c.Services.Names(), p.log)
	if err := worker.Migrate(ctx, o); err != nil {
		return err
	}
	return errors.Join(
		worker.WithCatalog(ctx, o, func(c catalog.Service) error { return demo.Products(ctx, c) }),
		worker.WithInventory(ctx, o, func(i inventory.Service) error { return demo.Stock(ctx, i) }),
		worker.WithUser(ctx, o, func(u user.Service) (err error) {
			p.access, err = demo.Accounts(ctx, u, filepath.Join(p.c.DataDir, "demo.json"))
			return err
		}),
	)
}

func (p *platform) startWorkers(ctx context.Context) (err error) {
	o := cli.WorkerOptions(p.c, p.c.Services.Names(), p.log)
	o.Metrics, o.Build = p.metrics, cli.Build(p.c)
	o.RPC = p.calls
	o.Ask = func(self, service string) (grpc.ClientConnInterface, error) {
		return p.others.Dial(ctx, p.parts, self, service)
	}
	if o.Bus, err = p.startBus(ctx); err != nil {
		return err
	}
	o.Disturb.Payment, o.Disturb.Shipping = p.faults.Provider, p.faults.Carrier
	if o.Mail.URL == "" {
		server, err := mailbox.Start(ctx, mailbox.In(p.c.DataDir))
		if err != nil {
			return err
		}
		p.parts.Start(ctx, process.Closer("mailbox", server.Stop))
		o.Mail.URL = server.URL()
	}
	if o.Mail.Site == "" {
		o.Mail.Site = serve.URL(p.public, p.c)
	}
	if p.group, err = worker.New(o); err != nil {
		return err
	}
	p.parts.Start(ctx, process.Part{Name: "services", Run: func(ctx context.Context) error { return p.group.Run(ctx, p.client) }})
	return nil
}

// ready returns why the platform cannot take an order, nil if it can.
func (p *platform) ready(ctx context.Context) error {
	if err := p.server.Ready(ctx); err != nil {
		return err
	}
	return p.group.Ready(ctx)
}

func (p *platform) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	every := 20 * time.Millisecond
	if err := (background.Retry{First: every, Most: every}).Do(ctx, p.ready); err != nil {
		return fmt.Errorf("not ready after %s: %w", readyTimeout, err)
	}
	return nil
}
