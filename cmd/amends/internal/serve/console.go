package serve

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator/platform"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/web/console"
)

// Instances returns the instances that are registered where the process finds others.
func Instances(p *peers.Peers) platform.Instances {
	return func(ctx context.Context) ([]contract.ServiceInstance, error) {
		all, err := p.Instances(ctx)
		if err != nil {
			return nil, fault.Wrap(err, fault.Transient, fault.Unavailable, "The broker, at which instances are registered, does not answer.")
		}
		slices.SortFunc(all, func(a, b discovery.Instance) int {
			return cmp.Or(cmp.Compare(a.Service, b.Service), a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
		})
		var out []contract.ServiceInstance
		for _, i := range all {
			out = append(out, contract.ServiceInstance{
				Service: i.Service, Instance: i.ID, Address: i.Address, Version: i.Version, StartedAt: i.Started.UTC(),
				InFlight: i.Load.InFlight, Calls: i.Load.Calls, Errors: i.Load.Errors,
			})
		}
		return out, nil
	}
}

// Console returns the pages for operators, which ask the admin address and s, and are served
// until ctx ends. engine is the address of the engine's Web UI, empty if it is not known;
// demo has the parts that only `amends dev` has, or is nil.
func Console(ctx context.Context, s *api.Server, engine string, demo *console.Demo, log *slog.Logger) func(admin http.Handler) http.Handler {
	return func(admin http.Handler) http.Handler {
		return console.New(console.Config{Admin: admin, API: s, Engine: engine, Graph: choreography(), Demo: demo, Draining: ctx.Done(), Logger: log})
	}
}
