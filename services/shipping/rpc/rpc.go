// Package rpc serves the part of the shipping service that is called directly, and calls
// it: see [shipping.Direct]. Parcels are booked and cancelled by steps of a saga only.
package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/shipping"
	pb "github.com/amends/amends/services/shipping/rpc/shippingpb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s shipping.Direct) {
	pb.RegisterShippingServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedShippingServer
	service shipping.Direct
}

func (s *server) Track(ctx context.Context, in *pb.TrackRequest) (*pb.TrackResponse, error) {
	if err := wire.Name("saga", in.GetSaga()); err != nil {
		return nil, err
	}
	all, err := s.service.Track(ctx, in.GetSaga())
	if err != nil {
		return nil, err
	}
	out := &pb.TrackResponse{}
	for _, sh := range all {
		state, err := states.Number(sh.State)
		if err != nil {
			return nil, err
		}
		out.Shipments = append(out.Shipments, &pb.Shipment{
			Warehouse: sh.Warehouse, Carrier: sh.Carrier, TrackingNumber: sh.TrackingNumber, State: state,
		})
	}
	return out, nil
}

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.ShippingClient }

var _ shipping.Direct = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewShippingClient(conn)} }

// Track implements [shipping.Direct].
func (c *Client) Track(ctx context.Context, saga string) ([]shipping.Shipment, error) {
	out, err := c.remote.Track(ctx, &pb.TrackRequest{Saga: saga})
	if err != nil {
		return nil, err
	}
	all := make([]shipping.Shipment, len(out.GetShipments()))
	for i, sh := range out.GetShipments() {
		state, err := states.Value(sh.GetState())
		if err != nil {
			return nil, err
		}
		all[i] = shipping.Shipment{
			Warehouse: sh.GetWarehouse(), Carrier: sh.GetCarrier(), TrackingNumber: sh.GetTrackingNumber(), State: state,
		}
	}
	return all, nil
}

var states = wire.Set[shipping.State, pb.State]{
	shipping.Intent:    pb.State_STATE_INTENT,
	shipping.Booked:    pb.State_STATE_BOOKED,
	shipping.Cancelled: pb.State_STATE_CANCELLED,
}
