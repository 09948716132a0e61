package activities_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// remote calls the steps of a shop over a connection, each twice: the second call must
// return the same, and Shop.Check finds an effect that happened twice.
type remote struct {
	t      *testing.T
	client participant.Client
	called map[string]bool // by the name of the activity
}

func newRemote(t *testing.T, shop *shoptest.Shop) *remote {
	t.Helper()
	steps := saga.NewSteps()
	shop.Bind(steps)
	conn := rpctest.Connect(t, func(r grpc.ServiceRegistrar) { participant.Register(r, steps) })
	return &remote{t: t, client: participant.NewClient(conn), called: map[string]bool{}}
}

// twice makes a call twice.
func (r *remote) twice(name string, call func(context.Context) (string, error)) string {
	r.t.Helper()
	ctx := rpctest.Context(r.t)
	first, err := call(ctx)
	require.NoError(r.t, err, name)
	second, err := call(ctx)
	require.NoError(r.t, err, name)
	require.Equal(r.t, first, second, name)
	r.called[name] = true
	return first
}

func (r *remote) undo(id, step string) {
	r.t.Helper()
	r.twice(step+".undo", func(ctx context.Context) (string, error) {
		return "", r.client.Undo(ctx, saga.Key{Saga: id, Step: step})
	})
}

func (r *remote) settle(id, step string) (happened bool) {
	r.t.Helper()
	r.twice(step+".settle", func(ctx context.Context) (output string, err error) {
		var out []byte
		out, happened, err = r.client.Settle(ctx, saga.Key{Saga: id, Step: step})
		return string(out), err
	})
	return happened
}

func do[In, Out any](r *remote, id string, s saga.Step[In, Out], in In) (out Out) {
	r.t.Helper()
	input, err := json.Marshal(in)
	require.NoError(r.t, err)
	output := r.twice(s.Name, func(ctx context.Context) (string, error) {
		b, err := r.client.Do(ctx, saga.Key{Saga: id, Step: s.Name}, input)
		return string(b), err
	})
	require.NoError(r.t, json.Unmarshal([]byte(output), &out))
	return out
}

// hold takes the steps before the pivot of an order of two mugs.
func (r *remote) hold(id string) catalog.Quote {
	r.t.Helper()
	now := time.Now().UTC()
	do(r, id, activities.CreateOrder, order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}}, Fingerprint: "f", Nonce: "n",
		ShipTo:   order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		PlacedAt: now, DecideBy: now.Add(time.Hour),
	})
	quote := do(r, id, activities.QuoteOrder, catalog.QuoteRequest{Currency: "EUR", Lines: []catalog.Line{{SKU: "MUG", Quantity: 2}}})
	held := do(r, id, activities.ReserveStock, inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "MUG", Quantity: 2}}})
	do(r, id, activities.AuthorizePayment, payment.AuthorizeRequest{Amount: quote.Total, Token: "tok_visa"})
	require.Len(r.t, held.Parcels, 1)
	do(r, id, activities.BookParcels, shipping.BookRequest{
		ShipTo:  shipping.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Parcels: []shipping.Parcel{{Warehouse: held.Parcels[0].Warehouse, Lines: []shipping.Line{{SKU: "MUG", Quantity: 2}}}},
	})
	return quote
}

// TestEveryStepIsServed takes every step of every service over a connection: those of an
// order that is confirmed and then refunded, and those of one that is aborted.
func TestEveryStepIsServed(t *testing.T) {
	t.Parallel()
	shop := shoptest.New(t)
	r := newRemote(t, shop)

	quote := r.hold("o1")
	do(r, "o1", activities.CapturePayment, payment.CaptureRequest{Amount: quote.Total})
	require.True(t, r.settle("o1", activities.CapturePayment.Name))
	do(r, "o1", activities.CommitStock, saga.None{})
	do(r, "o1", activities.ConfirmOrder, order.Closing{Total: &quote.Total})

	opening := order.RefundOpening{ID: "r1", Amount: quote.Total, TakeBack: true, At: time.Now()}
	do(r, "o1", activities.OpenRefund, opening)
	do(r, "o1", activities.NoteRefund, order.RefundNote{ID: opening.ID, At: time.Now()})
	do(r, "o1", activities.RefundPayment, payment.RefundRequest{Amount: quote.Total})
	require.True(t, r.settle("o1", activities.RefundPayment.Name))
	do(r, "o1", activities.TakeBackStock, saga.None{})
	do(r, "o1", activities.CloseRefund, order.RefundClosing{Status: order.RefundDone, Opening: opening})
	opening.ID = "r2"
	do(r, "o1", activities.RefuseRefund, order.RefundClosing{Status: order.RefundRefused, Opening: opening})

	r.hold("o2")
	require.False(t, r.settle("o2", activities.CapturePayment.Name))
	do(r, "o2", activities.DecideOrder, order.Decision{Reason: order.CustomerRequest})
	do(r, "o2", activities.NoteOrder, order.Note{At: time.Now()})
	r.undo("o2", activities.BookParcels.Name)
	r.undo("o2", activities.AuthorizePayment.Name)
	r.undo("o2", activities.ReserveStock.Name)
	do(r, "o2", activities.CancelOrder, order.Closing{Reason: order.CustomerRequest})

	bound := registered{}
	shop.Bind(bound)
	require.Equal(t, slices.Sorted(maps.Keys(bound)), slices.Sorted(maps.Keys(r.called)))
	require.NoError(t, shop.Check(t.Context()))
	for id, want := range map[string]order.Status{"o1": order.Confirmed, "o2": order.Cancelled} {
		record, err := shop.Orders.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, record.Status)
	}
}
