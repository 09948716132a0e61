// Package services has the command `amends services`, about who answers for them.
package services

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/show"
)

// within bounds the question to the broker.
const within = 10 * time.Second

// Command returns `amends services`.
func Command(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "services",
		Short: "List the instances that answer for each service",
		Long: "List the instances that answer for each service, as they are registered at the broker: address, version,\n" +
			"age, calls in flight, calls and errors since the start. The figures are those of the last renewal, some\n" +
			"seconds old, and count all services of a process together. An error is a failure of the instance; a\n" +
			"business refusal is none.\n\n" +
			"Each caller decides for itself which instances it ejects, because it fails to reach them: see its metrics\n" +
			"amends_discovery_ejected and amends_discovery_ejections_total. `amends dev` runs everything in one process\n" +
			"and registers nothing.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.Load(cmd, config.Needs{})
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), within)
			defer cancel()
			all, err := ask(ctx, c)
			if err != nil {
				return err
			}
			lines := entries(all, time.Now())
			if asJSON {
				return show.JSON(std.Out, lines)
			}
			if len(lines) == 0 {
				return std.Screen(cmd).Note("no instance is registered at this broker")
			}
			return std.Screen(cmd).Tables(table(lines))
		},
	}
	config.AddFlags(cmd.Flags(), "broker.url")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// ask returns the instances that are registered at the configured broker.
func ask(ctx context.Context, c *config.Config) (all []discovery.Instance, err error) {
	if c.Broker.URL == "" {
		return nil, errors.New("broker.url: must be set: the broker has the instances; an `amends dev` registers nothing there")
	}
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	bus, err := cli.StartBus(ctx, parts, c.Broker.URL, c, "amends services", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := bus.Ready(ctx); err != nil {
		return nil, fmt.Errorf("broker.url: cannot reach the broker: %w", err)
	}
	registry, err := peers.Registry(bus)
	if err != nil {
		return nil, err
	}
	return registry.All(ctx)
}

// entry is an instance of the list.
type entry struct {
	Service  string    `json:"service"`
	Instance string    `json:"instance"`
	Address  string    `json:"address"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started_at"`
	Age      int64     `json:"age_seconds"` // by this host's clock, never negative
	InFlight int64     `json:"in_flight"`
	Calls    int64     `json:"calls"`
	Errors   int64     `json:"errors"`
}

// entries returns the instances by service, the oldest first.
func entries(all []discovery.Instance, now time.Time) []entry {
	slices.SortFunc(all, func(a, b discovery.Instance) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	lines := make([]entry, len(all))
	for n, i := range all {
		lines[n] = entry{
			Service: i.Service, Instance: i.ID, Address: i.Address, Version: i.Version,
			Started: i.Started, Age: max(0, int64(now.Sub(i.Started).Seconds())),
			InFlight: i.Load.InFlight, Calls: i.Load.Calls, Errors: i.Load.Errors,
		}
	}
	return lines
}

func table(lines []entry) *show.Table {
	t := show.NewTable(
		show.Text("Service"), show.Text("Address"), show.Text("Instance").Dispensable(1), show.Text("Version").Dispensable(2), show.Text("Age"),
		show.Number("In flight"), show.Number("Calls"), show.Number("Errors"),
	)
	for _, e := range lines {
		t.Row(e.Service, e.Address, e.Instance, e.Version, age(e.Age), e.InFlight, e.Calls, e.Errors)
	}
	return t
}

// age returns a number of seconds in its two largest units.
func age(seconds int64) string {
	d, h, m, s := seconds/86400, seconds/3600%24, seconds/60%60, seconds%60
	switch {
	case d > 0:
		return fmt.Sprintf("%dd%02dh", d, h)
	case h > 0:
		return fmt.Sprintf("%dh%02dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}
