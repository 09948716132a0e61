// Travel runs the services of trips, and books, shows, cancels and repairs a trip.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"example.org/sagas/travel"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/service"
)

const usage = "travel worker | book ID [TOKEN] | express ID | show ID | wait ID | cancel ID | retry ID STEP REASON"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c, err := client.DialContext(ctx, client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS"), Logger: log.NewStructuredLogger(quiet)})
	if err != nil {
		return err
	}
	defer c.Close()
	switch {
	case len(args) == 1 && args[0] == "worker":
		return work(ctx, c)
	case len(args) >= 2 && args[0] == "book":
		return book(ctx, c, args[1], append(args[2:], "tok_visa")[0], nil)
	case len(args) == 2 && args[0] == "express":
		return book(ctx, c, args[1], "tok_visa", travel.Plan(2).Express())
	case len(args) == 2 && args[0] == "show":
		return tell(saga.Show(ctx, c, args[1]))
	case len(args) == 2 && args[0] == "wait":
		return tell(saga.Wait(ctx, c, args[1]))
	case len(args) == 2 && args[0] == "cancel":
		return tell(saga.Cancel(ctx, c, args[1], saga.CustomerRequest))
	case len(args) == 4 && args[0] == "retry":
		q := saga.RepairRequest{Step: args[2], Action: saga.Retry, Reason: args[3], Operator: "travel"}
		return tell(saga.RepairStep(ctx, c, args[1], q))
	default:
		return errors.New(usage)
	}
}

// tell prints an answer.
func tell[T any](answer T, err error) error {
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(answer, "", "  ")
	fmt.Fprintln(os.Stdout, string(text))
	return err
}

// book starts the saga of a trip. Its id is the workflow's, so a repeat finds the same trip.
func book(ctx context.Context, c client.Client, id, token string, express []string) error {
	trip := travel.Trip{
		ID: id, Flight: "LH400", Rooms: []string{"double", "single"}, Car: "compact",
		Charge: travel.Charge{Cents: 89900, Token: token}, Express: express,
	}
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: "trips"}, "Book", trip)
	return err
}

// work runs all services in this process, each on its own database and task queue.
func work(ctx context.Context, c client.Client) error {
	var d databases
	defer d.close()
	flight, hotel, car := d.seller(ctx, "flight", "LH400"), d.seller(ctx, "hotel", "double", "single"), d.seller(ctx, "car", "compact")
	payments := travel.Payments(d.seller(ctx, "payment").DB, breakable{travel.Simulator{DB: d.seller(ctx, "provider").DB}})
	if d.err != nil {
		return d.err
	}
	services := map[string]func(r saga.Registry){
		"flight":  func(r saga.Registry) { travel.BindFlight(r, flight) },
		"hotel":   func(r saga.Registry) { travel.BindHotel(r, hotel) },
		"car":     func(r saga.Registry) { travel.BindCar(r, car) },
		"payment": func(r saga.Registry) { travel.BindPayment(r, payments) },
	}
	trips := worker.New(c, "trips", worker.Options{})
	trips.RegisterWorkflowWithOptions(travel.Book, workflow.RegisterOptions{Name: "Book"})
	for queue, bind := range services {
		bind(trips) // for the first tries of an express trip
		w := worker.New(c, queue, worker.Options{})
		bind(w)
		if err := w.Start(); err != nil {
			return err
		}
		defer w.Stop()
	}
	if err := trips.Start(); err != nil {
		return err
	}
	defer trips.Stop()
	<-ctx.Done()
	return nil
}

// databases are those of the services, files in the current folder.
type databases struct {
	open []travel.Seller
	err  error
}

// seller opens a service's database, with ten of each item.
func (d *databases) seller(ctx context.Context, name string, items ...string) travel.Seller {
	db, err := service.Open(ctx, "sqlite:"+name+".db", travel.Migrations())
	if err != nil {
		d.err = errors.Join(d.err, err)
		return travel.Seller{}
	}
	for _, item := range items {
		d.err = errors.Join(d.err, db.Exec("INSERT INTO stock (item, free) VALUES (?, 10) ON CONFLICT DO NOTHING", item).Error)
	}
	d.open = append(d.open, travel.Seller{DB: db})
	return travel.Seller{DB: db}
}

func (d *databases) close() {
	for _, s := range d.open {
		_ = service.Close(s.DB)
	}
}

// breakable is a provider that does not answer while the file provider.down exists.
type breakable struct{ travel.Provider }

// Charge implements [travel.Provider].
func (b breakable) Charge(ctx context.Context, key string, c travel.Charge) (string, error) {
	if _, err := os.Stat("provider.down"); err == nil {
		return "", fault.Errorf(fault.Transient, fault.Unavailable, "the provider is down")
	}
	return b.Provider.Charge(ctx, key, c)
}
