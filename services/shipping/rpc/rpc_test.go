package rpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/carrier/simulator"
	"github.com/amends/amends/services/shipping/rpc"
	pb "github.com/amends/amends/services/shipping/rpc/shippingpb"
	"github.com/amends/amends/services/shipping/store"
)

// The contract of [shipping.Direct] holds in the service's process and over a connection.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		book := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
		require.NoError(t, simulator.Schema.Migrate(t.Context(), book))
		s := shipping.New(store.New(db), simulator.New(book, simulator.Options{}), shipping.Options{})
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]shipping.Direct{"Service": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, s, d, name) })
		}
	})
}

func contract(t *testing.T, s shipping.Service, d shipping.Direct, saga string) {
	ctx, k := rpctest.Context(t), key.New(saga, "shipping.book")
	track := func(saga string) []shipping.Shipment {
		t.Helper()
		all, err := d.Track(ctx, saga)
		require.NoError(t, err)
		return all
	}
	request := shipping.BookRequest{
		ShipTo: shipping.Address{Name: "Ada Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Parcels: []shipping.Parcel{
			{Warehouse: "BER", Lines: []shipping.Line{{SKU: "MUG", Quantity: 2}}},
			{Warehouse: "AMS", Lines: []shipping.Line{{SKU: "KETTLE", Quantity: 1}}},
		},
	}

	require.Equal(t, []shipping.Shipment{}, track(saga))
	b, err := s.Book(ctx, k, request)
	require.NoError(t, err)
	require.Len(t, b.Shipments, 2)
	require.Equal(t, b.Shipments, track(saga))
	require.NoError(t, s.Cancel(ctx, k))
	for i := range b.Shipments {
		b.Shipments[i].State = shipping.Cancelled
	}
	require.Equal(t, b.Shipments, track(saga))

	request.ShipTo.PostalCode = "00000"
	_, err = s.Book(ctx, key.New(saga+"-refused", "shipping.book"), request)
	require.Equal(t, shipping.Undeliverable, fault.CodeOf(err))
	require.Equal(t, []shipping.Shipment{
		{Warehouse: "AMS", State: shipping.Cancelled}, {Warehouse: "BER", State: shipping.Cancelled},
	}, track(saga+"-refused"))
}

// fake answers a shipment in some state.
type fake shipping.State

func (f fake) Track(context.Context, string) ([]shipping.Shipment, error) {
	return []shipping.Shipment{{State: shipping.State(f)}}, nil
}

func TestEveryStateIsInTheContractAndNoOther(t *testing.T) {
	t.Parallel()
	answer := func(s shipping.State) ([]shipping.Shipment, error) {
		return rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, fake(s)) })).Track(rpctest.Context(t), "s")
	}
	states := []shipping.State{shipping.Intent, shipping.Booked, shipping.Cancelled}
	require.Len(t, pb.State_name, len(states)+1)
	for _, want := range states {
		got, err := answer(want)
		require.NoError(t, err)
		require.Equal(t, want, got[0].State)
	}
	_, err := answer("lost")
	require.Equal(t, fault.Bug, fault.KindOf(err))
}
