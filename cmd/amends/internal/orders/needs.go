package orders

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/orderview"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/needs"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/holding"
	"github.com/amends/amends/worker/registry"
)

// engineTime bounds the wait for an engine that does not answer.
const engineTime = 5 * time.Second

// listNeeds lists everything that needs an operator.
func listNeeds(cmd *cobra.Command, std cli.Stdio, l listing) error {
	o, err := dsn.Tool(std, cmd, "order")
	if err != nil {
		return err
	}
	c, err := std.LoadTool(cmd, config.Needs{Temporal: true})
	if err != nil {
		return err
	}
	client, err := std.Dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	defer client.Close()
	list, err := needs.Gather(cmd.Context(), l.sources(cmd, std, o, client, c.Services.Queues()["order"]))
	if err != nil {
		return err
	}
	if l.json {
		err = show.JSON(std.Out, list)
	} else {
		err = orderview.Needs(std.Screen(cmd), list)
	}
	// Last: it must not stand before the words that no worker answers.
	for _, source := range slices.Sorted(maps.Keys(list.NotAsked)) {
		fmt.Fprintf(std.Err, "not asked: %s: %s\n", source, list.NotAsked[source])
	}
	return err
}

// sources are those that the settings of a command name. With a status only flagged orders are
// listed: the others have none, or are PENDING.
func (l listing) sources(cmd *cobra.Command, std cli.Stdio, o worker.Options, c *engine.Client, queueOf string) needs.Sources {
	s := needs.Sources{
		Flagged: func(ctx context.Context) (found []watch.FlaggedOrder, all int, err error) {
			err = worker.WithWatch(ctx, o, func(w *watch.Watch) (err error) {
				found, all, err = w.Flagged(ctx, l.status, l.limit)
				return err
			})
			return found, all, err
		},
		Silent: func(ctx context.Context) (string, error) {
			ctx, cancel := context.WithTimeout(ctx, engineTime)
			defer cancel()
			if err := c.Check(ctx); err != nil {
				return "", err
			}
			return queue.Silent(ctx, c, queueOf)
		},
		Stuck: func(ctx context.Context, silent bool) (found stuck.Report, err error) {
			o.Stuck.Limit = max(o.Stuck.Limit, l.limit)
			if silent { // so it is known for whom its orders wait
				o.Stuck.NotTaken = queue.WaitsFor
			}
			err = worker.WithStuck(ctx, o, c, func(f *stuck.Finder) (err error) {
				found, err = f.Find(ctx)
				return err
			})
			return found, err
		},
		Services: registry.Names(), Letters: dead(std, cmd),
		Holders: holding.Services(), Exposure: held(std, cmd),
	}
	if l.status != "" {
		s.Services, s.Stuck = nil, func(context.Context, bool) (stuck.Report, error) { return stuck.Report{}, nil }
	}
	return s
}

// dead returns how the dead letters of a service are read.
func dead(std cli.Stdio, cmd *cobra.Command) func(context.Context, string) ([]needs.Letter, error) {
	return func(ctx context.Context, service string) (all []needs.Letter, err error) {
		o, err := dsn.Tool(std, cmd, service) //nolint:contextcheck // it takes that of cmd
		if err != nil {
			return nil, err
		}
		err = worker.WithEvents(ctx, o, service, func(e worker.Events) error {
			page, err := e.List(ctx, waiting.Query{State: waiting.Parked, Limit: 100})
			for _, d := range page.Letters {
				all = append(all, needs.Letter{
					Group: d.Group, ID: d.ID, Type: d.Type, Key: d.Key, Code: string(d.Code), Message: d.Message, Since: d.Since,
				})
			}
			return err
		})
		return all, err
	}
}
