package saga_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// The body itself aborts the saga while a step is waiting for its service. The step
// is stopped as by any other reason, without waiting until decide-by, and the reason
// is the body's.
func TestTheBodysOwnErrorStopsWhatIsUnderWay(t *testing.T) {
	t.Parallel()

	b := setup(t)
	b.always["seat"] = errTransient
	began := b.env.Now()
	b.body = func(ctx workflow.Context) error {
		saga.Go(ctx, seat, 1)
		if err := workflow.Sleep(ctx, time.Second); err != nil {
			return err
		}
		return fault.Errorf(fault.Business, "FRAUD", "the customer is on a list")
	}
	v := b.run(t)
	require.Equal(t, saga.Aborted, v.Phase)
	require.Equal(t, fault.Code("FRAUD"), v.Reason)
	require.Empty(t, v.Attention)
	require.Less(t, b.env.Now().Sub(began), time.Minute)
	require.Equal(t, "seat=blocked", b.ledger("seat"))
}
