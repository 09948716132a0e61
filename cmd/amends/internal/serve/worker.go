package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/amends/amends/api"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/cmd/amends/internal/serve/desk"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// Worker returns `amends worker`.
func Worker(std cli.Stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "worker SERVICE…",
		Short: "Run services; the order service's worker also runs the saga",
		Long: "Run services, each with its own database only: " + strings.Join(registry.Names(), ", ") + ".\n" +
			"Configure their DSNs by file or environment, for example AMENDS_SERVICES_ORDER_DSN. A database of\n" +
			"another service or installation is refused, and so is a task queue that is served from another database.\n" +
			"Simulators of external systems have databases of their own:\n\n  " + strings.Join(simulators(), "\n  "),
		Args:      services,
		ValidArgs: registry.Names(),
	}
	std.Runs(cmd, cli.Process{
		Needs: func(names []string) (config.Needs, error) {
			return config.Needs{Services: names, Temporal: true}, nil
		},
		Check: checkWorker,
		Run: func(ctx context.Context, c *config.Config, names []string) error {
			return runWorker(ctx, std, c, names, std.Unread(cmd, config.ProcessWorker, names...))
		},
	})
	config.AddFlags(cmd.Flags(), "admin_addr", "rpc.listen", "rpc.advertise", "broker.url", "installation", "worker.min_pollers", "worker.max_pollers", "worker.workflow_cache", "worker.build", "smtp_url", "mail_from", "public_url")
	cli.AddEngineFlags(cmd)
	return cmd
}

// simulators returns the variables with the DSNs of simulated external systems.
func simulators() (names []string) {
	for _, d := range registry.Declarations() {
		if d.Outside != "" {
			names = append(names, strings.ToUpper("amends_services_"+d.Name+"_"+d.Outside+"_dsn"))
		}
	}
	return names
}

// services accepts the names of services only.
func services(_ *cobra.Command, names []string) error {
	known := "; the services are " + strings.Join(registry.Names(), ", ")
	if len(names) == 0 {
		return errors.New("worker: name the services to run" + known)
	}
	for _, name := range names {
		if !slices.Contains(registry.Names(), name) {
			return fmt.Errorf("worker: there is no service %q%s", name, known)
		}
	}
	return nil
}

// checkWorker returns why a worker with a valid configuration would not start.
func checkWorker(c *config.Config, names []string) error {
	for _, s := range c.Services {
		if slices.Contains(names, s.Name) {
			if err := registry.Check(s.Name, string(s.Secret)); err != nil {
				return err
			}
		}
	}
	if c.RPC.Listen == "" && !peers.Configured(c) {
		return nil
	}
	return cli.CheckAccess(c, names)
}

// runWorker runs the services until ctx ends, then drains them; the admin address
// answers until they have drained.
func runWorker(ctx context.Context, std cli.Stdio, c *config.Config, names []string, unread cli.Unread) (err error) {
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	log, metrics, err := std.Observe(ctx, parts, c, "info")
	if err != nil {
		return err
	}
	unread.Log(log)
	client, err := std.Dial(c, log, metrics)
	if err != nil {
		return err
	}
	parts.Start(ctx, process.Closer("client", func() error { client.Close(); return nil }))
	o := cli.WorkerOptions(c, names, log)
	o.Metrics, o.Build = metrics, cli.Build(c)
	if c.Broker.URL != "" {
		if o.Bus, err = cli.StartBus(ctx, parts, c.Broker.URL, c, "amends worker "+strings.Join(names, " "), log); err != nil {
			return err
		}
	}
	others, err := listen(ctx, parts, c, &o, names)
	if err != nil {
		return err
	}
	group, err := worker.New(o)
	if err != nil {
		return err
	}
	private, err := process.Listen(ctx, "admin_addr", c.AdminAddr)
	if err != nil {
		return err
	}
	clock, err := watchClock(ctx, parts, client, metrics, log)
	if err != nil {
		return err
	}
	admin := NewAdmin(c, api.Admin{ //nolint:contextcheck // a request has its own
		Probe:   Readiness(group.Ready, others, clock, group.Warnings),
		Letters: desk.Letters{Services: names, Desk: group.Desk},
	}, metrics, log)
	parts.Start(ctx, process.HTTP("admin", private, admin, c.DrainTimeout))
	parts.Start(ctx, process.Part{Name: "services", Run: func(ctx context.Context) error { return group.Run(ctx, client) }})
	<-ctx.Done()
	return parts.Err()
}

// listen takes the address of calls, if one is configured, and completes o.
func listen(ctx context.Context, parts *process.Parts, c *config.Config, o *worker.Options, names []string) (*peers.Peers, error) {
	if c.RPC.Listen == "" && !peers.Configured(c) {
		return nil, nil //nolint:nilnil // no peers, no error
	}
	registry, err := peers.Registry(o.Bus)
	if err != nil {
		return nil, err
	}
	others, err := peers.Start(ctx, parts, peers.Options{Config: c, Names: names, Registry: registry, Logger: o.Logger, Metrics: o.Metrics})
	if err != nil {
		return nil, err
	}
	if c.RPC.Listen != "" {
		if o.RPC, err = others.Listen(ctx, parts, c.RPC.Listen); err != nil {
			return nil, err
		}
		o.RPC.LameDuck = discovery.DefaultLameDuck
	}
	o.Ask = func(self, service string) (grpc.ClientConnInterface, error) {
		return others.Dial(ctx, parts, self, service)
	}
	if peers.Configured(c) {
		o.Others, err = neighbours(ctx, parts, others, names)
	}
	return others, err
}

// neighbours returns connections to the services of other processes, for the worker that
// runs the sagas; none for another one.
func neighbours(ctx context.Context, parts *process.Parts, others *peers.Peers, names []string) (map[string]grpc.ClientConnInterface, error) {
	i := slices.IndexFunc(registry.All, func(r registry.Row) bool { return r.Decides && slices.Contains(names, r.Name) })
	if i < 0 {
		return nil, nil
	}
	all := map[string]grpc.ClientConnInterface{}
	for _, service := range registry.Names() {
		if slices.Contains(names, service) {
			continue
		}
		conn, err := others.Dial(ctx, parts, registry.All[i].Name, service)
		if err != nil {
			return nil, err
		}
		all[service] = conn
	}
	return all, nil
}
