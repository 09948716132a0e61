package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ready says why the platform cannot take an order, nil if it can.
func (p *platform) ready(ctx context.Context) error {
	if err := p.server.Ready(ctx); err != nil {
		return err
	}
	return p.group.Ready(ctx)
}

// readyTimeout bounds the wait for workers whose databases and engine are there.
const readyTimeout = 30 * time.Second

// awaitReady returns when every part says that it works.
func (p *platform) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready after %s: %w", readyTimeout, err)
		case err := <-p.workers:
			return err
		case <-p.engine.done():
			return p.engine.own.Err()
		case <-tick.C:
		}
	}
}

// wait returns when ctx ends, which is not an error, or a part fails.
func (p *platform) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.workers:
		return errors.Join(err, errors.New("the workers ended"))
	case err := <-p.orders.failed:
		return err
	case err := <-p.admin.failed:
		return err
	case <-p.engine.done():
		return p.engine.own.Err()
	}
}

// banner says where everything is, once it works.
func (p *platform) banner(w io.Writer, took time.Duration) error {
	const order = `{"customer_id":"cus_42","currency":"EUR",` +
		`"lines":[{"sku":"MUG-STONEWARE","quantity":2},{"sku":"KETTLE-STEEL","quantity":1}],` +
		`"ship_to":{"name":"A. Buyer","line1":"Hauptstr. 1","city":"Berlin","postal_code":"10115","country":"DE"},` +
		`"payment_token":"tok_visa"}`
	api := p.orders.url()
	_, err := fmt.Fprintf(w, `amends is ready (%.1f s)

  API      %s
  Docs     %s/docs
  %s
  Metrics  %s/metrics

Place a first order:

  curl -sS %s/v1/orders -H 'Content-Type: application/json' -H "Idempotency-Key: first-$(date +%%s)" -H 'Prefer: wait=10' -d '%s'

See the saga of an order by its id:

  amends order show ID --temporal-address %s

Ctrl-C stops everything. What was stored stays in %s.
`, took.Seconds(), api, api, p.where(), p.admin.url(), api, order, p.client.Address, p.c.DataDir)
	return err
}
