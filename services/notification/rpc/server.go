// Package rpc serves the notification service, and calls it: see [notification.Service].
package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/notification"
	pb "github.com/amends/amends/services/notification/rpc/notificationpb"
)

// Register serves s on r.
func Register(r grpc.ServiceRegistrar, s notification.Service) {
	pb.RegisterNotificationServer(r, &server{service: s})
}

type server struct {
	pb.UnimplementedNotificationServer
	service notification.Service
}

func (s *server) ListDeliveries(ctx context.Context, in *pb.ListDeliveriesRequest) (*pb.ListDeliveriesResponse, error) {
	if err := wire.Name("subject", in.GetSubject()); err != nil {
		return nil, err
	}
	all, err := s.service.About(ctx, in.GetSubject())
	if err != nil {
		return nil, err
	}
	out := &pb.ListDeliveriesResponse{}
	for _, d := range all {
		state, err := states.Number(d.State)
		if err != nil {
			return nil, err
		}
		out.Deliveries = append(out.Deliveries, &pb.Delivery{
			Id: d.ID, Kind: string(d.Kind), Subject: d.Subject, Occurrence: d.Occurrence, Channel: string(d.Channel),
			Recipient: d.Recipient, State: state, Reason: string(d.Reason), Address: d.Address, Locale: d.Locale, Attempts: d.Attempts,
			CreatedAt: wire.Time(d.CreatedAt), NextAt: wire.Time(d.NextAt), ExpiresAt: wire.Time(d.ExpiresAt), EndedAt: wire.Time(d.EndedAt), Provider: d.Provider,
		})
	}
	return out, nil
}

func (s *server) Lift(ctx context.Context, in *pb.LiftRequest) (*pb.LiftResponse, error) {
	return &pb.LiftResponse{}, s.service.Lift(ctx, notification.Channel(in.GetChannel()), in.GetAddress())
}
