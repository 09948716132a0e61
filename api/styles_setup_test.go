package api

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/workflows"
)

// Place implements [records.Records].
func (r *records) Place(ctx context.Context, id string, p order.Placement, decideAfter time.Duration) (order.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.written[id]
	if !ok {
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		p.Style, p.PlacedAt, p.DecideBy = order.Choreographed, at, at.Add(decideAfter)
		rec = order.Record{ID: id, Status: order.Pending, Placement: p.Redacted(), CreatedAt: at, UpdatedAt: at}
		course.Begin(&rec, at)
	}
	if r.fail != nil {
		if err := r.fail(ctx); err != nil {
			if fault.KindOf(err) == fault.Unknown {
				r.written[id] = rec
			}
			return order.Record{}, err
		}
	}
	r.written[id] = rec
	return rec, nil
}

// Withdraw implements [records.Records].
func (r *records) Withdraw(_ context.Context, id string) (rec order.Record, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec = r.written[id]
	if r.unheard != nil {
		return order.Record{}, r.unheard
	}
	if rec.Course == nil {
		return order.Record{}, fault.Errorf(fault.Bug, fault.Conflict, "not choreographed")
	}
	if _, err = course.Object(&rec, course.Objection{Reason: order.CustomerRequest}, rec.CreatedAt); err == nil && r.then != nil {
		r.then(&rec)
	}
	r.written[id] = rec
	return rec, err
}

// counts counts by name.
type counts struct {
	mu sync.Mutex
	by map[string]int
}

func (c *counts) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.by[name]++
}

// of returns a copy.
func (c *counts) of() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}

// styled is a body with a style.
func styled(body string, style order.Style) string {
	return strings.Replace(body, `"currency"`, fmt.Sprintf(`"style": %q, "currency"`, style), 1)
}

// byDefault makes a style that of orders which name none.
func byDefault(style order.Style) func(*Config) {
	return func(c *Config) { c.Orders.Style = style }
}

// end gives an order an end.
func end(r *order.Record, status order.Status) error {
	at := r.CreatedAt.Add(time.Second)
	if status == order.Cancelled {
		r.Decided, r.DecidedAt = order.CustomerRequest, at
	} else {
		r.Course.Quote = &order.Quote{Total: money.New(12600, "EUR")}
	}
	c, err := course.Closing(*r, status, at)
	if err == nil && status == order.Cancelled {
		_, err = r.Cancel(c, at)
	} else if err == nil {
		_, err = r.Confirm(c, at)
	}
	return err
}

// unknownTo knows the workflows that were started.
func unknownTo(r *records) func(context.Context, string) (workflows.OrderView, error) {
	return func(_ context.Context, id string) (workflows.OrderView, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		id = strings.TrimPrefix(id, "order-")
		if _, ok := r.runs[id]; !ok {
			return workflows.OrderView{}, serviceerror.NewNotFound("no such workflow")
		}
		return view(id, workflows.StatusPending), nil
	}
}

// choreographed is a server with a choreographed order, whose engine knows no order.
func choreographed(t *testing.T, change ...func(*Config)) (*testBundle, *records) {
	t.Helper()
	r := newRecords(0)
	b := setupRecorded(t, r, append(change, byDefault(order.Choreographed))...)
	b.temporal.query = unknownTo(r)
	return b, r
}
