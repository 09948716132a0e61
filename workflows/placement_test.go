package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// The engine's own cancel arrives while the placement waits for a database that
// is down. The order is recorded and ends as cancelled, so the placement, whose
// outcome every repeat gets, succeeds.
func TestAPlacementOutlivesACancelOfTheWorkflow(t *testing.T) {
	t.Parallel()

	b := setup(t)
	create := &failing{Service: b.Orders, left: 20}
	activities.BindOrder(only{b.env, "order.create"}, create, b.Requests)
	var got workflows.PlaceResult
	var failed error
	b.env.RegisterDelayedCallback(func() {
		b.env.UpdateWorkflow(workflows.UpdatePlace, workflows.PlaceUpdateID, &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { failed = err },
			OnComplete: func(result any, err error) {
				got, _ = result.(workflows.PlaceResult)
				failed = err
			},
		}, workflows.PlaceRequest{})
	}, 0)
	b.env.RegisterDelayedCallback(b.env.CancelWorkflow, time.Second)
	v := b.run(t)
	require.Equal(t, order.CustomerRequest, v.Reason)
	require.NoError(t, failed)
	require.Equal(t, "n", got.Nonce)
	to, err := b.Orders.Address(t.Context(), b.in.OrderID)
	require.NoError(t, err)
	require.Equal(t, b.in.Placement.ShipTo, to, "the history has no address to give")
}

// failing is an order service whose database is down for some calls.
type failing struct {
	order.Service
	left int
}

func (f *failing) Create(ctx context.Context, k saga.Key, p order.Placement) (order.Record, error) {
	if f.left--; f.left >= 0 {
		return order.Record{}, fault.Errorf(fault.Transient, fault.Unavailable, "the database is down")
	}
	return f.Service.Create(ctx, k, p)
}

// only registers one activity, in place of the one that is there.
type only struct {
	saga.Registry
	name string
}

func (o only) RegisterActivityWithOptions(f any, options activity.RegisterOptions) {
	if options.Name == o.name {
		o.Registry.RegisterActivityWithOptions(f, options)
	}
}
