package e2e_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/shipping/carrier"
	"github.com/amends/amends/workflows"
)

// outside stands between the services and an external system. While it is mute,
// every call takes effect there and gets no answer.
type outside struct{ mute atomic.Bool }

// reply is the answer to a call, or none.
func (o *outside) reply(ctx context.Context, err error) error {
	if !o.mute.Load() {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

type mutedProvider struct {
	provider.Provider
	*outside
}

func (m mutedProvider) Authorize(ctx context.Context, a provider.Authorization) (provider.Effect, error) {
	e, err := m.Provider.Authorize(ctx, a)
	return e, m.reply(ctx, err)
}

func (m mutedProvider) Find(ctx context.Context, key string) (provider.Effect, bool, error) {
	e, found, err := m.Provider.Find(ctx, key)
	return e, found, m.reply(ctx, err)
}

func (m mutedProvider) Forbid(ctx context.Context, key string) (provider.Effect, bool, error) {
	e, found, err := m.Provider.Forbid(ctx, key)
	return e, found, m.reply(ctx, err)
}

func (m mutedProvider) Refund(ctx context.Context, r provider.Refund) (provider.Effect, error) {
	e, err := m.Provider.Refund(ctx, r)
	return e, m.reply(ctx, err)
}

// Void has no effect while the provider is mute, so that tests can see it later.
func (m mutedProvider) Void(ctx context.Context, key string) error {
	if err := m.reply(ctx, nil); err != nil {
		return err
	}
	return m.Provider.Void(ctx, key)
}

type mutedCarrier struct {
	carrier.Carrier
	*outside
}

func (m mutedCarrier) Book(ctx context.Context, key string, p carrier.Parcel) (carrier.Booking, error) {
	b, err := m.Carrier.Book(ctx, key, p)
	return b, m.reply(ctx, err)
}

func (m mutedCarrier) Cancel(ctx context.Context, key string) error {
	return m.reply(ctx, m.Carrier.Cancel(ctx, key))
}

func (m mutedCarrier) Find(ctx context.Context, key string) (carrier.Booking, bool, error) {
	b, found, err := m.Carrier.Find(ctx, key)
	return b, found, m.reply(ctx, err)
}

func (m mutedCarrier) Forbid(ctx context.Context, key string) (carrier.Booking, bool, error) {
	b, found, err := m.Carrier.Forbid(ctx, key)
	return b, found, m.reply(ctx, err)
}

// through puts an outside between a platform and each external system, and
// shortens the saga's patience.
func (p *platform) through(t *testing.T, timing saga.Timing) (money, parcels *outside) {
	t.Helper()
	money, parcels = &outside{}, &outside{}
	p.Faults.Provider = func(known provider.Provider) provider.Provider { return mutedProvider{known, money} }
	p.Faults.Carrier = func(known carrier.Carrier) carrier.Carrier { return mutedCarrier{known, parcels} }
	p.restartOrder(t, timing, nil, nil)
	for _, s := range []string{"payment", "shipping"} {
		p.stop(s)
		p.start(t, s)
	}
	return money, parcels
}

// ask queries the workflow itself, which tells more than the API. While its worker
// restarts it tells nothing.
func ask(t *testing.T, id string) (v workflows.OrderView) {
	t.Helper()
	for range 3 { // a busy machine may let a question time out
		value, err := server.QueryWorkflow(t.Context(), workflows.WorkflowID(id), "", workflows.QueryOrder)
		if err == nil {
			require.NoError(t, value.Get(&v))
			break
		}
	}
	return v
}

// stuckAt waits until exactly this step of the order needs attention.
func stuckAt(t *testing.T, id, step string) saga.Attention {
	t.Helper()
	var v workflows.OrderView
	eventually(t, step+" needs attention", func() bool {
		v = ask(t, id)
		return len(v.Attention) == 1 && v.Attention[0].Step == step
	})
	return v.Attention[0]
}

// repair asks for a repair and waits for its outcome.
func repair(t *testing.T, q saga.RepairRequest) (saga.RepairResult, error) {
	t.Helper()
	h, err := server.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: workflows.WorkflowID(q.Saga), UpdateName: saga.UpdateRepair, Args: []any{q},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return saga.RepairResult{}, err
	}
	var r saga.RepairResult
	return r, h.Get(t.Context(), &r)
}
