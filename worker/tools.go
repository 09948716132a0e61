package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

// Migrate brings the databases of o's services to their newest versions, in the
// order of the registry. It waits for a database that does not answer until ctx
// ends. A repeat changes nothing; it may run beside workers.
func Migrate(ctx context.Context, o Options) error {
	for _, r := range registry {
		if _, ok := o.Services[r.name]; !ok {
			continue
		}
		s, err := openWhenThere(ctx, r, o, func(err error) {
			o.Logger.Warn("waiting", "service", r.name, "for", err, "cause", cause(err))
		})
		if err != nil {
			return err
		}
		if err := errors.Join(s.migrate(ctx), s.close()); err != nil {
			return err
		}
	}
	return nil
}

// ReceiveStock books a delivery at a warehouse. It is not idempotent: every call
// is a delivery. People type what a SKU or a warehouse is called: unless it may be
// the first of either, it is refused with [ErrNeverReceived] if no delivery ever had
// that SKU or came to that warehouse. o needs the inventory service only.
func ReceiveStock(ctx context.Context, o Options, sku, warehouse string, quantity int64, mayBeFirst bool) (stock inventory.Stock, err error) {
	d := inventory.Delivery{SKU: sku, Warehouse: warehouse, Quantity: quantity}
	err = with(ctx, o, "inventory", func(s *stores) (err error) {
		store := inventorystore.New(s.own)
		if !mayBeFirst {
			if err := known(ctx, store, d); err != nil {
				return err
			}
		}
		stock, err = store.Receive(ctx, d)
		return err
	})
	return stock, err
}

// ErrNeverReceived says that a delivery is the first of its SKU, or the first to
// its warehouse, and was not said to be.
var ErrNeverReceived = errors.New("never received before")

// known fails with [ErrNeverReceived], and names what is not known. Stock is never
// deleted, so nothing that is known becomes unknown before the delivery is booked.
func known(ctx context.Context, store *inventorystore.Store, d inventory.Delivery) error {
	if err := d.Validate(); err != nil {
		return err
	}
	all, err := store.AllStock(ctx)
	if err != nil {
		return err
	}
	var unknown []string
	if !slices.ContainsFunc(all, func(s inventory.Stock) bool { return s.SKU == d.SKU }) {
		unknown = append(unknown, "SKU "+strconv.Quote(d.SKU))
	}
	if !slices.ContainsFunc(all, func(s inventory.Stock) bool { return s.Warehouse == d.Warehouse }) {
		unknown = append(unknown, "warehouse "+strconv.Quote(d.Warehouse))
	}
	if len(unknown) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(unknown, " and "), ErrNeverReceived)
	}
	return nil
}

// ImportCatalog inserts or replaces products by SKU, all or none, and returns how
// many r has. r is one JSON array of [catalog.Product]; an unknown field is an
// error, not a misspelt one that is dropped. o needs the catalog service only.
func ImportCatalog(ctx context.Context, o Options, r io.Reader) (int, error) {
	products, err := readProducts(r)
	if err != nil {
		return 0, err
	}
	return len(products), with(ctx, o, "catalog", func(s *stores) error {
		return catalogstore.New(s.own).Import(ctx, products)
	})
}

func readProducts(r io.Reader) ([]catalog.Product, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var products []catalog.Product
	if err := decoder.Decode(&products); err != nil {
		return nil, fmt.Errorf("read products, a JSON array: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read products: there is more behind the JSON array")
	}
	return products, nil
}

// with opens a service's databases for f.
func with(ctx context.Context, o Options, name string, f func(s *stores) error) error {
	r, err := find(name)
	if err != nil {
		return err
	}
	s, err := open(ctx, r, o)
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.close())
}
