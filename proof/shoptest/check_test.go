package shoptest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/shipping"
)

// leftovers are effects that an order left behind, by their step.
var leftovers = map[string]func(context.Context, *shoptest.Shop, saga.Key) error{
	"inventory.reserve": func(ctx context.Context, s *shoptest.Shop, k saga.Key) error {
		_, err := s.Inventory.Reserve(ctx, k, inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "MUG", Quantity: 2}}})
		return err
	},
	"payment.authorize": func(ctx context.Context, s *shoptest.Shop, k saga.Key) error {
		p := outside.New(s.Payments, s.Provider, outside.Options{CallTimeout: time.Second})
		_, err := p.Authorize(ctx, k, payment.AuthorizeRequest{Amount: money.New(1850, "EUR"), Token: "tok_visa"})
		return err
	},
	"shipping.book": func(ctx context.Context, s *shoptest.Shop, k saga.Key) error {
		_, err := shipping.New(s.Shipments, s.Carrier, shipping.Options{CallTimeout: time.Second}).Book(ctx, k, shipping.BookRequest{
			ShipTo:  shipping.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
			Parcels: []shipping.Parcel{{Warehouse: "BER", Lines: []shipping.Line{{SKU: "MUG", Quantity: 2}}}},
		})
		return err
	},
}

// cancelled makes a cancelled order, with a waiver of a step if one is named.
func cancelled(t *testing.T, s *shoptest.Shop, id, waived string) {
	t.Helper()
	_, err := s.Orders.Create(t.Context(), saga.Key{Saga: id, Step: "order.create"}, order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}},
	})
	require.NoError(t, err)
	c := order.Closing{Reason: order.Deadline, Note: order.Note{At: time.Now()}}
	if waived != "" {
		c.Note.Waivers = []ledger.Waiver{{Step: waived, Code: "UNAVAILABLE", Reason: "gone", Operator: "op_1", At: time.Now()}}
	}
	_, err = s.Orders.Cancel(t.Context(), saga.Key{Saga: id, Step: "order.cancel"}, c)
	require.NoError(t, err)
}

func TestAWaiverAllowsWhatItsStepLeftAndNothingElse(t *testing.T) {
	t.Parallel()

	for left, do := range leftovers {
		t.Run(left, func(t *testing.T) {
			t.Parallel()
			for waived := range leftovers {
				s := shoptest.New(t)
				cancelled(t, s, "o1", waived)
				require.NoError(t, s.Check(t.Context()), "a waiver demands nothing")
				require.NoError(t, do(t.Context(), s, saga.Key{Saga: "o1", Step: left}))
				if waived == left {
					require.NoError(t, s.Check(t.Context()), waived)
				} else {
					require.Error(t, s.Check(t.Context()), "%s is waived instead", waived)
				}

				// The waiver belongs to one order.
				cancelled(t, s, "o2", "")
				require.NoError(t, do(t.Context(), s, saga.Key{Saga: "o2", Step: left}))
				require.ErrorContains(t, s.Check(t.Context()), "o2")

				all, err := s.Waivers(t.Context())
				require.NoError(t, err)
				require.Len(t, all, 1)
				require.Equal(t, waived, all["o1"][0].Step)
			}
		})
	}
}

// A waiver covers held stock and money, never a sale.
func TestAWaiverAllowsNoSale(t *testing.T) {
	t.Parallel()

	s := shoptest.New(t)
	cancelled(t, s, "o1", "inventory.reserve")
	require.NoError(t, leftovers["inventory.reserve"](t.Context(), s, saga.Key{Saga: "o1", Step: "inventory.reserve"}))
	_, err := s.Inventory.Commit(t.Context(), saga.Key{Saga: "o1", Step: "inventory.commit"})
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(t.Context()), "I3")
}

func TestAConfirmedOrderHasNoWaiver(t *testing.T) {
	t.Parallel()

	s := shoptest.New(t)
	_, err := s.Orders.Create(t.Context(), saga.Key{Saga: "o1", Step: "order.create"}, order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}},
	})
	require.NoError(t, err)
	total := money.New(3700, "EUR")
	_, err = s.Orders.Confirm(t.Context(), saga.Key{Saga: "o1", Step: "order.confirm"}, order.Closing{
		Total: &total, Note: order.Note{At: time.Now(), Waivers: []ledger.Waiver{{Step: "payment.authorize"}}},
	})
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(t.Context()), "I8: order o1 is CONFIRMED with waivers")
}

func TestAnOrderEndsForItsFirstReason(t *testing.T) {
	t.Parallel()

	s := shoptest.New(t)
	cancelled(t, s, "o1", "")
	require.NoError(t, s.Check(t.Context()))
	require.NoError(t, s.Damage(t.Context(), "order", "UPDATE orders SET decided = 'DEADLINE'"))
	require.NoError(t, s.Check(t.Context()))
	require.NoError(t, s.Damage(t.Context(), "order", "UPDATE orders SET decided = 'OUT_OF_STOCK'"))
	require.ErrorContains(t, s.Check(t.Context()), "I7: order o1: the order is CANCELLED (DEADLINE), and was decided against for OUT_OF_STOCK")
}
