package main

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/internal/probe"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/worker"
)

// workerOptions picks what the named services are told.
func workerOptions(c *config.Config, names []string, log *slog.Logger) worker.Options {
	o := worker.Options{
		Services: map[string]worker.Service{},
		Queues:   c.Services.Queues(),
		Timing: worker.Timing{
			StartToClose:      c.Saga.StartToClose,
			LocalStartToClose: c.Saga.LocalStartToClose,
			RetryInitial:      c.Saga.RetryInitial,
			RetryMax:          c.Saga.RetryMax,
			ParkAfter:         c.Saga.ParkAfter,
			ParkedRetry:       c.Saga.ParkedRetry,
		},
		Attributes:    orders.Attributes,
		LockTimeout:   c.LockTimeout,
		Durable:       c.Durable,
		NoPipeline:    !c.Pipeline,
		DrainTimeout:  c.DrainTimeout,
		Pollers:       worker.Pollers{Min: c.Worker.MinPollers, Max: c.Worker.MaxPollers},
		WorkflowCache: c.Worker.WorkflowCache,
		Stuck:         watch.StuckOptions(c.Stuck),
		Doctor:        worker.Doctor{Every: c.Doctor.Every, Input: reconcileInput(c)},
		Logger:        log,
	}
	for _, s := range c.Services {
		if slices.Contains(names, s.Name) {
			o.Services[s.Name] = worker.Service{DSN: string(s.DSN), OutsideDSN: string(s.OutsideDSN), MaxConns: s.MaxConns}
		}
	}
	return o
}

// newAPI returns the API over a connection.
func newAPI(c *config.Config, client *engine.Client, log *slog.Logger, metrics *telemetry.Metrics) (*api.Server, error) {
	o := api.DefaultConfig()
	o.Orders.Queue = c.Services.Queues()["order"]
	o.Orders.Namespace = client.Namespace
	o.Orders.DecideAfter = c.Saga.DecideAfter
	o.Orders.PlacementTimeout = c.PlacementTimeout
	return api.New(o, client, api.WithLogger(log), api.WithObserver(func(r edge.Observation) {
		metrics.Request(r.Method, r.Route, r.Status, r.Took)
	}))
}

// newAdmin returns the server of the admin address. Repairs are made where the
// API is; it is nil elsewhere.
func newAdmin(c *config.Config, repairs *api.Server, metrics *telemetry.Metrics, ready func(context.Context) error, log *slog.Logger) *http.Server {
	a := api.Admin{
		Probe: probe.Probe{Metrics: metrics.Handler(), Profiles: c.Profiles, Ready: ready}, Repairs: repairs, Logger: log,
	}
	for _, o := range c.Operators() {
		a.Operators = append(a.Operators, operator.Operator{Name: o.Name, Secret: string(o.Secret)})
	}
	return api.AdminServer(c.AdminAddr, api.NewAdmin(a), log)
}

// dial connects to the configured engine.
func (std stdio) dial(c *config.Config, log *slog.Logger, metrics *telemetry.Metrics) (*engine.Client, error) {
	o := c.Temporal.Options(std.environ)
	o.Logger = log
	if metrics != nil {
		o.Metrics = metrics.Temporal()
	}
	return engine.Dial(o)
}
