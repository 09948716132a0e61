package e2e_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/progress"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/shipping/carrier"
)

// walk is a long step: its start-to-close is no help to it.
var walk = saga.Step[int, int]{
	Name: "walk", Queue: "walk", Kind: saga.Compensatable, StartToClose: time.Hour, Heartbeat: time.Second,
}

// walker runs sagas of one walk. Its do is the test's.
func walker(t *testing.T, do func(ctx context.Context, steps int) error) (start func(steps int) client.WorkflowRun, flags *atomic.Int64) {
	t.Helper()
	queue := "walk-" + uuid.NewString()
	flags = &atomic.Int64{}
	timing := saga.DefaultTiming()
	timing.StartToClose, timing.ParkAfter = time.Second, 4*time.Second // longer than a machine pauses
	w := sdkworker.New(server.Client, queue, sdkworker.Options{WorkerStopTimeout: 5 * time.Second})
	saga.Bind(w, walk, func(ctx context.Context, _ saga.Key, steps int) (int, error) { return steps, do(ctx, steps) },
		func(context.Context, saga.Key) error { return nil })
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, steps int) (saga.View, error) {
		return saga.Run(ctx, saga.Options{
			ID: queue, Plan: saga.NewPlan(walk), Queues: map[string]string{"walk": queue}, Timing: timing,
			Notice: func(_ workflow.Context, v saga.View) error {
				flags.Add(int64(len(v.Attention)))
				return nil
			},
		}, func(ctx workflow.Context) error {
			_, err := saga.Do(ctx, walk, steps)
			return err
		})
	}, workflow.RegisterOptions{Name: "Walk"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return func(steps int) client.WorkflowRun {
		run, err := server.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: queue, TaskQueue: queue}, "Walk", steps)
		require.NoError(t, err)
		return run
	}, flags
}

// pace waits for the time of one part of the work, or until ctx ends.
func pace(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(250 * time.Millisecond):
		return nil
	}
}

// The engine itself tells progress from none, and a living attempt from a dead one.
func TestALongStep(t *testing.T) {
	t.Parallel()

	t.Run("IsNotFlaggedWhileItMakesProgress", func(t *testing.T) {
		t.Parallel()
		var taken, attempts atomic.Int64
		start, flags := walker(t, func(ctx context.Context, steps int) error {
			attempts.Add(1)
			for taken.Load() < int64(steps) {
				if err := pace(ctx); err != nil {
					return err
				}
				progress.Report(ctx, int(taken.Add(1)))
			}
			return nil
		})
		var v saga.View
		require.NoError(t, start(32).Get(t.Context(), &v)) // twice ParkAfter
		require.Equal(t, saga.Committed, v.Phase)
		require.Greater(t, attempts.Load(), int64(1), "the engine has ended the calls")
		require.Zero(t, flags.Load())
	})

	t.Run("IsRepeatedWithoutTheStartToCloseOfADeadWorker", func(t *testing.T) {
		t.Parallel()
		var attempts atomic.Int64
		dead := make(chan struct{})
		t.Cleanup(func() { close(dead) })
		start, _ := walker(t, func(context.Context, int) error {
			if attempts.Add(1) == 1 {
				<-dead
			}
			return nil
		})
		var v saga.View
		require.NoError(t, start(1).Get(t.Context(), &v))
		require.Equal(t, saga.Committed, v.Phase)
	})

	t.Run("LearnsThatItsSagaIsAborted", func(t *testing.T) {
		t.Parallel()
		begun, ended := make(chan struct{}, 10), make(chan error, 10)
		start, _ := walker(t, func(ctx context.Context, _ int) (err error) {
			begun <- struct{}{}
			for err == nil {
				err = pace(ctx)
				progress.Report(ctx, 1)
			}
			ended <- err
			return err
		})
		run := start(1)
		<-begun
		require.NoError(t, server.CancelWorkflow(t.Context(), run.GetID(), ""))
		var v saga.View
		require.NoError(t, run.Get(t.Context(), &v))
		require.Equal(t, saga.Aborted, v.Phase)
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

// slowCarrier takes its time for every call, and books only a few parcels until it is
// opened again.
type slowCarrier struct {
	carrier.Carrier
	left atomic.Int64 // parcels that it still books
}

func (c *slowCarrier) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

func (c *slowCarrier) Book(ctx context.Context, key string, p carrier.Parcel) (carrier.Booking, error) {
	if err := c.wait(ctx); err != nil {
		return carrier.Booking{}, err
	}
	if c.left.Add(-1) < 0 {
		return carrier.Booking{}, carrier.ErrUnavailable
	}
	return c.Carrier.Book(ctx, key, p)
}

func (c *slowCarrier) Forbid(ctx context.Context, key string) (carrier.Booking, bool, error) {
	if err := c.wait(ctx); err != nil {
		return carrier.Booking{}, false, err
	}
	return c.Carrier.Forbid(ctx, key)
}

// An order of the most lines, each from a warehouse of its own.
//
//nolint:tparallel // the orders share a platform, one after the other
func TestAnOrderOfTheMostParcels(t *testing.T) {
	t.Parallel()

	const parcels = 200
	p := newPlatform(t, 10*time.Minute)
	slow := &slowCarrier{}
	p.Faults.Carrier = func(known carrier.Carrier) carrier.Carrier { slow.Carrier = known; return slow }
	p.stop("shipping")
	p.start(t, "shipping")
	var products []catalog.Product
	var asked []map[string]any
	for i := range parcels {
		sku := fmt.Sprintf("PART-%03d", i)
		products = append(products, catalog.Product{SKU: sku, Name: "Part", Category: "part", Price: money.New(100, "EUR"), Active: true})
		_, err := p.Inventory.Receive(t.Context(), inventory.Delivery{SKU: sku, Warehouse: fmt.Sprintf("W%03d", i), Quantity: 10, By: "clerk"})
		require.NoError(t, err)
		asked = append(asked, map[string]any{"sku": sku, "quantity": 1})
	}
	require.NoError(t, p.Catalog.Import(t.Context(), products))
	body := placement()
	body["lines"] = asked

	t.Run("IsConfirmedThoughEachAttemptBooksSome", func(t *testing.T) {
		slow.left.Store(60)
		id := p.place(t, "", "", body).order.ID
		for range 3 {
			eventually(t, "the carrier is shut", func() bool { return slow.left.Load() < 0 })
			slow.left.Store(60)
		}
		v := decided(t, id)
		require.Equal(t, confirmed, v.Status)
		require.Len(t, v.Parcels, parcels)
		require.NoError(t, p.Check(t.Context()))
	})

	t.Run("IsCancelledInTheMiddle", func(t *testing.T) {
		slow.left.Store(60)
		id := p.place(t, "", "", body).order.ID
		eventually(t, "the carrier is shut", func() bool { return slow.left.Load() < 0 })
		p.stop("shipping")
		p.wish(t, id)
		p.start(t, "shipping")
		v := decided(t, id)
		require.Equal(t, order.CustomerRequest, v.Reason)
		require.NoError(t, p.Check(t.Context()))
	})
}
