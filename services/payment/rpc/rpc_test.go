package rpc_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/provider/simulator"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/services/payment/rpc"
	pb "github.com/amends/amends/services/payment/rpc/paymentpb"
	"github.com/amends/amends/services/payment/store"
)

// The contract of [payment.Direct] holds in the service's process and over a connection.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		book := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
		require.NoError(t, simulator.Schema.Migrate(t.Context(), book))
		s := outside.New(store.New(db), simulator.New(book, simulator.Options{}), outside.Options{})
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]payment.Direct{"Service": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, s, d, name) })
		}
	})
}

func contract(t *testing.T, s payment.Service, d payment.Direct, saga string) {
	ctx := rpctest.Context(t)
	total, authorize := money.New(12600, "EUR"), key.New(saga, "payment.authorize")
	get := func() payment.Summary {
		t.Helper()
		p, err := d.Get(ctx, saga)
		require.NoError(t, err)
		require.False(t, p.CreatedAt.IsZero())
		require.False(t, p.UpdatedAt.Before(p.CreatedAt))
		return p
	}

	none, err := d.Postings(ctx, saga)
	require.NoError(t, err)
	require.Empty(t, none)
	require.NotNil(t, none)
	_, err = d.Get(ctx, saga)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Equal(t, fault.Business, fault.KindOf(err))

	_, err = s.Authorize(ctx, authorize, payment.AuthorizeRequest{Amount: total, Token: simulator.TokenDeclined})
	require.Equal(t, payment.CardDeclined, fault.CodeOf(err))
	p := get()
	require.Equal(t, payment.Summary{
		PaymentID: p.PaymentID, State: payment.Declined, Amount: total, DeclineCode: payment.CardDeclined,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}, p)

	// The newest one counts.
	authorize.Generation = 1
	a, err := s.Authorize(ctx, authorize, payment.AuthorizeRequest{Amount: total, Token: simulator.TokenVisa})
	require.NoError(t, err)
	p = get()
	require.Equal(t, a.PaymentID, p.PaymentID)
	require.Equal(t, payment.Authorized, p.State)

	c, err := s.Capture(ctx, key.New(saga, "payment.capture"), payment.CaptureRequest{Amount: total})
	require.NoError(t, err)
	issued := get().InvoicedAt
	require.False(t, issued.Before(p.CreatedAt))
	all, err := d.Refunds(ctx, saga)
	require.NoError(t, err)
	require.Empty(t, all)
	require.NotNil(t, all)
	_, err = s.Refund(ctx, key.New(saga, "payment.refund"), payment.RefundRequest{Amount: money.New(600, "EUR"), Note: refundNote})
	require.NoError(t, err)
	all, err = d.Refunds(ctx, saga)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.False(t, all[0].UpdatedAt.Before(all[0].CreatedAt))
	require.Equal(t, []refund.Record{{
		Note: refundNote, State: refund.Done, Amount: money.New(600, "EUR"), CreatedAt: all[0].CreatedAt, UpdatedAt: all[0].UpdatedAt,
	}}, all)
	p = get()
	require.Equal(t, payment.Summary{
		PaymentID: a.PaymentID, State: payment.Captured, Amount: total, Captured: 12600, Refunded: 600,
		InvoiceNumber: c.InvoiceNumber, InvoicedAt: issued, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}, p, "the date of an invoice does not change with a refund")

	sets, err := d.Postings(ctx, saga)
	require.NoError(t, err)
	var kinds []posting.Kind
	for _, set := range sets {
		require.NoError(t, set.Check())
		require.Equal(t, a.PaymentID, set.PaymentID, "a payment that was declined has none")
		require.False(t, set.CreatedAt.Before(p.CreatedAt))
		kinds = append(kinds, set.Kind)
	}
	require.Equal(t, []posting.Kind{posting.Hold, posting.Capture, posting.Refund}, kinds)
	require.ElementsMatch(t, []posting.Line{
		{Account: posting.Refunds, Amount: money.New(600, "EUR")}, {Account: posting.ProviderReceivable, Amount: money.New(-600, "EUR")},
	}, sets[2].Lines)
	other, err := d.Postings(ctx, "another")
	require.NoError(t, err)
	require.Empty(t, other)
}

var refundNote = refund.Note{ID: "r1", Reason: "broken in transit", Reference: "case 7", By: "ada", TakeBack: true}

// fake answers a payment in some state.
type fake payment.State

func (f fake) Get(context.Context, string) (payment.Summary, error) {
	return payment.Summary{State: payment.State(f)}, nil
}

func (f fake) Refunds(context.Context, string) ([]refund.Record, error) {
	return []refund.Record{{State: refund.State(f)}}, nil
}

func (fake) Postings(context.Context, string) ([]posting.Set, error) { return nil, nil }

// books answers a posting set.
type books struct {
	fake

	set posting.Set
}

func (b books) Postings(context.Context, string) ([]posting.Set, error) {
	return []posting.Set{b.set}, nil
}

func TestEveryKindAndAccountOfThePostingsIsInTheContractAndNoOther(t *testing.T) {
	t.Parallel()
	answer := func(k posting.Kind, a posting.Account) ([]posting.Set, error) {
		set := posting.Set{Kind: k, Lines: []posting.Line{{Account: a, Amount: money.New(-1, "EUR")}}}
		return rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, books{set: set}) })).Postings(rpctest.Context(t), "s")
	}
	kinds := []posting.Kind{posting.Hold, posting.Release, posting.Capture, posting.Refund}
	accounts := []posting.Account{posting.FundsHeld, posting.FundsHeldContra, posting.ProviderReceivable, posting.Revenue, posting.Refunds}
	require.Len(t, pb.PostingKind_name, len(kinds)+1)
	require.Len(t, pb.Account_name, len(accounts)+1)
	for i, a := range accounts {
		got, err := answer(kinds[i%len(kinds)], a)
		require.NoError(t, err)
		require.Equal(t, kinds[i%len(kinds)], got[0].Kind)
		require.Equal(t, []posting.Line{{Account: a, Amount: money.New(-1, "EUR")}}, got[0].Lines)
	}
	for _, wrong := range []error{second(answer("gift", posting.Revenue)), second(answer(posting.Hold, "a pocket"))} {
		require.Equal(t, fault.Bug, fault.KindOf(wrong))
	}
}

func second[T any](_ T, err error) error { return err }

func TestEveryStateOfARefundIsInTheContractAndNoOther(t *testing.T) {
	t.Parallel()
	answer := func(s refund.State) ([]refund.Record, error) {
		return rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, fake(s)) })).Refunds(rpctest.Context(t), "s")
	}
	states := []refund.State{refund.Pending, refund.Done, refund.Declined, refund.Blocked}
	require.Len(t, pb.RefundState_name, len(states)+1)
	for _, want := range states {
		got, err := answer(want)
		require.NoError(t, err)
		require.Equal(t, want, got[0].State)
	}
	_, err := answer("stolen")
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

func TestEveryStateIsInTheContractAndNoOther(t *testing.T) {
	t.Parallel()
	answer := func(s payment.State) (payment.State, error) {
		p, err := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, fake(s)) })).Get(rpctest.Context(t), "s")
		return p.State, err
	}
	states := []payment.State{payment.Intent, payment.Authorized, payment.Declined, payment.Voided, payment.Captured, payment.Refunded}
	require.Len(t, pb.State_name, len(states)+1)
	for _, want := range states {
		got, err := answer(want)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := answer("stolen")
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

// newer is a server with a state that this build does not know.
type newer struct{ pb.UnimplementedPaymentServer }

func (newer) Get(context.Context, *pb.GetRequest) (*pb.GetResponse, error) {
	return &pb.GetResponse{State: 99}, nil
}

func TestAnUnknownStateIsNotGuessed(t *testing.T) {
	t.Parallel()
	c := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { pb.RegisterPaymentServer(r, newer{}) }))
	_, err := c.Get(rpctest.Context(t), "s")
	require.Equal(t, fault.Bug, fault.KindOf(err))
	require.ErrorContains(t, err, "99")
}

func TestANameThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	c := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, fake(payment.Intent)) }))
	_, err := c.Get(rpctest.Context(t), strings.Repeat("x", 256))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	_, err = c.Refunds(rpctest.Context(t), strings.Repeat("x", 256))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	_, err = c.Postings(rpctest.Context(t), strings.Repeat("x", 256))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}
