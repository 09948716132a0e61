package activities_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
)

// slowEngine needs some time for every answer.
type slowEngine struct{ takes time.Duration }

func (e slowEngine) Describe(ctx context.Context, id string) (activities.SagaFact, error) {
	return activities.SagaFact{Order: id, State: activities.SagaRunning}, e.wait(ctx)
}

func (e slowEngine) Resume(ctx context.Context, _ order.Record) error { return e.wait(ctx) }

func (e slowEngine) DescribeRefund(ctx context.Context, id string) (activities.SagaFact, error) {
	return e.Describe(ctx, id)
}

func (e slowEngine) ResumeRefund(ctx context.Context, _ order.Refund) error { return e.wait(ctx) }

func (e slowEngine) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(e.takes):
		return nil
	}
}

type auditor struct{ orderaudit.Auditor }

type orders struct{ activities.Orders }

func (orders) Get(_ context.Context, id string) (order.Record, error) {
	return order.Record{ID: id}, nil
}

func (orders) Address(context.Context, string) (order.Address, error) { return order.Address{}, nil }

// registered holds activities by name.
type registered map[string]any

func (r registered) RegisterActivityWithOptions(f any, o activity.RegisterOptions) { r[o.Name] = f }

// A question about many sagas that is asked again must not begin again for ever.
func TestAQuestionAboutManySagasFitsIntoOneAttempt(t *testing.T) {
	t.Parallel()

	bound := registered{}
	activities.BindOrderAudit(bound, auditor{}, orders{}, slowEngine{9 * time.Second})
	ids := make([]string, 50)
	for i := range ids {
		ids[i] = string(rune('A' + i))
	}
	attempt := func(t *testing.T, f func(ctx context.Context)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			f(ctx)
			require.NoError(t, ctx.Err())
		})
	}

	t.Run("Describe", func(t *testing.T) {
		t.Parallel()
		describe, ok := bound[activities.DescribeSagas.Name].(func(context.Context, []string) ([]activities.SagaFact, error))
		require.True(t, ok)
		attempt(t, func(ctx context.Context) {
			facts, err := describe(ctx, ids)
			require.NoError(t, err)
			require.Len(t, facts, len(ids))
			for i := range facts {
				require.Equal(t, ids[i], facts[i].Order)
			}
		})
	})

	t.Run("Resume", func(t *testing.T) {
		t.Parallel()
		resume, ok := bound[activities.ResumeSagas.Name].(func(context.Context, []string) ([]activities.Resumed, error))
		require.True(t, ok)
		attempt(t, func(ctx context.Context) {
			resumed, err := resume(ctx, ids[:10])
			require.NoError(t, err)
			for i := range resumed {
				require.Equal(t, activities.Resumed{Order: ids[i]}, resumed[i])
			}
		})
	})
}
