package strangle

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/strangle/imports"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/imported"
	"github.com/amends/amends/services/order/store/implied"
	orderimports "github.com/amends/amends/services/order/store/imports"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// importer imports one kind into the databases of some services.
type importer struct {
	kind     string
	services []string
	short    string
	run      func(ctx context.Context, o worker.Options, c *monolith.Client, door string) (imports.Report, error)
}

var importers = []importer{
	{monolith.Products, []string{"catalog"}, "Import products; those that differ are replaced", func(ctx context.Context, o worker.Options, c *monolith.Client, _ string) (r imports.Report, err error) {
		err = worker.WithCatalog(ctx, o, func(s catalog.Service) error { r, err = imports.Products(ctx, c, s); return err })
		return r, err
	}},
	{monolith.Stocks, []string{"inventory"}, "Bring stock to the monolith's levels; with --hand-over the monolith reserves here from then on", func(ctx context.Context, o worker.Options, c *monolith.Client, door string) (r imports.Report, err error) {
		err = worker.WithInventory(ctx, o, func(s inventory.Service) error { r, err = imports.Stock(ctx, c, s, door); return err })
		return r, err
	}},
	{monolith.Users, []string{"user"}, "Import accounts, with passwords that work once and are hashed anew at the log-in", func(ctx context.Context, o worker.Options, c *monolith.Client, _ string) (r imports.Report, err error) {
		err = worker.With(ctx, o, "user", func(s *registry.Stores) error {
			if err := s.Prepare(nil); err != nil {
				return err
			}
			r, err = imports.Users(ctx, c, s.Users())
			return err
		})
		return r, err
	}},
	{monolith.Orders, []string{"order", "query"}, "Import orders that the monolith has placed, as a record: nothing is told, and nothing happens", func(ctx context.Context, o worker.Options, c *monolith.Client, _ string) (r imports.Report, err error) {
		err = worker.With(ctx, o, "order", func(s *registry.Stores) error {
			return worker.With(ctx, o, "query", func(q *registry.Stores) error {
				r, err = imports.Orders(ctx, c, records{s.Orders(), s}, lists{q})
				return err
			})
		})
		return r, err
	}},
}

// records is the order service on its database, with its door for imports.
type records struct {
	order.Direct

	stores *registry.Stores
}

// Import implements [imports.Records].
func (r records) Import(ctx context.Context, all []imported.Order) (int64, error) {
	return orderimports.Add(ctx, r.stores.Own, all)
}

// lists is the read model on its database.
type lists struct{ *registry.Stores }

// Show implements [imports.Lists].
func (l lists) Show(ctx context.Context, all []order.Record) error {
	var facts []event.Event
	for _, r := range all {
		facts = append(facts, implied.Facts(r)...)
	}
	return l.Follow(ctx, facts)
}

// importCommand returns `amends legacy import`.
func importCommand(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("import", "Bring the data of the monolith over; a run that was killed is run again")
	for _, i := range importers {
		cmd.AddCommand(i.command(std))
	}
	return cmd
}

func (i importer) command(std cli.Stdio) *cobra.Command {
	var from, door string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   i.kind + " --from URL",
		Short: i.short,
		Long: i.short + ".\n\nThe command reads the monolith's export, whose pages have checksums, and writes what is not here. Then it\n" +
			"reads the export anew, and ends with \"0 of N differ\", or with the list and exit code 1." + about,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := client(std, from)
			if err != nil {
				return err
			}
			o, err := dsn.Tool(std, cmd, i.services...)
			if err != nil {
				return err
			}
			r, err := i.run(cmd.Context(), o, c, door)
			if err != nil {
				return fmt.Errorf("import %s: %w", i.kind, err)
			}
			return report(std, r, asJSON)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "URL of the monolith")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	if i.kind == monolith.Stocks {
		cmd.Flags().StringVar(&door, "hand-over", "", "URL of `amends legacy bridge`, where the monolith is to reserve from then on")
	}
	cli.Require(cmd, "from")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// report prints a report. Differences are an error.
func report(std cli.Stdio, r imports.Report, asJSON bool) error {
	if asJSON {
		if err := show.JSON(std.Out, r); err != nil {
			return err
		}
	} else {
		for _, d := range r.Differ {
			if _, err := fmt.Fprintln(std.Out, d); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(std.Out, "%d of %d %s imported now; %s\n", r.Written, r.All, r.Kind, r.Compared()); err != nil {
			return err
		}
	}
	if len(r.Differ) > 0 {
		return fmt.Errorf("import %s: %s", r.Kind, r.Compared())
	}
	return nil
}
