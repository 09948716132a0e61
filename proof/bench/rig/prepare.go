package rig

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/internal/database/provision"
	"github.com/amends/amends/internal/identity"
	"github.com/amends/amends/internal/identity/secrets"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/bench/floor"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

const (
	products = 100
	// stock of each product is more than all orders need.
	stock    = 100_000_000
	currency = "EUR"
)

// SKUs are the products in stock. A shop has many: were there only a few, all
// orders would wait for each other at the same rows.
func SKUs() []string {
	skus := make([]string, products)
	for i := range skus {
		skus[i] = fmt.Sprintf("BENCH-%03d", i)
	}
	return skus
}

// Services returns the names of the services that an order needs.
func Services() []string { return registry.Acting() }

// services returns the services that have a database on the rig's servers.
func (o Options) services() []string {
	if o.Everything {
		return registry.Names()
	}
	return registry.Acting()
}

// variables returns the variables of the services' databases, by the database's name.
func (o Options) variables() map[string]string {
	all := map[string]string{}
	for _, d := range registry.Declarations() {
		if !slices.Contains(o.services(), d.Name) {
			continue
		}
		prefix := "AMENDS_SERVICES_" + strings.ToUpper(d.Name)
		all[d.Name] = prefix + "_DSN"
		if d.Outside != "" {
			all[d.Outside] = prefix + "_" + strings.ToUpper(d.Outside) + "_DSN"
		}
	}
	return all
}

// floorDatabase returns the name of the floor's database of a service.
func floorDatabase(service string) string { return "floor_" + service }

// OfFloor reports whether a database is one of the floor's.
func OfFloor(database string) bool { return strings.HasPrefix(database, "amends_"+floorDatabase("")) }

// prepare makes every database, registers the engine's attributes, and makes what the
// processes prove their names by.
func (r *Rig) prepare(ctx context.Context) error {
	for name := range r.o.variables() {
		if err := r.provision(ctx, name); err != nil {
			return err
		}
	}
	if !r.o.Alone {
		for _, service := range floor.Services() {
			if err := r.provision(ctx, floorDatabase(service)); err != nil {
				return err
			}
		}
	}
	authority := []string{"--env", environment, "--dir", filepath.Join(r.o.Dir, "authority"), "--out", r.certificates()}
	for _, args := range [][]string{
		append([]string{"migrate"}, r.o.services()...),
		{"migrate", "temporal"},
		append([]string{"certs", "init"}, authority...),
		append([]string{"certs", "issue"}, authority...),
	} {
		if err := r.Tool(ctx, args...); err != nil {
			return err
		}
	}
	callers := append(registry.Names(), identity.Gateway, identity.Operator)
	if _, err := secrets.Keep(r.secrets(), callers...); err != nil {
		return err
	}
	return r.stockUp(ctx)
}

// provision makes a database.
func (r *Rig) provision(ctx context.Context, name string) error {
	if r.o.SQLite {
		r.databases[name] = &url.URL{Scheme: "sqlite", Opaque: filepath.Join(r.o.Dir, name+".db")}
		return nil
	}
	dsn, err := provision.Database(ctx, r.services.DSN, name, rand.Text())
	if err != nil {
		return err
	}
	if r.databases[name], err = url.Parse(dsn); err != nil {
		return fmt.Errorf("DSN of %s: %w", name, err)
	}
	return nil
}

// stockUp fills the catalog and the warehouses.
func (r *Rig) stockUp(ctx context.Context) error {
	var list []catalog.Product
	for _, sku := range SKUs() {
		list = append(list, catalog.Product{SKU: sku, Name: sku, Category: "bench", Price: money.New(1299, currency), Active: true})
	}
	o := worker.Options{Services: map[string]worker.Service{}, Logger: slog.New(slog.DiscardHandler)}
	for _, name := range []string{"catalog", "inventory"} {
		o.Services[name] = worker.Service{DSN: r.databases[name].String()}
	}
	return errors.Join(
		worker.WithCatalog(ctx, o, func(c catalog.Service) error { return c.Import(ctx, list) }),
		worker.WithInventory(ctx, o, func(all inventory.Service) error {
			for i, sku := range SKUs() {
				if _, err := all.Receive(ctx, inventory.Delivery{SKU: sku, Warehouse: []string{"BER", "AMS"}[i%2], Quantity: stock, By: "bench"}); err != nil {
					return err
				}
			}
			return nil
		}),
	)
}

// Tool runs a command of amends.
func (r *Rig) Tool(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, r.o.Platform.Amends, args...) //nolint:gosec // the binary that is measured
	cmd.Env = append(r.environ(), r.dsns()...)
	if !r.o.Everything {
		cmd.Env = append(cmd.Env, "AMENDS_DOCTOR_FOLLOWERS=false") // there are none
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("amends %s: %w: %s", strings.Join(args, " "), err, said)
	}
	return nil
}

// environ is the environment of every process of the platform.
func (r *Rig) environ() []string {
	env := append(r.identities(),
		"AMENDS_TEMPORAL_ADDRESS="+r.address, "AMENDS_PROFILES="+strconv.FormatBool(r.o.Profile),
		"AMENDS_BROKER_URL="+r.bus, "AMENDS_DATA_DIR="+r.data(),
		"AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=the secret of the guests of a benchmark",
		"AMENDS_EARLIER_ORDERS=false", // the platform is new
	)
	if !r.o.Doctor {
		env = append(env, "AMENDS_DOCTOR_EVERY=0")
	}
	return append(env, r.o.Platform.Environ...)
}

// dsns are the databases of the platform's services as variables.
func (r *Rig) dsns() []string {
	var env []string
	for name, variable := range r.o.variables() {
		dsn := *r.databases[name]
		query := dsn.Query()
		maps.Copy(query, r.o.Platform.Database)
		dsn.RawQuery = query.Encode()
		env = append(env, variable+"="+dsn.String())
	}
	return env
}
