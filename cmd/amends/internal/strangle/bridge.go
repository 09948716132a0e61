package strangle

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/strangle/bridge"
	"github.com/amends/amends/services/inventory"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// letters is the schema of the bridge's own database: what it has heard and could not write.
var letters = database.Schema{database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}

// drain bounds how long requests and events are finished after a stop is asked for.
const drain = 5 * time.Second

// bridgeCommand returns `amends legacy bridge`.
func bridgeCommand(std cli.Stdio) *cobra.Command {
	var to, listen string
	cmd := &cobra.Command{
		Use:   "bridge --to URL",
		Short: "Run the bridge to the monolith: the door of the one stock, and orders written back",
		Long: "Run the bridge to the monolith in the foreground, as long as there is one. It takes the monolith's\n" +
			"reservations at --listen, and writes the orders that were placed here back to the monolith, from the first\n" +
			"event that the broker still has. What it could not write yet is in legacy.db in the data folder." + about,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBridge(std, cmd, to, listen) },
	}
	cmd.Flags().StringVar(&to, "to", "", "URL of the monolith")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9902", "address at which the monolith reserves stock")
	cli.Require(cmd, "to")
	cli.AddDatabaseFlags(cmd)
	config.AddFlags(cmd.Flags(), "broker.url")
	return cmd
}

func runBridge(std cli.Stdio, cmd *cobra.Command, to, listen string) error {
	c, err := std.Load(cmd, config.Needs{})
	if err != nil {
		return err
	}
	if c.Broker.URL == "" {
		return errors.New("broker.url: must be set: the broker inside an `amends dev` cannot be reached; run `amends broker`")
	}
	back, err := client(std, to)
	if err != nil {
		return err
	}
	return withStores(std, cmd, func(ctx context.Context, stock inventory.Service, orders *orderstore.Store) (err error) {
		ctx, parts := process.New(ctx)
		defer func() { err = errors.Join(err, parts.Stop()) }()
		log, _, err := std.Observe(ctx, parts, c, "info")
		if err != nil {
			return err
		}
		db, err := database.Open(ctx, "sqlite:"+filepath.Join(c.DataDir, "legacy.db"), database.Options{})
		if err != nil {
			return err
		}
		parts.Start(ctx, process.Closer("letters", func() error { return database.Close(db) }))
		if err := letters.Migrate(ctx, db); err != nil {
			return err
		}
		bus, err := cli.StartBus(ctx, parts, c.Broker.URL, c, "amends legacy bridge", log)
		if err != nil {
			return err
		}
		l, err := process.Listen(ctx, "listen", listen)
		if err != nil {
			return err
		}
		door := bridge.Door{Inventory: stock, Token: token(std), Logger: log}
		parts.Start(ctx, process.HTTP("door", l, &http.Server{Handler: door.Handler(), ReadHeaderTimeout: drain}, drain))
		group := inbox.React(bridge.Back{Monolith: back, Orders: orders}.Listener(), inbox.Options{DB: db, Bus: bus, Lease: c.Broker.TakeoverAfter, Logger: log})
		parts.Start(ctx, process.Part{Name: "listener " + group.Name(), Run: group.Run, Drain: drain})
		if _, err := fmt.Fprintf(std.Out, "The bridge is ready: the monolith reserves at %s. Ctrl-C stops it.\n", process.URL(l)); err != nil {
			return err
		}
		<-ctx.Done()
		return parts.Err()
	})
}

// withStores opens the databases of the inventory and the order service.
func withStores(std cli.Stdio, cmd *cobra.Command, f func(context.Context, inventory.Service, *orderstore.Store) error) error {
	o, err := dsn.Tool(std, cmd, "inventory", "order")
	if err != nil {
		return err
	}
	return worker.WithInventory(cmd.Context(), o, func(i inventory.Service) error {
		return worker.With(cmd.Context(), o, "order", func(s *registry.Stores) error { return f(cmd.Context(), i, orderstore.New(s.Own)) })
	})
}

// rehearse returns `amends legacy rehearse-cut-back`.
func rehearse(std cli.Stdio) *cobra.Command {
	var to string
	var write, asJSON bool
	cmd := &cobra.Command{
		Use:   "rehearse-cut-back --to URL",
		Short: "List the orders that the monolith would miss if all went back to it now",
		Long: "List the decided orders that were placed here and that the monolith does not have: a cut-back would lose\n" +
			"them. An empty list is exit code 0. With --write they are written now." + about,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			back, err := client(std, to)
			if err != nil {
				return err
			}
			return withStores(std, cmd, func(ctx context.Context, _ inventory.Service, orders *orderstore.Store) error {
				r, err := bridge.Back{Monolith: back, Orders: orders}.Rehearse(ctx, orders.List, write)
				if err != nil {
					return err
				}
				return printRehearsal(std, r, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "URL of the monolith")
	cmd.Flags().BoolVar(&write, "write", false, "write the missing orders to the monolith")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.Require(cmd, "to")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// printRehearsal prints the losses of a cut-back, which are an error.
func printRehearsal(std cli.Stdio, r bridge.Rehearsal, asJSON bool) error {
	if asJSON {
		if err := show.JSON(std.Out, r); err != nil {
			return err
		}
	} else {
		for _, id := range r.Missing {
			if _, err := fmt.Fprintln(std.Out, id); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(std.Out, "%d orders were placed here, %d of them are undecided, %d were written now: the monolith would miss %d\n",
			r.All, r.Pending, r.Written, len(r.Missing))
		if err != nil {
			return err
		}
	}
	if len(r.Missing) > 0 {
		return fmt.Errorf("a cut-back would lose %d orders: run `amends legacy bridge`, or repeat with --write", len(r.Missing))
	}
	return nil
}
