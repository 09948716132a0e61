package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/unheard"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/reactions"
)

// listeners returns `amends events listeners`.
func listeners(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "listeners",
		Short: "List the services that choreographed orders need, and those that do not listen",
		Long: "List the services that choreographed orders need, and since when each has not taken an event from the\n" +
			"broker. One that is late for more than a minute does not listen, or cannot keep up: its orders stand\n" +
			"still. The command ends with 1 if there is one. Events that a service could not handle are in\n" +
			"`amends events waiting` and `amends events dead`.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.Load(cmd, config.Needs{})
			if err != nil {
				return err
			}
			all, err := stand(cmd.Context(), c)
			if err != nil {
				return err
			}
			if asJSON {
				err = show.JSON(std.Out, all)
			} else {
				err = std.Screen(cmd).Tables(standings(all, time.Now()))
			}
			return errors.Join(err, late(all))
		},
	}
	config.AddFlags(cmd.Flags(), "broker.url")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// stand asks the configured broker about every listener.
func stand(ctx context.Context, c *config.Config) (all []unheard.Standing, err error) {
	if c.Broker.URL == "" {
		return nil, errors.New("broker.url: must be set: the broker knows who listens; an `amends dev` says it in /readyz?verbose")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	bus, err := cli.StartBus(ctx, parts, c.Broker.URL, c, "amends events", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := bus.Ready(ctx); err != nil {
		return nil, fmt.Errorf("broker.url: cannot reach the broker: %w", err)
	}
	gauge, ok := bus.(event.Gauge)
	if !ok {
		return nil, errors.New("this kind of broker does not tell who listens: ask it for the lag of its consumer groups")
	}
	return unheard.Stand(ctx, gauge, reactions.Listeners(), time.Now())
}

func standings(all []unheard.Standing, now time.Time) *show.Table {
	t := show.NewTable(show.Text("Service"), show.Prose("Listens"))
	for _, s := range all {
		state := "has taken every event"
		if !s.Oldest.IsZero() {
			state = "has not taken an event of " + now.Sub(s.Oldest).Truncate(time.Second).String() + " ago"
		}
		if s.Late {
			state = "late: " + state
		}
		t.Row(s.Group, show.State(state))
	}
	return t
}

// late returns an error that counts the listeners that are late, nil for none.
func late(all []unheard.Standing) error {
	n := 0
	for _, s := range all {
		if s.Late {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("listeners that are late: %d", n)
}
