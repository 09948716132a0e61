package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	pb "github.com/amends/amends/services/inventory/rpc/inventorypb"
)

func (s *server) ListReservations(in *pb.ListReservationsRequest, out grpc.ServerStreamingServer[pb.ListReservationsResponse]) error {
	if err := wire.Name("saga", in.GetSaga()); err != nil {
		return err
	}
	all, err := s.service.Reserved(out.Context(), in.GetSaga())
	if err != nil {
		return err
	}
	return wire.SendParts(out, all, toReserved, func(some []*pb.Reservation) *pb.ListReservationsResponse {
		return &pb.ListReservationsResponse{Reservations: some}
	})
}

// Reserved implements [inventory.Direct].
func (c *Client) Reserved(ctx context.Context, saga string) ([]inventory.Reserved, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := c.remote.ListReservations(ctx, &pb.ListReservationsRequest{Saga: saga})
	if err != nil {
		return nil, err
	}
	return wire.ReceiveParts(in, (*pb.ListReservationsResponse).GetReservations, fromReserved)
}

var states = wire.Set[inventory.State, pb.ReservationState]{
	inventory.Held:      pb.ReservationState_RESERVATION_STATE_HELD,
	inventory.Released:  pb.ReservationState_RESERVATION_STATE_RELEASED,
	inventory.Committed: pb.ReservationState_RESERVATION_STATE_COMMITTED,
}

func toReserved(r inventory.Reserved) (*pb.Reservation, error) {
	state, err := states.Number(r.State)
	out := &pb.Reservation{
		Saga: r.Key.Saga, Step: r.Key.Step, Generation: int64(r.Key.Generation), State: state,
		CreatedAt: wire.Time(r.CreatedAt), UpdatedAt: wire.Time(r.UpdatedAt), TakenBack: r.TakenBack,
	}
	for _, p := range r.Reservation.Parcels {
		parcel := &pb.Reservation_Parcel{Warehouse: p.Warehouse}
		for _, l := range p.Lines {
			parcel.Lines = append(parcel.Lines, &pb.Reservation_Parcel_Line{Sku: l.SKU, Quantity: l.Quantity})
		}
		out.Parcels = append(out.Parcels, parcel)
	}
	return out, err
}

func fromReserved(r *pb.Reservation) (inventory.Reserved, error) {
	state, err := states.Value(r.GetState())
	out := inventory.Reserved{TakenBack: r.GetTakenBack(), Record: inventory.Record{
		Key: key.Key{Saga: r.GetSaga(), Step: r.GetStep(), Generation: int(r.GetGeneration())}, State: state,
		CreatedAt: wire.FromTime(r.GetCreatedAt()), UpdatedAt: wire.FromTime(r.GetUpdatedAt()),
	}}
	for _, p := range r.GetParcels() {
		parcel := inventory.Parcel{Warehouse: p.GetWarehouse()}
		for _, l := range p.GetLines() {
			parcel.Lines = append(parcel.Lines, inventory.Line{SKU: l.GetSku(), Quantity: l.GetQuantity()})
		}
		out.Reservation.Parcels = append(out.Reservation.Parcels, parcel)
	}
	return out, err
}
