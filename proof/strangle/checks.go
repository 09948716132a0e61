package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/amends/amends/internal/strangle/monolith"
)

// books are the records of both sides, read from their databases.
type books struct {
	there, here               map[string]string // status of the orders that were placed there, and here
	written, imported         map[string]string // of the copies: of ours at the monolith, of its orders here
	mailedThere, mailedHere   map[string]int    // mails about an order
	unitsThere, unitsHere     int64             // sold by confirmed orders
	moneyHere, totalsHere     int64             // taken less paid back, and the totals of confirmed orders, in cents
	stockThere, stockHere     int64             // units that are available
	reservedHere, receivedAll int64             // units here that are held, and that the monolith ever received
	untoldHere                int64             // facts that the broker does not have yet
}

// open opens a database to read it.
func open(dir, name string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.Join(dir, name)+"?mode=ro&_pragma=busy_timeout(10000)")
}

// table reads two columns.
func table[V any](ctx context.Context, db *sql.DB, query string) (map[string]V, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	all := map[string]V{}
	for rows.Next() {
		var k string
		var v V
		if err := rows.Scan(&k, &v); err != nil {
			return nil, err
		}
		all[k] = v
	}
	return all, rows.Err()
}

// read reads everything. The crowd rests meanwhile.
func (s *stand) read(ctx context.Context) (b books, err error) {
	databases := map[string]*sql.DB{}
	for _, name := range []string{"order", "catalog", "inventory", "payment", "shipping", "notification"} {
		if databases[name], err = open(s.data(), name+".db"); err != nil {
			return b, err
		}
		defer databases[name].Close()
	}
	shop, err := open(s.o.Dir, "shop.db")
	if err != nil {
		return b, err
	}
	defer shop.Close()
	for _, q := range []struct {
		into  *map[string]string
		db    *sql.DB
		query string
	}{
		{&b.there, shop, "SELECT id, status FROM orders WHERE origin = ''"},
		{&b.written, shop, "SELECT id, status FROM orders WHERE origin <> ''"},
		{&b.here, databases["order"], "SELECT id, status FROM orders WHERE origin = ''"},
		{&b.imported, databases["order"], "SELECT id, status FROM orders WHERE origin <> ''"},
	} {
		if *q.into, err = table[string](ctx, q.db, q.query); err != nil {
			return b, err
		}
	}
	if b.mailedThere, err = table[int](ctx, shop, "SELECT order_id, count(*) FROM mails GROUP BY 1"); err != nil {
		return b, err
	}
	if b.mailedHere, err = table[int](ctx, databases["notification"], "SELECT subject, count(*) FROM deliveries WHERE kind LIKE 'order.%' GROUP BY 1"); err != nil {
		return b, err
	}
	for _, q := range []struct {
		into  *int64
		db    *sql.DB
		query string
	}{
		{&b.unitsThere, shop, "SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.origin = '' AND o.status = 'CONFIRMED'"},
		{&b.unitsHere, databases["order"], "SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.origin = '' AND o.status = 'CONFIRMED'"},
		{&b.totalsHere, databases["order"], "SELECT coalesce(sum(total_minor), 0) FROM orders WHERE origin = '' AND status = 'CONFIRMED'"},
		{&b.moneyHere, databases["payment"], "SELECT coalesce(sum(captured - refunded), 0) FROM payments"},
		{&b.stockThere, shop, "SELECT coalesce(sum(available), 0) FROM stock"},
		{&b.receivedAll, shop, "SELECT coalesce(sum(received), 0) FROM stock"},
		{&b.stockHere, databases["inventory"], "SELECT coalesce(sum(available), 0) FROM stock"},
		{&b.reservedHere, databases["inventory"], "SELECT coalesce(sum(reserved), 0) FROM stock"},
	} {
		if err := q.db.QueryRowContext(ctx, q.query).Scan(q.into); err != nil {
			return b, fmt.Errorf("%s: %w", q.query, err)
		}
	}
	for name, db := range databases {
		const query = "SELECT count(*) FROM outbox WHERE published_at IS NULL AND dead_at IS NULL"
		var untold int64
		if err := db.QueryRowContext(ctx, query).Scan(&untold); err != nil {
			return b, fmt.Errorf("%s: %s: %w", name, query, err)
		}
		b.untoldHere += untold
	}
	return b, nil
}

// wrong returns the contradictions between both sides. moved says that the stock is one; bridged, that
// what was placed here is to be there too.
func (b books) wrong(orders []placed, moved, bridged bool) (all []string) {
	add := func(bad bool, format string, args ...any) {
		if bad {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	seen := map[string]bool{}
	for _, o := range orders {
		_, there := b.there[o.id]
		_, here := b.here[o.id]
		add(seen[o.id], "two placements were answered with order %s", o.id)
		seen[o.id] = true
		add(there && here, "order %s was placed at both sides", o.id)
		add(!there && !here, "order %s is lost", o.id)
		add((o.side == "service") != here, "order %s was answered by %s, and is not there", o.id, o.side)
		add(b.mailedThere[o.id]+b.mailedHere[o.id] != 1, "order %s has %d mails of the monolith and %d of the services", o.id, b.mailedThere[o.id], b.mailedHere[o.id])
	}
	for id := range b.there {
		add(!seen[id], "the monolith has order %s, which no customer has placed", id)
	}
	for id := range b.here {
		add(!seen[id], "the services have order %s, which no customer has placed", id)
	}
	if bridged {
		for id, status := range b.here {
			add(b.written[id] != status, "order %s is %s here, and %q at the monolith", id, status, b.written[id])
		}
	}
	for id := range b.imported {
		add(b.there[id] == "" || b.mailedHere[id] > 0, "imported order %s is not the monolith's, or was told", id)
	}
	add(b.moneyHere != b.totalsHere, "the services have taken %d cents for orders of %d", b.moneyHere, b.totalsHere)
	add(b.reservedHere != 0, "%d units are held, and no order is under way", b.reservedHere)
	if moved {
		sold := b.unitsThere + b.unitsHere
		add(b.stockHere+sold != b.receivedAll, "of %d units %d are available and %d sold", b.receivedAll, b.stockHere, sold)
	} else {
		add(b.stockThere+b.unitsThere != b.receivedAll, "of %d units the monolith has %d and sold %d", b.receivedAll, b.stockThere, b.unitsThere)
	}
	return all
}

// check checks both sides while the crowd rests: the doctor, the monolith's own sums, and the
// books against what the customers were answered.
func (s *stand) check(ctx context.Context, c *crowd, moved bool) (string, error) {
	resume := c.rest()
	defer resume()
	bridged := s.bridge != nil
	if err := s.settled(ctx, bridged); err != nil {
		return "", err
	}
	var own monolith.Sums
	var errs []error
	if s.monolith != nil {
		client, err := monolith.New("http://"+s.legacy, backToken)
		if err != nil {
			return "", err
		}
		if own, err = client.Sums(ctx); err != nil {
			return "", err
		}
		for _, p := range own.Problems {
			errs = append(errs, fmt.Errorf("the monolith's own sums: %s", p))
		}
	}
	doctor, err := s.doctor(ctx)
	if err != nil {
		errs = append(errs, err)
	}
	b, err := s.read(ctx)
	if err != nil {
		return "", err
	}
	for _, w := range b.wrong(c.placed(), moved, bridged) {
		errs = append(errs, errors.New(w))
	}
	c.mu.Lock()
	failed, requests := c.failed, c.requests
	c.mu.Unlock()
	if len(failed) > 0 {
		errs = append(errs, fmt.Errorf("%d of %d requests failed: %s", len(failed), requests, strings.Join(failed[:min(5, len(failed))], "; ")))
	}
	return fmt.Sprintf("%d requests, %d failed · orders: %d placed there, %d here, %d written back, %d imported · the doctor: %s",
		requests, len(failed), len(b.there), len(b.here), len(b.written), len(b.imported), doctor), errors.Join(errs...)
}

// settled waits until every order here is decided, told and written back, every reservation of
// the monolith is settled, and all facts are told: those of the stock that the bridge books, in a
// process of its own, are found by the relay within five seconds.
func (s *stand) settled(ctx context.Context, bridged bool) error {
	return await(ctx, "both sides are at rest", func(ctx context.Context) (bool, error) {
		b, err := s.read(ctx)
		if err != nil {
			return false, err
		}
		for id, status := range b.here {
			if status == "PENDING" || b.mailedHere[id] == 0 || bridged && b.written[id] != status {
				return false, nil
			}
		}
		return b.reservedHere == 0 && b.untoldHere == 0, nil
	})
}

// doctor has the doctor judge every order, however young, and returns its summary.
func (s *stand) doctor(ctx context.Context) (string, error) {
	out, err := s.command(ctx, "doctor", "--json", "--dry-run", "--grace", "1ns", "--pause", "2s", "--rate", "0", "--temporal-address", s.engine)
	var report struct {
		OK     bool `json:"ok"`
		Orders int  `json:"orders"`
	}
	if e := json.Unmarshal([]byte(out), &report); e != nil {
		return "", errors.Join(err, e)
	}
	if err != nil || !report.OK {
		return "", fmt.Errorf("the doctor finds: %s", out)
	}
	return fmt.Sprintf("nothing wrong with %d orders", report.Orders), nil
}
