// Package load has the command `amends load`, which places orders on a running
// platform and checks how each ended.
package load

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/loadreport"
	"github.com/amends/amends/proof/load"
)

const loadHelp = `Place orders on a running platform with the demo data, wait until each is decided, and compare it with
the expected outcome. The exit code is not 0, and standard error names the order, if one was lost,
doubled, refused, not decided in time or decided otherwise.

  amends load                                 # 100 orders, 8 customers
  amends load --duration 1m --concurrency 32  # closed loop: next when decided
  amends load --duration 1m --rate 50         # open loop: 50 due each second
  amends load --mix declined=10,duplicate=50  # per cent; '' is all plain

Kinds of orders in a mix: declined (the payment is refused), out_of_stock, undeliverable, cancelled (by
the customer, as soon as the order is acknowledged), slow (the provider takes 3 s) and duplicate (placed
twice at once with one key). One seed always gives the same list of orders. Beside the kinds,
choreographed=50 places that share of the orders, whatever their kind, without a workflow, and the
others with one; otherwise the platform's style counts.

With --hot-item every order wants one unit of that SKU, and exactly as many as are left must be
confirmed. --hot-left says how many; no other client may order the SKU meanwhile. The demo data begins
with 10 of TEAPOT-LIMITED; a delivery adds more:

  amends load --hot-item TEAPOT-LIMITED --hot-left 10 --orders 100
  amends stock receive TEAPOT-LIMITED 7 --warehouse BER

A platform that is overloaded answers OVERLOADED and starts nothing; the report then has a table of the
orders that were acknowledged, turned away, and unknown. --leave-overloaded makes customers leave, and
--browse asks for products meanwhile, which give way to orders.

The orders are those of a guest or, with AMENDS_API_KEY, those of the key's account.

docs/load.md explains the figures.`

// Defaults of a load without flags.
const (
	loadOrders      = 100
	loadConcurrency = 8
)

// Command returns `amends load`.
func Command(std cli.Stdio) *cobra.Command {
	var (
		o            load.Options
		until, mix   string
		hot          load.Hot
		printJSON    bool
		defaultMix   = load.DefaultMix().String()
		untilDecided = string(load.UntilDecided)
	)
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Place orders, measure them, and check that each ended as it had to",
		Long:  loadHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.LoadTool(cmd, config.Needs{})
			if err != nil {
				return err
			}
			o.APIKey = string(c.APIKey)
			given := cmd.Flags().Changed
			if o.BaseURL == "" {
				o.BaseURL = "http://" + cli.Reachable(c.HTTPAddr)
			}
			if !given("orders") && !given("duration") {
				o.Orders = loadOrders
			}
			if !given("concurrency") && !given("rate") {
				o.Concurrency = loadConcurrency
			}
			if err := positive(cmd.Flags(), "orders", "duration", "concurrency", "rate"); err != nil {
				return err
			}
			if given("hot-item") != given("hot-left") {
				return errors.New("hot-item, hot-left: give both or none")
			}
			if given("hot-item") {
				o.Hot = &hot
			}
			o.Until = load.Until(until)
			var mistakes error
			if o.Hot == nil || given("mix") {
				o.Mix, mistakes = load.ParseMix(mix)
			}
			if mistakes == nil {
				mistakes = o.Validate()
			}
			if mistakes != nil {
				return mistakes
			}
			return placeLoad(cmd, std, o, printJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.BaseURL, "url", "", "address of the API (default: http_addr of the configuration, http://127.0.0.1:8080)")
	f.IntVar(&o.Orders, "orders", 0, fmt.Sprintf("how many orders to place (default %d, unless --duration is given)", loadOrders))
	f.DurationVar(&o.Duration, "duration", 0, "how long to place orders, for example 1m")
	f.IntVar(&o.Concurrency, "concurrency", 0, fmt.Sprintf("customers, each placing one order after another (default %d, unless --rate is given)", loadConcurrency))
	f.Float64Var(&o.Rate, "rate", 0, "orders that are due each second, independently of earlier ones")
	f.Float64Var(&o.Browse, "browse", 0, "products that are asked for each second meanwhile, independently of earlier questions")
	f.StringVar(&mix, "mix", defaultMix, "per cent of the orders by kind")
	f.Uint64Var(&o.Seed, "seed", 1, "number that determines all orders")
	f.StringVar(&until, "until", untilDecided, "when the next order may take an order's place: decided or acknowledged")
	f.Float64Var(&o.Sample, "sample", 1, "share of the orders whose acknowledgement is measured, which takes another request; see docs/load.md")
	f.DurationVar(&o.Wait, "wait", load.DefaultWait, "how long to wait for a decision, and once more after all orders are placed")
	f.BoolVar(&o.LeaveOverloaded, "leave-overloaded", false, "customers who are answered OVERLOADED leave, instead of repeating with the same key")
	f.StringVar(&hot.SKU, "hot-item", "", "SKU that every order wants one unit of")
	f.IntVar(&hot.Left, "hot-left", 0, "units of the hot item that are left")
	f.StringSliceVar(&o.Shop.SKUs, "sku", nil, "products to order, in stock (default: those of the demo data)")
	f.StringVar(&o.Shop.SoldOut, "sold-out-sku", "", "product without stock (default: that of the demo data)")
	f.StringVar(&o.Shop.Currency, "currency", "", "currency of the products' prices (default: EUR)")
	f.BoolVar(&printJSON, "json", false, "print the report as JSON, and no progress")
	cli.Choices(cmd, "until", untilDecided, string(load.UntilAcknowledged))
	config.AddFlags(f, "data_dir")
	return cmd
}

// positive refuses an explicit 0, which [load.Options] would read as absent.
func positive(flags *pflag.FlagSet, names ...string) error {
	var problems []error
	for _, name := range names {
		f := flags.Lookup(name)
		if f.Changed && (f.Value.String() == "0" || f.Value.String() == "0s") {
			problems = append(problems, fmt.Errorf("%s: must be positive, is 0", name))
		}
	}
	return errors.Join(problems...)
}

// placeLoad runs the load and prints its report, also if it is interrupted.
func placeLoad(cmd *cobra.Command, std cli.Stdio, o load.Options, printJSON bool) error {
	if !printJSON {
		o.Progress, o.Every = progress(std)
	}
	report, err := load.Run(cmd.Context(), o)
	if report.Run == "" {
		return fmt.Errorf("load: %w", err) // it never began
	}
	if err != nil {
		err = fmt.Errorf("load: interrupted: %s: %w", loadreport.Unchecked(report), err)
	}
	if printJSON {
		return errors.Join(show.JSON(std.Out, report), err, report.Err())
	}
	return errors.Join(loadreport.Write(std.Screen(cmd), report), err, report.Err())
}

// progress returns the function that reports the progress of a load, and its
// interval: on a terminal it rewrites one line, otherwise it adds lines.
func progress(std cli.Stdio) (tell func(load.Progress), every time.Duration) {
	if f, ok := std.Err.(*os.File); !ok || !isatty.IsTerminal(f.Fd()) {
		return func(p load.Progress) { fmt.Fprintln(std.Err, p) }, 5 * time.Second
	}
	const wipe, noWrap, wrap = "\r\x1b[2K", "\x1b[?7l", "\x1b[?7h"
	return func(p load.Progress) {
		if p.Phase == load.Done {
			fmt.Fprint(std.Err, wipe)
			return
		}
		fmt.Fprint(std.Err, wipe+noWrap+p.String()+wrap)
	}, 250 * time.Millisecond
}
