package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/demo"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/worker"
)

// What `amends dev` gives each of its parts to end: together less than 15 s.
const (
	devDrainHTTP    = 2 * time.Second
	devDrainWorkers = 6 * time.Second
)

func devCommand(std stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything in one process, with a Temporal dev server and demo data",
		Long: "Run everything in one process, with demo data. The engine is a Temporal dev server that is started\n" +
			"too, or, with --temporal-address, another one of this machine, such as `make temporal-postgres`.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.load(cmd, config.Needs{Dev: true})
			if err != nil {
				return err
			}
			return std.dev(cmd.Context(), c)
		},
	}
	config.AddFlags(cmd.Flags(), devKeys...)
	return cmd
}

// platform is what runs in one process, in the order in which it starts. It
// stops in the reverse order: requests first, then the workers, the engine last.
type platform struct {
	c       *config.Config
	environ []string
	log     *slog.Logger
	metrics *telemetry.Metrics

	engine  devEngine
	client  *engine.Client
	group   *worker.Group
	workers chan error // the group's end
	server  *api.Server
	orders  *site
	admin   *site
	stops   []func() error
}

// dev runs the platform until ctx ends or a part of it fails.
func (std stdio) dev(ctx context.Context, c *config.Config) (err error) {
	began := time.Now()
	c.DrainTimeout = min(c.DrainTimeout, devDrainWorkers)
	p := &platform{c: c, environ: std.environ}
	if p.log, p.metrics, err = std.observe(c, "warn"); err != nil {
		return err
	}
	p.onStop(func() error { return p.metrics.Close(context.WithoutCancel(ctx)) })
	defer func() { err = errors.Join(err, p.stop()) }()

	if err := p.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // stopped while it started
		}
		return err
	}
	if err := p.banner(std.out, time.Since(began)); err != nil {
		return err
	}
	err = p.wait(ctx)
	if _, e := fmt.Fprintln(std.out, "\nstopping: what runs may finish …"); e != nil {
		return errors.Join(err, e)
	}
	return err
}

func (p *platform) onStop(f func() error) { p.stops = append(p.stops, f) }

// stop stops what has started, the last first.
func (p *platform) stop() error {
	var all error
	for _, stop := range slices.Backward(p.stops) {
		all = errors.Join(all, stop())
	}
	return all
}

func (p *platform) start(ctx context.Context) error {
	if err := os.MkdirAll(p.c.DataDir, 0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	lock, err := temporal.Lock(p.c.DataDir)
	if err != nil {
		return err
	}
	p.onStop(lock.Close)
	if p.engine, err = p.chooseEngine(ctx); err != nil {
		return err
	}
	// Our own ports first: what is in use should be said before anything starts.
	public, err := listen(ctx, "http_addr", p.c.HTTPAddr)
	if err != nil {
		return err
	}
	p.onStop(closing(public))
	private, err := listen(ctx, "admin_addr", p.c.AdminAddr)
	if err != nil {
		return err
	}
	p.onStop(closing(private))

	// Either may wait for what is not there yet; the other's failure ends that.
	together, starting := errgroup.WithContext(ctx)
	together.Go(func() error { return p.startEngine(starting) })
	together.Go(func() error { return p.prepareDatabases(starting) })
	if err := together.Wait(); err != nil {
		return err
	}
	if err := p.startWorkers(ctx); err != nil {
		return err
	}
	if p.server, err = newAPI(p.c, p.client, p.log, p.metrics); err != nil {
		return err
	}
	p.orders = serve(public, api.HTTPServer(p.c.HTTPAddr, p.server))
	p.onStop(func() error { p.orders.stop(ctx, devDrainHTTP); return nil })
	p.admin = serve(private, newAdmin(p.c, p.server, p.metrics, p.ready, p.log))
	p.onStop(func() error { p.admin.stop(ctx, devDrainHTTP); return nil })
	return p.awaitReady(ctx)
}

func (p *platform) prepareDatabases(ctx context.Context) error {
	if err := devDatabases(ctx, p.c); err != nil {
		return err
	}
	if err := p.c.Validate(config.Needs{Services: p.c.Services.Names()}, nil); err != nil {
		return err
	}
	o := workerOptions(p.c, p.c.Services.Names(), p.log)
	if err := worker.Migrate(ctx, o); err != nil {
		return err
	}
	return errors.Join(
		worker.WithCatalog(ctx, o, func(c catalog.Service) error { return demo.Products(ctx, c) }),
		worker.WithInventory(ctx, o, func(i inventory.Service) error { return demo.Stock(ctx, i) }),
	)
}

// startWorkers starts the services. They end when they are told to, not when
// ctx does: requests are drained before them.
func (p *platform) startWorkers(ctx context.Context) (err error) {
	o := workerOptions(p.c, p.c.Services.Names(), p.log)
	o.Metrics = p.metrics
	if p.group, err = worker.New(o); err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	p.workers = make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.workers <- p.group.Run(ctx, p.client)
	}()
	p.onStop(func() error {
		end()
		<-ended
		return nil
	})
	return nil
}

// closing closes what may be closed already.
func closing(l interface{ Close() error }) func() error {
	return func() error {
		_ = l.Close() // a second close fails, which is what it should do
		return nil
	}
}
