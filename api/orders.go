package api

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/workflows"
)

// orders asks Temporal for everything that the API knows of orders.
type orders struct {
	temporal client.Client
	config   Config
	data     converter.DataConverter
	log      *slog.Logger
	now      func() time.Time
	answered atomic.Int64 // when the engine last answered anything, as Unix nanoseconds
}

func newOrders(c Config, t client.Client, data converter.DataConverter) *orders {
	return &orders{temporal: t, config: c, data: data, now: time.Now}
}

// snapshot is an order as somebody knew it at one time.
type snapshot struct {
	workflows.OrderView

	source contract.OrderSource
}

func (s snapshot) decided() bool { return s.Status != workflows.StatusPending }

// fresh is how long an answer of the engine counts as a sign of life.
const fresh = time.Second

// reachable fails if the engine does not answer. It is asked before a placement,
// so that "nothing was started" is a fact and not a guess; under load somebody's
// answer is always fresh and it costs nothing.
func (o *orders) reachable(ctx context.Context) error {
	if o.now().UnixNano()-o.answered.Load() < int64(fresh) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, o.config.QueryTimeout)
	defer cancel()
	if _, err := o.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return err //nolint:wrapcheck // the caller adds what was asked for
	}
	o.alive()
	return nil
}

func (o *orders) alive() { o.answered.Store(o.now().UnixNano()) }
