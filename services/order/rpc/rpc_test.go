package rpc_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
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
	"github.com/amends/amends/services/order/course"
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
		for name, d := range map[string]rpc.Service{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, s, d, uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String()) })
		}
	})
}

func contract(t *testing.T, s *store.Store, d rpc.Service, id string) {
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
	to, err = d.Destination(ctx, id)
	require.NoError(t, err)
	require.Equal(t, address, to)
	wanted, err := d.Wanted(ctx, id)
	require.NoError(t, err)
	require.Equal(t, course.Wanted{Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "TEE", Quantity: 1}}}, wanted)
	due, err := d.Payable(ctx, id)
	require.NoError(t, err)
	require.Empty(t, due, "its workflow has the token")
	other := "choreographed-" + id
	_, err = s.Create(ctx, key.New(other, "order.create"), order.Placement{
		CustomerID: "cus_" + other, Currency: "EUR", Style: order.Choreographed, PaymentToken: "tok_visa",
		Lines: []order.Line{{SKU: "MUG", Quantity: 2}}, ShipTo: address, DecideBy: at.Add(time.Minute),
	})
	require.NoError(t, err)
	require.NoError(t, s.Quoted(ctx, other, order.Quote{Total: money.New(100, "EUR")}))
	due, err = d.Payable(ctx, other)
	require.NoError(t, err)
	require.Equal(t, course.Payable{Token: "tok_visa", Total: new(money.New(100, "EUR"))}, due)
	r, err := d.Get(ctx, other)
	require.NoError(t, err)
	require.Equal(t, order.Choreographed, r.Style())
	ask := ledger.Repair{Action: ledger.Nudge, Reason: "why", Operator: "night", Reference: "case 1", Request: "once"}
	for range 2 {
		r, err = d.Repair(ctx, other, ask)
		require.NoError(t, err)
		require.Len(t, r.Repairs, 1)
		ask.At = r.Repairs[0].At
		require.Equal(t, ask, r.Repairs[0])
	}
	_, err = d.Repair(ctx, other, ledger.Repair{Action: ledger.Nudge, Operator: "night"})
	require.Equal(t, order.ReasonMissing, fault.CodeOf(err))
	_, err = d.Repair(ctx, "none-"+id, ask)
	require.Equal(t, []any{fault.NotFound, fault.Business}, []any{fault.CodeOf(err), fault.KindOf(err)})

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
	for _, ask := range []func() error{
		func() error { _, err := d.Wanted(ctx, id); return err },
		func() error { _, err := d.Payable(ctx, id); return err },
		func() error { _, err := d.Destination(ctx, id); return err },
	} {
		err := ask()
		require.Equal(t, course.Decided, fault.CodeOf(err))
		require.Equal(t, fault.Business, fault.KindOf(err))
	}
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
	rpc.Service
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
	for n, name := range pb.Style_name {
		style := order.Style(strings.ToLower(name[len("STYLE_"):]))
		if n == 0 {
			style = ""
		}
		got, err := answer(order.Record{Status: order.Pending, Placement: order.Placement{Style: style}})
		require.NoError(t, err)
		require.Equal(t, style, got.Placement.Style)
	}
	_, err := answer(order.Record{Status: order.Cancelled, Reason: "BORED"})
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

// The requests of customers about choreographed orders mean the same over a connection.
func TestRequests(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]rpc.Service{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { requests(t, s, d, name) })
		}
	})
}

func requests(t *testing.T, s *store.Store, d rpc.Service, id string) {
	ctx := rpctest.Context(t)
	asked := order.Placement{
		CustomerID: "cus_" + id, Currency: "EUR", PaymentToken: "tok_visa", Lines: []order.Line{{SKU: "MUG", Quantity: 2}},
		ShipTo:      order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Köln", PostalCode: "50667", Country: "DE"},
		Fingerprint: "f", Nonce: "n", PlacedAt: time.Unix(1, 0), DecideBy: time.Unix(2, 0),
	}
	_, err := d.Place(ctx, "", asked, time.Minute)
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	_, err = d.Place(ctx, id, order.Placement{CustomerID: "c"}, time.Minute)
	require.Equal(t, []any{fault.Invalid, fault.Business}, []any{fault.CodeOf(err), fault.KindOf(err)})
	_, err = d.Get(ctx, id)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))

	first, err := d.Place(ctx, id, asked, time.Minute)
	require.NoError(t, err)
	require.Equal(t, []any{id, order.Pending, order.Choreographed, "f", "n"}, []any{first.ID, first.Status, first.Style(), first.Placement.Fingerprint, first.Placement.Nonce})
	require.WithinDuration(t, time.Now(), first.Placement.PlacedAt, time.Minute, "by the clock of the service")
	require.Equal(t, time.Minute, first.Placement.DecideBy.Sub(first.Placement.PlacedAt))
	require.Equal(t, first.Placement.Redacted(), first.Placement, "neither the address nor the token comes back")
	read, err := d.Get(ctx, id)
	require.NoError(t, err)
	require.Equal(t, first, read)
	due, err := d.Payable(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "tok_visa", due.Token)
	to, err := d.Address(ctx, id)
	require.NoError(t, err)
	require.Equal(t, asked.ShipTo, to)

	other := asked
	other.Nonce, other.Fingerprint, other.PaymentToken = "m", "g", "tok_other"
	again, err := d.Place(ctx, id, other, time.Hour)
	require.NoError(t, err)
	require.Equal(t, first, again, "the first one stays")

	price := money.New(100, "EUR")
	require.NoError(t, s.Quoted(ctx, id, order.Quote{Total: price, Lines: []order.TakenLine{{SKU: "MUG", Quantity: 2, UnitPrice: &price}}},
		order.TakenStep{Name: "catalog.quote", State: "done", EndedAt: first.CreatedAt}))
	withdrawn, err := d.Withdraw(ctx, id)
	require.NoError(t, err)
	require.Equal(t, order.CustomerRequest, withdrawn.Course.Asked)
	require.Equal(t, price, withdrawn.Course.Quote.Total)
	require.Equal(t, "catalog.quote", withdrawn.Course.Steps[0].Name)
	require.Equal(t, order.Address{}, withdrawn.Placement.ShipTo)
	repeated, err := d.Withdraw(ctx, id)
	require.NoError(t, err)
	require.Equal(t, withdrawn, repeated)

	_, err = s.Create(ctx, key.New("orchestrated-"+id, "order.create"), asked)
	require.NoError(t, err)
	placed, err := d.Place(ctx, "orchestrated-"+id, other, time.Minute)
	require.NoError(t, err)
	require.Equal(t, []any{order.Orchestrated, "n"}, []any{placed.Style(), placed.Placement.Nonce}, "whatever its style")
	_, err = d.Withdraw(ctx, "orchestrated-"+id)
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	_, err = d.Withdraw(ctx, "never placed")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
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
