package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/notification"
	pb "github.com/amends/amends/services/notification/rpc/notificationpb"
)

var states = wire.Set[notification.State, pb.State]{
	notification.Wanted: pb.State_STATE_WANTED, notification.Sent: pb.State_STATE_SENT, notification.Dropped: pb.State_STATE_DROPPED,
}

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.NotificationClient }

var _ notification.Service = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewNotificationClient(conn)} }

// About implements [notification.Service]. The facts of the texts stay with the service.
func (c *Client) About(ctx context.Context, subject string) ([]notification.Delivery, error) {
	out, err := c.remote.ListDeliveries(ctx, &pb.ListDeliveriesRequest{Subject: subject})
	if err != nil {
		return nil, err
	}
	all := make([]notification.Delivery, len(out.GetDeliveries()))
	for i, d := range out.GetDeliveries() {
		state, err := states.Value(d.GetState())
		if err != nil {
			return nil, err
		}
		all[i] = notification.Delivery{
			ID: d.GetId(), Kind: notification.Kind(d.GetKind()), Subject: d.GetSubject(), Occurrence: d.GetOccurrence(),
			Channel: notification.Channel(d.GetChannel()), Recipient: d.GetRecipient(), State: state, Reason: fault.Code(d.GetReason()),
			Address: d.GetAddress(), Locale: d.GetLocale(), Attempts: d.GetAttempts(), CreatedAt: wire.FromTime(d.GetCreatedAt()),
			NextAt: wire.FromTime(d.GetNextAt()), ExpiresAt: wire.FromTime(d.GetExpiresAt()), EndedAt: wire.FromTime(d.GetEndedAt()), Provider: d.GetProvider(),
		}
	}
	return all, nil
}

// Lift implements [notification.Service].
func (c *Client) Lift(ctx context.Context, channel notification.Channel, address string) error {
	_, err := c.remote.Lift(ctx, &pb.LiftRequest{Channel: string(channel), Address: address})
	return err
}
