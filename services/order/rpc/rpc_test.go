package rpc_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/rpc"
	pb "github.com/amends/amends/services/order/rpc/orderpb"
	"github.com/amends/amends/services/order/store"
)

// The contract of [order.Direct] holds in the service's process and over a connection.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]order.Direct{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, s, d, name) })
		}
	})
}

func contract(t *testing.T, s order.Service, d order.Direct, id string) {
	ctx := rpctest.Context(t)
	at := time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)
	address := order.Address{
		Name: "A. Buyer", Line1: "Hauptstr. 1", Line2: "c/o B", City: "Köln", PostalCode: "50667", Region: "NRW", Country: "DE",
	}
	get := func() order.Record {
		t.Helper()
		r, err := d.Get(ctx, id)
		require.NoError(t, err)
		return r
	}
	is := func(r order.Record, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, address, r.Placement.ShipTo)
		r.Placement = r.Placement.Redacted()
		require.Equal(t, r, get())
	}

	_, err := d.Get(ctx, id)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	_, err = d.Address(ctx, id)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Equal(t, fault.Business, fault.KindOf(err))

	is(s.Create(ctx, key.New(id, "order.create"), order.Placement{
		CustomerID: "cus_" + id, Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "TEE", Quantity: 1}},
		ShipTo: address, Fingerprint: "f", Nonce: "n", PlacedAt: at, DecideBy: at.Add(time.Minute),
	}))
	require.Equal(t, order.Pending, get().Status)
	undecided := func(customer string) bool {
		t.Helper()
		yes, err := d.Undecided(ctx, customer)
		require.NoError(t, err)
		return yes
	}
	require.True(t, undecided("cus_"+id))
	require.False(t, undecided("cus_none"))
	to, err := d.Address(ctx, id)
	require.NoError(t, err)
	require.Equal(t, address, to)

	ada := order.Contact{Email: "ada@example.com", Phone: "+49301234567", Locale: "de-AT"}
	hasNone := func() {
		t.Helper()
		_, err := d.Contact(ctx, id)
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.Equal(t, fault.Business, fault.KindOf(err))
	}
	hasNone()
	require.NoError(t, d.KeepContact(ctx, id, "another", order.Contact{Phone: "+49309999999"}))
	hasNone()
	for _, c := range []order.Contact{ada, ada, {Email: "eve@example.com"}} {
		require.NoError(t, d.KeepContact(ctx, id, "f", c))
		kept, err := d.Contact(ctx, id)
		require.NoError(t, err)
		require.Equal(t, ada, kept, "the first stays")
	}
	for _, refused := range []error{
		d.KeepContact(ctx, id, "f", order.Contact{Locale: "de"}), d.KeepContact(ctx, id, "f", order.Contact{Email: "ada"}),
		d.KeepContact(ctx, "", "f", ada), d.KeepContact(ctx, id, "", ada),
	} {
		require.Equal(t, fault.Invalid, fault.CodeOf(refused))
	}

	none, err := d.Refunds(ctx, id)
	require.NoError(t, err)
	require.Empty(t, none)

	is(s.Decide(ctx, key.New(id, "order.decide"), order.Decision{Reason: order.OutOfStock, At: at}))
	total := money.New(0, "EUR")
	is(s.Cancel(ctx, key.New(id, "order.cancel"), order.Closing{
		Reason: order.Internal, Total: &total, View: []byte(`{"steps": []}`),
		Note: order.Note{
			At: at.Add(time.Second),
			Attention: []ledger.Attention{{
				Step: "shipping.book", Code: "CARRIER_TIMEOUT", Kind: fault.Unknown, Owed: "parcels booked",
				Since: at.Add(time.Nanosecond), Lasting: true,
			}},
			Waivers: []ledger.Waiver{{
				Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Owed: "money held", Reason: "gone", Operator: "op",
				Reference: "case 1", At: at,
			}},
		},
	}))
	require.Equal(t, order.OutOfStock, get().Reason)
	require.False(t, undecided("cus_"+id))
	is(s.Acknowledge(ctx, key.New(id, "order.acknowledge"), ledger.Acknowledgement{
		Reason: "read the log", Operator: "night", Reference: "case 2", At: at.Add(time.Minute), Request: "r1",
	}))
	require.Len(t, get().Acknowledgements, 1)
}

// fake answers a record, or refunds.
type fake struct {
	order.Direct
	record  order.Record
	refunds []order.Refund
}

func (f fake) Get(context.Context, string) (order.Record, error) { return f.record, nil }

func TestEveryStatusAndReasonIsInTheContractAndNoOther(t *testing.T) {
	t.Parallel()
	answer := func(r order.Record) (order.Record, error) {
		c := rpc.NewClient(rpctest.Connect(t, func(to grpc.ServiceRegistrar) { rpc.Register(to, fake{record: r}) }))
		return c.Get(rpctest.Context(t), "o")
	}
	for n, name := range pb.Reason_name {
		if n == 0 {
			continue
		}
		reason, err := order.ParseReason(name[len("REASON_"):])
		require.NoError(t, err)
		got, err := answer(order.Record{Status: order.Cancelled, Reason: reason, Decided: reason})
		require.NoError(t, err)
		require.Equal(t, []order.Reason{reason, reason}, []order.Reason{got.Reason, got.Decided})
	}
	for n, name := range pb.Status_name {
		status, err := order.ParseStatus(name[len("STATUS_"):])
		got, answered := answer(order.Record{Status: status})
		if n == 0 {
			require.Error(t, err)
			require.Equal(t, fault.Bug, fault.KindOf(answered))
			continue
		}
		require.NoError(t, answered)
		require.Equal(t, status, got.Status)
	}
	_, err := answer(order.Record{Status: order.Cancelled, Reason: "BORED"})
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

func (f fake) Refunds(context.Context, string) ([]order.Refund, error) { return f.refunds, nil }

// A list is of any length, and has every refund as it is recorded.
func TestRefunds(t *testing.T) {
	t.Parallel()
	answer := func(all ...order.Refund) ([]order.Refund, error) {
		return rpc.NewClient(rpctest.Connect(t, func(to grpc.ServiceRegistrar) { rpc.Register(to, fake{refunds: all}) })).Refunds(rpctest.Context(t), "o")
	}
	at := time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)
	var all []order.Refund
	for i := range 250 {
		status := []order.RefundStatus{order.RefundPending, order.RefundDone, order.RefundRefused}[i%3]
		r := order.Refund{
			OrderID: "o", Number: 1<<52 + i, Status: status, NotedAt: at.Add(time.Duration(i) * time.Second),
			Opening: order.RefundOpening{ID: strconv.Itoa(i), Amount: money.New(int64(i), "EUR"), TakeBack: i%2 == 0, At: at},
		}
		if status != order.RefundPending {
			r.ClosedAt = at.Add(time.Hour)
		}
		all = append(all, r)
	}
	require.Len(t, pb.RefundStatus_name, 3+1)
	got, err := answer(all...)
	require.NoError(t, err)
	require.Equal(t, all, got)
	got, err = answer()
	require.NoError(t, err)
	require.Empty(t, got)
	require.NotNil(t, got)
	_, err = answer(order.Refund{Status: "STOLEN"})
	require.Equal(t, fault.Bug, fault.KindOf(err))
}
