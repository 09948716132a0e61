package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// free is an order that costs nothing, with a token that the provider would decline.
func free(t *testing.T) *testBundle {
	t.Helper()
	b := setup(t)
	b.in.Placement.PaymentToken = "tok_declined"
	b.in.Placement.Lines = []workflows.Line{{SKU: "LEAFLET", Quantity: 2}}
	return b
}

// noMoney requires that neither book has a trace of money.
func (b *testBundle) noMoney(t *testing.T) {
	t.Helper()
	payments, err := b.Payments.Payments(t.Context())
	require.NoError(t, err)
	require.Empty(t, payments)
	ledger, err := b.Payments.Ledger(t.Context())
	require.NoError(t, err)
	require.Empty(t, ledger)
	book, err := b.Provider.Book(t.Context())
	require.NoError(t, err)
	require.Empty(t, book)
}

func TestAnOrderThatCostsNothing(t *testing.T) {
	t.Parallel()

	t.Run("IsConfirmedWithoutAPayment", func(t *testing.T) {
		t.Parallel()
		b := free(t)
		var underWay saga.StepView
		b.on("inventory.commit", func() {
			value, err := b.env.QueryWorkflow(workflows.QueryOrder)
			require.NoError(t, err)
			var v workflows.OrderView
			require.NoError(t, value.Get(&v))
			require.Equal(t, order.Pending, v.Status)
			for _, s := range v.Steps {
				if s.Name == "payment.capture" {
					underWay = s
				}
			}
		})
		v := b.run(t)
		require.Equal(t, order.Confirmed, v.Status)
		require.Equal(t, money.New(0, "EUR"), *v.Total)
		require.Len(t, v.Parcels, 1)
		require.Equal(t, "order.create=done catalog.quote=done inventory.reserve=done "+
			"shipping.book=done payment.capture=done inventory.commit=done order.confirm=done", states(v))
		require.Equal(t, saga.Done, underWay.State)
		require.Empty(t, underWay.Exposure, "no money was taken")
		b.noMoney(t)
	})

	t.Run("IsUndoneBeforeItsPivot", func(t *testing.T) {
		t.Parallel()
		b := free(t)
		b.in.Placement.ShipTo.PostalCode = "00000"
		v := b.run(t)
		require.Equal(t, order.Undeliverable, v.Reason)
		b.noMoney(t)
	})

	t.Run("IsNotUndoneAfterIt", func(t *testing.T) {
		t.Parallel()
		b := free(t)
		b.run(t)
		again := setup(t) // in undo mode, as the doctor resumes it
		again.Shop, again.in = b.Shop, b.in
		again.in.Undo = true
		again.Bind(again.env)
		v := again.decide(t)
		require.Equal(t, order.Confirmed, v.Status)
		b.noMoney(t)
	})
}
