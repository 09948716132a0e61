package cli

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

// WorkerOptions returns the options of a process that runs the named services.
func WorkerOptions(c *config.Config, names []string, log *slog.Logger) worker.Options {
	o := worker.Options{
		Services:     map[string]worker.Service{},
		Installation: c.Installation,
		Queues:       c.Services.Queues(),
		Former:       c.Services.Former(),
		Timing: worker.Timing{
			StartToClose:      c.Saga.StartToClose,
			LocalStartToClose: c.Saga.LocalStartToClose,
			RetryInitial:      c.Saga.RetryInitial,
			RetryMax:          c.Saga.RetryMax,
			ParkAfter:         c.Saga.ParkAfter,
			ParkedRetry:       c.Saga.ParkedRetry,
		},
		Attributes:    attribute.All,
		LockTimeout:   c.LockTimeout,
		ConnLifetime:  c.ConnLifetime,
		Durable:       c.Durable,
		NoPipeline:    !c.Pipeline,
		DrainTimeout:  c.DrainTimeout,
		TakeoverAfter: c.Broker.TakeoverAfter,
		Pollers:       worker.Pollers{Min: c.Worker.MinPollers, Max: c.Worker.MaxPollers},
		WorkflowCache: c.Worker.WorkflowCache,
		Stuck:         stuck.Options(c.Stuck),
		Doctor:        worker.Doctor{Every: c.Doctor.Every, Input: scheduled(c)},
		Mail:          registry.Mail{URL: string(c.SMTPURL), From: c.MailFrom, Site: strings.TrimSuffix(c.PublicURL, "/")},
		Logger:        log,
	}
	for _, s := range c.Services {
		if slices.Contains(names, s.Name) {
			o.Services[s.Name] = worker.Service{DSN: string(s.DSN), OutsideDSN: string(s.OutsideDSN), Secret: string(s.Secret), MaxConns: s.MaxConns}
		}
	}
	return o
}

// scheduled returns the configured input of the doctor's scheduled runs.
func scheduled(c *config.Config) doctorflow.Input {
	in := DoctorInput(c)
	in.WholeEvery, in.WholeAt, in.DecideAfter = c.Doctor.WholeEvery, c.Doctor.WholeAt, c.Saga.DecideAfter
	return in
}

// DoctorInput returns the configured input of a run of the doctor over all orders.
func DoctorInput(c *config.Config) doctorflow.Input {
	d := c.Doctor
	return doctorflow.Input{DryRun: d.DryRun, Grace: d.Grace, Pause: d.Pause, Rate: d.Rate, Alone: !d.Followers}
}
