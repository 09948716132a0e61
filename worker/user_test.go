package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/user"
	userrpc "github.com/amends/amends/services/user/rpc"
	"github.com/amends/amends/worker/registry"
)

// TestAnAccountIsErasedOnlyIfTheOrderServiceAllowsIt: the user service asks it, by a call of
// its own, and the gateway and the operators have a part of its methods each.
func TestAnAccountIsErasedOnlyIfTheOrderServiceAllowsIt(t *testing.T) {
	t.Parallel()
	o, a, l := options(t, "order", "user"), lockIn(t), listen(t)
	as := func(name, service string) grpc.ClientConnInterface {
		plugins, err := a.Client(name, service)
		require.NoError(t, err)
		conn, err := rpc.Dial(rpc.DialOptions{Target: l.Addr().String(), Plugins: plugins})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		return conn
	}
	o.RPC = RPC{Listener: l, Plugins: a.Server()}
	o.Ask = func(self, service string) (grpc.ClientConnInterface, error) { return as(self, service), nil }
	stop := runs(t, o)
	defer stop()
	ctx := rpctest.Context(t)
	gateway, operator := userrpc.NewClient(as("api", "user")), userrpc.NewClient(as("operator", "user"))
	orders := func(f func(*orderstore.Store) error) {
		t.Helper()
		require.NoError(t, With(ctx, o, "order", func(s *registry.Stores) error { return f(orderstore.New(s.Own)) }))
	}

	const password = "correct horse battery"
	require.NoError(t, gateway.Register(ctx, user.Registration{Email: "ada@example.com", Name: "Ada", Locale: "en"}))
	mails, err := operator.Mails(ctx, 1)
	require.NoError(t, err)
	account, err := gateway.Confirm(ctx, mails[0].Token, password)
	require.NoError(t, err)
	session, err := gateway.LogIn(ctx, user.Login{Email: "ada@example.com", Password: password})
	require.NoError(t, err)

	denied := func(err error) {
		t.Helper()
		require.Equal(t, fault.Denied, fault.CodeOf(err), "%v", err)
	}
	_, err = gateway.Mails(ctx, 1)
	denied(err)
	_, err = gateway.Create(ctx, user.Registration{Email: "eve@example.com", Name: "Eve", Locale: "en"}, user.Operator, "eve")
	denied(err)
	_, err = operator.LogIn(ctx, user.Login{Email: "ada@example.com", Password: password})
	denied(err)
	_, err = userrpc.NewClient(as("payment", "user")).Account(ctx, account.Account)
	denied(err)

	now := time.Now().UTC().Truncate(time.Microsecond)
	const ordered = "0190b7e4-5d2c-8a6b-9c1d-2e3f4a5b6c7d" // no UUID of a guest's order
	orders(func(s *orderstore.Store) error {
		_, err := s.Create(ctx, key.New(ordered, "order.create"), order.Placement{
			CustomerID: account.Account, Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 1}}, Fingerprint: "f", Nonce: "n",
			ShipTo: order.Address{Name: "Ada", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}, PlacedAt: now, DecideBy: now.Add(time.Hour),
		})
		return err
	})
	erase := func(ctx context.Context) error { return gateway.Erase(ctx, account.Account, session.Session, password) }
	require.Equal(t, user.OrdersOpen, fault.CodeOf(erase(ctx)))
	orders(func(s *orderstore.Store) error {
		_, err := s.Cancel(ctx, key.New(ordered, "order.cancel"), order.Closing{Reason: order.CustomerRequest, View: []byte("{}")})
		return err
	})
	require.NoError(t, erase(ctx))
	orders(func(s *orderstore.Store) error {
		to, err := s.Address(ctx, ordered)
		require.Zero(t, to, "the order knows no longer where it went")
		return err
	})
	_, err = gateway.Account(ctx, account.Account)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}
